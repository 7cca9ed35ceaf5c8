"""A release with other programs of the machine's own: unknown where they do something else, and nothing where they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from preview.analysis.consequences.own_programs import own_programs
from preview.analysis.exposures.machine_files import APP, EMPTY, File, Machine

SOURCES = Path(__file__).resolve().parents[3] / "cloud-init"
AGENT, BOOT, UNIT = (
    "/opt/drawbridge/bin/drawbridge",
    "/opt/drawbridge/bin/boot",
    "/etc/systemd/system/drawbridge.service",
)
TEXTS = {
    path: (SOURCES / name).read_text(encoding="utf-8")
    for path, name in ((AGENT, "drawbridge"), (BOOT, "boot"), (UNIT, "drawbridge.service"))
}


def machine(path: str, text: str) -> Machine:
    return Machine(
        document={},
        files={path: File(path=path, mode="0755", owner="root:root", content=text)},
        services=EMPTY.services,
        volumes=EMPTY.volumes,
    )


def said(path: str, find: str, replace: str) -> list[str]:
    was = TEXTS[path]
    assert was.count(find) >= 1, find
    now = was.replace(find, replace, 1)
    return [effect.why for effect in own_programs(machine(path, was), machine(path, now))]


REST = (
    ", a part of the machine's own program: whether machines still become ready, serve and stop without failed requests is not "
    "known here"
)


@pytest.mark.parametrize(
    "path, find, replace, what",
    [
        (AGENT, "if not open_points and now == before:", "if found:", f"{AGENT} is another in `ready`"),
        (
            AGENT,
            "if not open_points and now == before:",
            "if not open_points:",
            f"{AGENT} is another in `ready`",
        ),
        (
            AGENT,
            "time.monotonic() + wait > end",
            "time.monotonic() + wait < end",
            f"{AGENT} is another in `patiently`",
        ),
        (AGENT, "return action()", "action()", f"{AGENT} is another in `patiently`"),
        (BOOT, "set -Eeuo pipefail", "set -Eu", f"{BOOT} runs other commands, or in another order"),
        (
            BOOT,
            "LIMIT - SECONDS > 45",
            "LIMIT - SECONDS > 450",
            f"{BOOT} runs other commands, or in another order",
        ),
        (UNIT, "--remove-orphans --no-build", "--no-build", f"{UNIT} has other directives"),
        (UNIT, "Restart=on-failure", "Restart=always", f"{UNIT} has other directives"),
    ],
)
def test_another_condition_command_or_directive_is_unknown(
    path: str, find: str, replace: str, what: str
) -> None:
    assert said(path, find, replace) == [what + REST]


@pytest.mark.parametrize(
    "path, find, replace",
    [
        (AGENT, "import json", "import json  # for the specification"),
        (AGENT, "every container is well", "all containers are well"),
        (AGENT, "wait = min(wait * 2, 15)", "wait = min(wait * 2, 20)"),
        (BOOT, "# Every step may be run again.", "# Each of the steps may be run again."),
        (BOOT, 'say "try $n of $tries failed', 'say "attempt $n of $tries failed'),
        (UNIT, "Description=Drawbridge stack", "Description=The stack"),
        (UNIT, "RestartSec=30", "RestartSec=20"),
    ],
)
def test_comments_messages_and_plain_numbers_are_nothing(path: str, find: str, replace: str) -> None:
    assert said(path, find, replace) == []


def test_a_variable_under_another_name_is_nothing() -> None:
    was = "#!/usr/bin/python3\ndef ready(services):\n    found = [s for s in services if s.well]\n    return len(found) == 2\n"
    now = was.replace("found", "healthy").replace("services", "all_of_them")
    assert list(own_programs(machine(AGENT, was), machine(AGENT, now))) == []
    fewer = now.replace("== 2", "== 1")
    assert len(list(own_programs(machine(AGENT, was), machine(AGENT, fewer)))) == 1


def test_a_program_that_cannot_be_parsed_is_unknown() -> None:
    was, now = "#!/usr/bin/python3\npass\n", "#!/usr/bin/python3\nif:\n"
    assert [effect.why for effect in own_programs(machine(AGENT, was), machine(AGENT, now))] == [
        f"{AGENT} is another text{REST}"
    ]


def test_the_apps_own_scripts_are_the_apps() -> None:
    path = f"{APP}seed.sh"
    was, now = "#!/bin/sh\ntrue\n", "#!/bin/sh\nfalse\n"
    assert list(own_programs(machine(path, was), machine(path, now))) == []
