"""The programs on this machine: the Pulumi CLI and its plugins; and what the CLI knows of the stack."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from preview.doctor import state
from preview.doctor.answers import Answer, Unasked
from preview.doctor.context import Context, question
from preview.doctor.state import State

SECONDS = 30
INSTALL = "https://www.pulumi.com/docs/iac/download-install/versions/"


def run(arguments: list[str], folder: Path, environment: Mapping[str, str]) -> str:
    """What the Pulumi CLI prints. Raises Unasked if it is not there or says no."""
    program = shutil.which("pulumi", path=environment.get("PATH"))
    if not program:
        raise Unasked("the Pulumi CLI is not on PATH")
    quiet = {"PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "true"}
    command = [program, "--non-interactive", *arguments]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**environment, **quiet},
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unasked(f"pulumi {arguments[0]}: {error}") from None
    if done.returncode:
        said = (done.stderr.strip() or "no error text").splitlines()[-1]
        raise Unasked(f"pulumi {' '.join(arguments)}: {said}")
    return done.stdout


def deployed(project: Path, stack: str, environment: Mapping[str, str]) -> State:
    """The stack's state by the CLI; secrets stay encrypted in it. A stack that nobody has initialised has an empty one."""
    try:
        text = run(["stack", "export", "--stack", stack], project, environment)
        return state.read(text)
    except Unasked as reason:
        if "no stack named" in str(reason):
            return State()
        return State(unread=str(reason))
    except ValueError as error:
        return State(unread=str(error))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


@question("tools.pulumi")
def pulumi(context: Context) -> Iterator[Answer]:
    wanted = (context.checkout / ".pulumi.version").read_text(encoding="utf-8").strip()
    if not shutil.which("pulumi", path=context.environment.get("PATH")):
        yield Answer(
            check="tools.pulumi",
            status="refused",
            text="the Pulumi CLI is not on PATH",
            fix=f"install version {wanted}: {INSTALL}",
        )
        return
    found = run(["version"], context.project, context.environment).strip().removeprefix("v")
    if not _numbers(found):
        raise Unasked(f"`pulumi version` says {found[:60]!r}")
    if _numbers(found) < _numbers(wanted):
        yield Answer(
            check="tools.pulumi",
            status="warned",
            text=f"the Pulumi CLI is {found}, older than the {wanted} that Drawbridge is tested with",
            fix=f"install version {wanted}: {INSTALL}",
        )
        return
    yield Answer(check="tools.pulumi", status="fine", text=f"the Pulumi CLI is {found} ({wanted} or newer)")


def pinned(checkout: Path) -> dict[str, str]:
    """Each provider's version, as requirements.txt pins it."""
    text = (checkout / "requirements.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^pulumi-(\w+)==(\S+)$", text, re.MULTILINE))


@question("tools.plugins")
def plugins(context: Context) -> Iterator[Answer]:
    listed = json.loads(run(["plugin", "ls", "--json"], context.project, context.environment) or "[]")
    there = {(one.get("name"), one.get("version")) for one in listed if one.get("kind") == "resource"}
    missing = sorted(
        f"{name} {version}"
        for name, version in pinned(context.checkout).items()
        if (name, version) not in there
    )
    if missing:
        yield Answer(
            check="tools.plugins",
            status="warned",
            text=f"plugins that are not installed: {', '.join(missing)}; the first `pulumi up` downloads them",
            fix="pulumi install",
        )
    else:
        yield Answer(check="tools.plugins", status="fine", text="the providers' plugins are installed")


@question("tools.state")
def state_read(context: Context) -> Iterator[Answer]:
    if context.state.unread:
        yield Answer(
            check="tools.state",
            status="unknown",
            text=f"whether the stack has been deployed: {context.state.unread}; what it made itself reads as taken below",
            fix="log in to the stack's backend (`pulumi login`), or hand its state in: "
            "`pulumi stack export >state.json`, `--state state.json`",
        )
    elif context.state.deployed:
        yield Answer(
            check="tools.state",
            status="fine",
            text=f"the stack is deployed: {len(context.state.ids)} resources",
        )
    else:
        yield Answer(check="tools.state", status="fine", text="the stack has not been deployed yet")


QUESTIONS = (pulumi, plugins, state_read)
