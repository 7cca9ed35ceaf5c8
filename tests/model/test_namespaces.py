"""What was meant for this program and has another namespace is an error, and other tools' keys are not."""

from __future__ import annotations

import pytest

from model.checks.namespaces import check


def told(key: str, text: str = "{}", project: str = "shop") -> list[str]:
    return [str(item) for item in check({key: text}, project)]


@pytest.mark.parametrize(
    ("key", "text", "fix"),
    [
        ("drawbrigde:app", "{}", "Write drawbridge:app."),
        ("Drawbridge:protect", "false", "Write drawbridge:protect."),
        ("draw-bridge:databse", "{}", "Write drawbridge:database."),
        ("drawbridge-prod:colour", "red", "Write drawbridge:KEY."),
        ("shop:database", "{}", "Write drawbridge:database."),
        ("shop:protect", "false", "Write drawbridge:protect."),
        ("shop:secrets", '{"A":"«secrets.A»"}', "Write drawbridge:secrets."),
        ("bridge:routes", "[]", "Write drawbridge:routes."),
    ],
)
def test_a_key_that_was_meant_for_this_program_names_the_fix(key: str, text: str, fix: str) -> None:
    assert told(key, text) == [
        f"{key}: the settings of this program stand under drawbridge:, whatever the project is called. {fix}"
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
