"""Where in a file a setting stands, for errors and reports."""

from __future__ import annotations

import pytest

from model import lines
from model.errors import SettingsError, finding, problem

STACK_FILE = """\
encryptionsalt: v1
config:
  aws:region: eu-west-1
  drawbridge:protect: true
  drawbridge:app:
    env:
      A_B: 1
      "a.b": x
  drawbridge:routes:
    - {hostname: a}
    - hostname: b
"""


def test_each_path_of_a_stack_file_has_its_line() -> None:
    assert lines.of_stack_file(STACK_FILE) == {
        "aws:region": 3,
        "protect": 4,
        "app": 5,
        "app.env": 6,
        "app.env.A_B": 7,
        'app.env["a.b"]': 8,
        "routes": 9,
        "routes[0]": 10,
        "routes[0].hostname": 10,
        "routes[1]": 11,
        "routes[1].hostname": 11,
    }
    assert lines.of_stack_file("config: [") == {}


@pytest.mark.parametrize(
    "path, line",
    [
        ("routes[1].hostname", 11),
        ("routes[1].access", 11),
        ("routes[2].access", 9),
        ('app.env["a.b"]', 8),
        ('app.files["nginx/api.conf"]', 5),
        ("shop:app", 5),
        ("cloudflare.plan", 0),
    ],
)
def test_what_is_not_there_has_the_line_of_what_it_would_lie_in(path: str, line: int) -> None:
    assert lines.nearest(lines.of_stack_file(STACK_FILE), path) == line


def test_sections_that_say_something_else_come_from_another_file() -> None:
    app = {"env": {"A_B": 1, "a.b": "x"}}
    assert lines.of_settings(STACK_FILE, {"protect": "true", "app": app}) == lines.of_stack_file(STACK_FILE)
    known = lines.of_settings(STACK_FILE, {"protect": "false", "app": {}, "routes": [{"hostname": "c"}]})
    assert known == {"aws:region": 3}


def test_a_report_names_file_and_line_of_each_error() -> None:
    error = SettingsError(
        [
            problem("app.envv", "unknown key", "did you mean env?"),
            finding("routes[1].hostname", "a DNS name", "b", "write one"),
            finding("host.replicas", "at most 12", 13),
        ],
        "prod",
    )
    assert str(error.placed("Pulumi.prod.yaml", lines.of_stack_file(STACK_FILE))).splitlines() == [
        "3 errors in the settings of stack 'prod':",
        "  Pulumi.prod.yaml:5 app.envv: unknown key; did you mean env?",
        "  Pulumi.prod.yaml host.replicas: expected at most 12, found 13",
        '  Pulumi.prod.yaml:11 routes[1].hostname: expected a DNS name, found "b"; write one',
    ]
