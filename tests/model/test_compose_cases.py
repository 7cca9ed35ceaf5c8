"""Compose files that went wrong somewhere, as data: each is refused at its place, or taken."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from model.errors import Finding, SettingsError
from model.load import load
from model.stack import Stack

CASES: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parent / "cases/compose.yaml").read_text(encoding="utf-8")
)
CLOUDFLARE = {"accountId": "0" * 32, "zoneId": "f" * 32, "zone": "example.com", "plan": "pro", "team": "acme"}
ROUTES = [{"hostname": "app.example.com", "service": "http://web:80", "access": "public"}]
WEB = {"image": "app:1", "restart": "always", "healthcheck": {"test": ["CMD", "x"]}}


def compose_of(case: dict[str, Any]) -> str:
    web = {**WEB, **case.get("web", {})}
    if "extends" in web:
        web = case["web"]
    document = {"services": {"web": web, **case.get("services", {})}, **case.get("top", {})}
    text = yaml.safe_dump(copy.deepcopy(document), sort_keys=False)
    return text.replace("  web:\n", f"  web:\n    {case['raw']}\n", 1) if "raw" in case else text


def stack_of(case: dict[str, Any], **sections: Any) -> Stack:
    files = {"compose.yaml": compose_of(case), "a.conf": "conf\n"}
    config: dict[str, Any] = {
        "cloudflare": CLOUDFLARE,
        "app": {"compose": "compose.yaml", **case.get("app", {})},
        "routes": ROUTES,
        **({"host": case["host"]} if "host" in case else {}),
        **sections,
    }
    return load(
        config,
        project="drawbridge",
        stack="test",
        region="ap-northeast-1",
        read=files.__getitem__,
        secrets={},
        previewing=True,
    )


def findings(case: dict[str, Any], **sections: Any) -> list[Finding]:
    try:
        stack_of(case, **sections)
    except SettingsError as error:
        return list(error.findings)
    return []


def named(case: dict[str, Any]) -> str:
    return ascii({key: value for key, value in case.items() if key not in ("at", "says")})[1:80]


@pytest.mark.parametrize("case", CASES["refused"], ids=named)
def test_what_cannot_work_is_refused_at_its_place(case: dict[str, Any]) -> None:
    found = findings(case)
    assert [item.path for item in found if case["says"] in item.text] == [case["at"]], found


@pytest.mark.parametrize("case", CASES["fine"], ids=named)
def test_what_works_is_taken_without_a_word(case: dict[str, Any]) -> None:
    told = [text for text in stack_of(case).warnings if "no `restart` policy" not in text]
    if "warns" in case:
        assert len(told) == 1 and case["warns"] in told[0], told
    else:
        assert told == []


@pytest.mark.parametrize("case", CASES["databases"], ids=named)
def test_a_database_beside_the_stacks_own_is_named_with_every_line(case: dict[str, Any]) -> None:
    found = findings(case, database={"version": "17", "name": "app", "services": ["web"]})
    assert sorted(item.path for item in found) == sorted(case["at"]), found
