"""What was meant for this program and has another namespace is an error, and other tools' keys are not."""

from __future__ import annotations

import pytest

from model.checks.namespaces import check


def told(key: str, text: str = "{}", project: str = "shop") -> list[str]:
    return [str(item) for item in check({key: text}, project)]


@pytest.mark.parametrize(
    ("key", "text", "fix"),
    [
        ("drawbrigde:app", "{}", "write drawbridge:app"),
        ("Drawbridge:protect", "false", "write drawbridge:protect"),
        ("draw-bridge:databse", "{}", "write drawbridge:database"),
        ("drawbridge-prod:colour", "red", "write drawbridge:KEY"),
        ("shop:database", "{}", "write drawbridge:database"),
        ("shop:protect", "false", "write drawbridge:protect"),
        ("shop:secrets", '{"A":"«secrets.A»"}', "write drawbridge:secrets"),
        ("bridge:routes", "[]", "write drawbridge:routes"),
    ],
)
def test_a_key_that_was_meant_for_this_program_names_the_fix(key: str, text: str, fix: str) -> None:
    assert told(key, text) == [
        f"{key}: settings outside of drawbridge: are not read, whatever the project is called; {fix}"
    ]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("aws:region", "eu-west-1"),
        ("aws:defaultTags", '{"tags":{"team":"a"}}'),
        ("cloudflare:apiToken", "t"),
        ("pulumi:disable-default-providers", '["*"]'),
        ("postgresql:host", "db.example.com"),
        ("docker:host", "ssh://a"),
        ("backstage:owner", "team-a"),
    ],
)
def test_other_tools_keys_are_theirs(key: str, text: str) -> None:
    assert told(key, text) == []


def test_providers_named_as_the_project_keep_their_keys() -> None:
    assert told("aws:region", "eu-west-1", project="aws") == []
