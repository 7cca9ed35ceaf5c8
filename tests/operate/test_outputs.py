"""Outputs for front ends and GitHub, and CloudWatch's lines."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operate import logs, outputs
from operate.stack import Fault, Stack
from preview.doctor.aws import Aws

OUTPUTS = {
    "contract": 1,
    "urls": {"shop.example.com": "https://shop.example.com", "api.example.com": "https://api.example.com"},
    "corsOrigins": ["https://a.pages.dev"],
    "serviceTokens": "[secret]",
    "databaseName": "shop",
    "autoScalingGroup": "shop-prod-host-group-1a2b3c4",
    "uploadLimitMB": 100,
    "logGroup": None,
}
STACK = Stack("shop", "prod", {"aws:region": "eu-central-1"}, OUTPUTS)


def test_without_names_all_that_lasts_is_a_variable_and_nothing_secret() -> None:
    assert outputs.rendered(STACK, "env", [], "VITE_").splitlines() == [
        "VITE_CONTRACT=1",
        "VITE_CORS_ORIGINS='[\"https://a.pages.dev\"]'",
        "VITE_DATABASE_NAME=shop",
        "VITE_UPLOAD_LIMIT_MB=100",
        "VITE_URLS_API_EXAMPLE_COM=https://api.example.com",
        "VITE_URLS_SHOP_EXAMPLE_COM=https://shop.example.com",
    ]


def test_names_are_given_by_the_output_and_its_key() -> None:
    given_names = ["VITE_API_URL=urls.api.example.com", "LIMIT=uploadLimitMB"]
    assert (
        outputs.rendered(STACK, "env", given_names, "") == "VITE_API_URL=https://api.example.com\nLIMIT=100\n"
    )
    assert outputs.rendered(STACK, "github", given_names, "").splitlines() == [
        "gh variable set VITE_API_URL --env prod --body https://api.example.com",
        "gh variable set LIMIT --env prod --body 100",
    ]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("API", "expected VARIABLE=OUTPUT"),
        ("1A=urls", "expected VARIABLE=OUTPUT"),
        ("A=urls.x", "urls has no 'x'; it has api.example.com, shop.example.com"),
        ("A=nothing", "the stack has no 'nothing'; it has autoScalingGroup"),
        ("A=serviceTokens", "serviceTokens is secret: pulumi stack output --show-secrets"),
    ],
)
def test_what_is_not_there_or_secret_is_refused(name: str, said: str) -> None:
    with pytest.raises(Fault) as error:
        outputs.rendered(STACK, "env", [name], "")
    assert said in str(error.value)


@given(st.text(st.characters(exclude_characters="\0\n\r'", codec="utf-8")))
def test_a_shell_reads_a_value_back_to_the_letter(value: str) -> None:
    assert shlex.split(f"A={outputs.quoted(value)}") == [f"A={value}"]


@pytest.mark.parametrize("value", ["it's", "a\nb"])
def test_what_tools_read_differently_is_refused(value: str) -> None:
    with pytest.raises(Fault, match="take --format json"):
        outputs.quoted(value)


@pytest.mark.parametrize(
    ("stream", "source"),
    [
        ("app-api-1/0123abcd4567", "api"),
        ("app-api-worker-12/0123abcd4567", "api-worker"),
        ("app-api-run-0a1b2c/0123abcd4567", "api"),
        ("boot/i-0123456789abcdef0", "boot i-0123456789abcdef0"),
        ("something", None),
    ],
)
def test_a_stream_is_of_a_service(stream: str, source: str | None) -> None:
    assert logs.source(stream) == source


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("15m", 9100), ("2h", 2800), ("1970-01-01T01:00", 3600), ("1970-01-01T01:00+01:00", 0)],
)
def test_since_is_an_age_or_a_moment(text: str, seconds: int) -> None:
    assert logs.moment(text, 10000.0) == seconds * 1000


def test_another_since_is_refused() -> None:
    with pytest.raises(Fault, match="--since: expected 15m, 2h, 1d or a time such as .*, found 'yesterday'"):
        logs.moment("yesterday", 0)


class Kept(Aws):
    """CloudWatch, two events a page."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        super().__init__("eu-central-1")
        self.events = events

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        assert (service, operation, arguments["logGroupName"]) == ("logs", "FilterLogEvents", "g")
        found = [
            event
            for event in self.events
            if event["timestamp"] >= arguments["startTime"]
            and event["logStreamName"].startswith(arguments.get("logStreamNamePrefix", ""))
        ]
        at = int(arguments.get("nextToken", "0"))
        more = {"nextToken": str(at + 2)} if at + 2 < len(found) else {}
        return {"events": found[at : at + 2], **more}


def event(number: int, at: int, stream: str = "app-api-1/0a") -> dict[str, Any]:
    return {"eventId": str(number), "timestamp": at, "logStreamName": stream, "message": f"line {number}\n"}


def test_lines_are_in_order_over_all_pages_and_of_the_service_alone() -> None:
    kept = Kept([event(1, 5000), event(2, 3000), event(3, 4000), event(4, 1000, "app-api-worker-1/0a")])
    found = list(logs.lines(kept, "g", since=0, service="api"))
    assert [str(line) for line in found] == [
        "1970-01-01T00:00:03Z api | line 2",
        "1970-01-01T00:00:04Z api | line 3",
        "1970-01-01T00:00:05Z api | line 1",
    ]
    assert [line.source for line in logs.lines(kept, "g", since=0)] == ["api-worker", "api", "api", "api"]


def test_following_shows_each_line_once_and_those_that_come_late() -> None:
    kept = Kept([event(1, 100_000)])
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 1:
            kept.events += [event(2, 90_000), event(3, 101_000)]  # the first of them is late
        if len(naps) == 3:
            raise KeyboardInterrupt

    seen: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        for line in logs.follow(kept, "g", since=0, sleep=nap):
            seen.append(line.text)
    assert seen == ["line 1", "line 2", "line 3"]
    assert naps == [logs.PAUSE] * 3
