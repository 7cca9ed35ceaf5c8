"""What a release means by the texts that its machines are given: how they stop, how long they wait, what they delete."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from model import durations
from preview.analysis.consequences.context import Context, downtime, unknown
from preview.analysis.consequences.own_programs import own_programs
from preview.analysis.exposures.machine_files import (
    APP,
    SECRETS,
    SPECIFICATION,
    Machine,
    environment,
    mounts,
    read,
)
from preview.changes import Change, Effect
from preview.resource_types import type_names

_DELETES = re.compile(
    r"\brm\s+(?:-\S+\s+)*-\S*[rR]|\bfind\b.*\s-delete\b|\bmkfs|\bwipefs\b|\bblkdiscard\b|\bdd\b.*\bof=|\bshred\b|\brsync\b.*--delete"
    r"|\bdocker\s+(?:volume\s+(?:rm|prune)|system\s+prune)|\bdown\b.*\s(?:-v|--volumes)\b|\baws\s+\S+\s+(?:delete-|rm\b)|\btruncate\s+-s"
)
_UNDOES = re.compile(
    r"\b(?:downgrade|rollback|undo|reset|fresh|purge|wipe|flush(?:db|all)?|drop(?:db)?|truncate|destroy|prune|force-reset"
    r"|accept-data-loss|delete-all|recreate)\b",
    re.IGNORECASE,
)
_STOPS = re.compile(
    r"Automatic-Reboot\s+\W*true|\b(?:systemctl\s+|/sbin/|sudo\s+)?(?:reboot|poweroff|halt)\b|\bshutdown\s+(?:-\w+\s+)*(?:now|\+?\d)"
    r"|^Restart=no\b|^RuntimeMaxSec=",
    re.IGNORECASE,
)
_SERVES = re.compile(r"^(?:ExecStop|ExecStopPost|TimeoutStopSec|Restart|WantedBy|Requires|After|Before)\s*=")
_WAITS = re.compile(
    r"^((?:proxy|fastcgi|uwsgi|grpc|send|client_body|client_header|keepalive|resolver)\w*_timeout)\s+(\d+)(ms|s|m|h|d)?\s*;"
)


def files(context: Context, change: Change) -> Iterator[Effect]:
    if change.type != type_names.AUTO_SCALING_GROUP or change.action not in ("rolling", "replaced"):
        return
    old, new = (read(machines.text) for machines in context.machines)
    if old is None or new is None:
        return
    yield from _stopping(old, new)
    yield from _system(old, new)
    yield from own_programs(old, new)
    yield from _waits(old, new)
    yield from _paths(old, new)
    yield from _running(old, new)


def _running(old: Machine, new: Machine) -> Iterator[Effect]:
    """How each service is started, whether it comes back after a crash, and whether it may write to its volumes."""
    for name in sorted(old.services.keys() & new.services.keys()):
        was, now = old.services[name], new.services[name]
        commands = [json.dumps([body.get("entrypoint"), body.get("command")]) for body in (was, now)]
        undone = _UNDOES.search(commands[1])
        if undone and not _UNDOES.search(commands[0]):
            yield unknown(
                f"{name} runs `{undone[0]}` now: whether it takes back or deletes data is not known here"
            )
        again = [str(body.get("restart") or "no").partition(":")[0] for body in (was, now)]
        if again[0] != "no" and again[1] == "no":
            yield unknown(
                f"{name} is not started again after a crash: whether it must run on is not known here"
            )
        places = [_read_only(body) for body in (was, now)]
        for place in sorted(places[1].keys() & places[0].keys()):
            if places[1][place] and not places[0][place]:
                yield unknown(f"{name} may no longer write to {place}: whether it has to is not known here")
        if now.get("read_only") is True and was.get("read_only") is not True and not was.get("tmpfs"):
            yield unknown(
                f"{name} may write to its volumes alone: whether it has to write elsewhere is not known here"
            )


def _read_only(service: Mapping[str, Any]) -> dict[str, bool]:
    """Mounted places, and whether each is read only."""
    return {item["target"]: item["read_only"] for item in mounts(service)}


def _stopping(old: Machine, new: Machine) -> Iterator[Effect]:
    """Docker kills what has not stopped after the grace period, by default 10 s; a release stops every container."""
    for name in sorted(old.services.keys() & new.services.keys()):
        was, now = (_seconds(m.services[name].get("stop_grace_period", "10s")) for m in (old, new))
        if was is not None and now is not None and now < was:
            words = f"{name} is killed {now:g} s after it is told to stop (before: {was:g} s)"
            if now < 10 or now < was / 2:
                yield downtime(f"{words}: requests that take longer fail in every release")
            else:
                yield unknown(f"{words}: whether it always stops in that time is not known here")
        signals = [
            str(m.services[name].get("stop_signal", "")).upper().removeprefix("SIG") for m in (old, new)
        ]
        if signals[0] != signals[1] and signals[1] in ("KILL", "9"):
            yield downtime(f"{name} is killed, not told to stop: requests under way fail in every release")


def _seconds(value: Any) -> float | None:
    """Of `1m30s`, `10` or `500ms`; None for another text."""
    text = str(value).strip()
    return durations.read(f"{text}s" if re.fullmatch(r"\d+(\.\d+)?", text) else text)


def _system(old: Machine, new: Machine) -> Iterator[Effect]:
    """Lines of scripts and units, the app's too, that delete, stop, or no longer say how to stop."""
    was, now = _lines(old), _lines(new)
    for line, path in now.items():
        if line in was or _scratch(line):
            continue
        if _DELETES.search(line):
            yield unknown(
                f"{path} has the line `{line[:100]}`: whether it deletes what must last is not known here"
            )
        elif _STOPS.search(line):
            yield downtime(
                f"{path} has the line `{line[:100]}`: a machine stops serving while nothing takes over"
            )
    for line, path in was.items():
        directive = _SERVES.match(line)
        kept = directive and _count(directive[0], path, now) >= _count(directive[0], path, was)
        if directive and line not in now and path in set(now.values()) and not kept:
            yield unknown(
                f"{path} no longer has the line `{line[:100]}`: whether the machine starts and stops without failed requests "
                "is not known here"
            )


def _count(directive: str, path: str, lines: Mapping[str, str]) -> int:
    return sum(line.startswith(directive) and path == where for line, where in lines.items())


def _scratch(line: str) -> bool:
    """Does it delete below a temporary folder, or one that this very script made?"""
    targets = re.sub(r"^.*?\brm\s+(?:-\S+\s+)*", "", line).split()
    return bool(targets) and all(
        re.match(r"[\"']?(?:/tmp/|/var/tmp/|/var/lib/apt/lists|/run/|\$\{?(?:tmp|temp|TMPDIR|scratch))", t)
        for t in targets
    )


def _lines(machine: Machine) -> dict[str, str]:
    """Lines that a machine runs or is configured by, with the file of each; not the app's compose, SQL and policies."""
    found: dict[str, str] = {}
    for path, file in machine.files.items():
        if path in (SPECIFICATION, SECRETS) or (
            path.startswith(APP) and not path.endswith((".sh", ".bash", ".py"))
        ):
            continue
        for line in file.content.splitlines():
            text = line.strip()
            if text and not text.startswith(("#", "//")):
                found.setdefault(text, path.removeprefix(APP))
    for key in ("bootcmd", "runcmd"):
        for command in machine.document.get(key) or []:
            found[" ".join(map(str, command)) if isinstance(command, list) else str(command)] = (
                f"cloud-init's {key}"
            )
    return found


def _waits(old: Machine, new: Machine) -> Iterator[Effect]:
    """Timeouts of nginx's files: the shortest of a kind, file by file."""
    for path in sorted(old.files.keys() & new.files.keys()):
        if not path.startswith(APP):
            continue
        was, now = (_timeouts(machine.files[path].content) for machine in (old, new))
        for name in sorted(was.keys() & now.keys()):
            if now[name] < was[name]:
                yield unknown(
                    f"{path.removeprefix(APP)}: {name} is {now[name]:g} s (before: {was[name]:g} s): what takes longer "
                    "fails, and whether anything does is not known here"
                )


def _timeouts(text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for line in text.splitlines():
        if match := _WAITS.match(line.strip()):
            value = _seconds(f"{match[2]}{match[3] or ''}")
            assert value is not None
            found[match[1]] = min(value, found.get(match[1], value))
    return found


def _paths(old: Machine, new: Machine) -> Iterator[Effect]:
    """A variable that named a folder of a lasting volume, and names one that is not on any."""
    lasting = set(new.specification.get("storage") or ())
    for name in sorted(old.services.keys() & new.services.keys()):
        was, now = environment(old.services[name]), environment(new.services[name])
        folders = [_folders(machine.services[name], lasting) for machine in (old, new)]
        for key in sorted(was.keys()):
            place, other = was[key], now.get(key)
            if place == other or not _below(place, folders[0]):
                continue
            if other is None or (other.startswith("/") and not _below(other, folders[1])):
                yield unknown(
                    f"{name}: {key} was {place}, on a volume that lasts, and is {other or 'gone'}: whether it writes its files "
                    "where they are lost with the container is not known here"
                )


def _folders(service: Mapping[str, Any], lasting: set[str]) -> set[str]:
    return {
        item["target"].rstrip("/")
        for item in mounts(service)
        if item["source"] in lasting
        or any(item["source"].rstrip("/").endswith(f"/{volume}") for volume in lasting)
    }


def _below(place: str, folders: set[str]) -> bool:
    return any(place.rstrip("/") == folder or place.startswith(f"{folder}/") for folder in folders if folder)
