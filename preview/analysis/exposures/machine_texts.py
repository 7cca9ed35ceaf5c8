"""What a machine's system opens: its files' rights, SSH, sudo, filters, guards of units and of Docker, packages.

The program's own scripts change with every version, so a changed line says something only where it fits a pattern here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from preview.analysis.exposures.machine_files import (
    APP,
    SECRETS,
    SPECIFICATION,
    File,
    Machine,
    Pair,
    machines,
)
from preview.analysis.exposures.machine_patterns import GUARDING, OPENING
from preview.analysis.exposures.versions import Versions, dicts, texts
from preview.changes import Exposure, Kind

Found = Iterator[tuple[Kind, str]]


def machine_texts(versions: Versions) -> Iterator[Exposure]:
    for pair in machines(versions):
        if not pair.readable:
            text = f"{pair.name}: its user data cannot be read here, so what it opens is not known"
            yield Exposure(kind="unknown", subject=pair.name, text=text)
            continue
        for kind, says in dict.fromkeys(_opened(pair)):
            yield Exposure(kind=kind, subject=pair.name, text=f"{pair.name}: {says}")


def _opened(pair: Pair) -> Found:
    yield from _files(pair.before, pair.after)
    yield from _lines(pair.before, pair.after)
    yield from _logins(pair.before.document, pair.after.document)
    yield from _specification(pair.before.specification, pair.after.specification)
    yield from _database_tls(pair.before, pair.after)
    yield from _daemon(pair.before, pair.after)


# Files --------------------------------------------------------------------------------------------------------------------

_SENSITIVE = (
    "/etc/sudoers",
    "/etc/ssh/",
    "/etc/pam.d/",
    "/etc/cron",
    "/etc/ld.so",
    "/etc/profile",
    "/etc/passwd",
    "/etc/shadow",
    "/root/.ssh/",
    "/home/",
    "/etc/polkit",
    "/usr/local/bin/",
    "/etc/apt/sources",
    "/etc/apt/trusted",
)


def _files(before: Machine, after: Machine) -> Found:
    for path, file in after.files.items():
        old = before.files.get(path)
        wider = (
            _bits(file) & ~_bits(old)
            if old
            else (_bits(file) & 0o7077 if path == SECRETS else _bits(file) & 0o7002)
        )
        if wider:
            kind: Kind = "secret" if path == SECRETS else "machine"
            text = f"{path} has mode {file.mode}" + (f" (before: {old.mode})" if old else "")
            yield kind, text
        if old and old.owner != file.owner and not file.owner.startswith("root"):
            yield "machine", f"{path} belongs to {file.owner} (before: {old.owner})"
        if before.document and path.startswith(_SENSITIVE) and (old is None or old.content != file.content):
            yield (
                "machine",
                f"{path} is {'written' if old is None else 'another'}: who may do what on the machine changes",
            )


def _bits(file: File | None) -> int:
    try:
        return int(file.mode, 8) if file else 0
    except ValueError:
        return 0o7777


# Lines --------------------------------------------------------------------------------------------------------------------


def _lines(before: Machine, after: Machine) -> Found:
    """Lines of what the program itself writes; the app's own files are the app's."""
    if not before.document:
        return
    old, new = _system_lines(before), _system_lines(after)
    moved = {line for lines in new.values() for line in lines}
    was = {line for lines in old.values() for line in lines}
    for path, lines in new.items():
        for line in lines:
            if line not in was:
                for pattern, says in OPENING:
                    if pattern.search(line):
                        yield "machine", f"{says}: {path} has the line `{_short(line)}`"
    for path, lines in old.items():
        for line in lines:
            if line not in moved:
                for pattern, says in GUARDING:
                    if pattern.search(line) and _fewer(pattern, line, lines, new.get(path, [])):
                        yield "machine", f"{says}: {path} no longer has the line `{_short(line)}`"


def _fewer(pattern: re.Pattern[str], line: str, old: list[str], new: list[str]) -> bool:
    """Do fewer lines than before guard in the very way that this one does?"""
    words = pattern.search(line)
    assert words is not None
    counts = [
        sum(1 for other in lines if (found := pattern.search(other)) and found[0] == words[0])
        for lines in (old, new)
    ]
    return counts[1] < counts[0]


def _system_lines(machine: Machine) -> dict[str, list[str]]:
    found = {
        path: [line.strip() for line in file.content.splitlines() if line.strip()]
        for path, file in machine.files.items()
        if not path.startswith(APP) and path not in (SPECIFICATION, SECRETS)
    }
    for key in ("bootcmd", "runcmd"):
        commands = machine.document.get(key) or []
        found[key] = [
            " ".join(map(str, command)) if isinstance(command, list) else str(command) for command in commands
        ]
    return found


def _short(line: str) -> str:
    return line if len(line) <= 100 else f"{line[:97]}..."


# Logins, and what the scripts are told --------------------------------------------------------------------------------------

_KNOWN_KEYS = {
    "bootcmd",
    "runcmd",
    "write_files",
    "output",
    "final_message",
    "hostname",
    "fqdn",
    "timezone",
    "locale",
}
_LOGINS = {
    "ssh_pwauth": "SSH takes passwords",
    "users": "other users may log in",
    "ssh_authorized_keys": "other keys may log in",
    "chpasswd": "users get passwords",
    "password": "the first user gets a password",
    "ssh_import_id": "other keys may log in",
    "groups": "users are in other groups",
    "user": "another user may log in",
}


def _logins(before: Mapping[str, Any], after: Mapping[str, Any]) -> Found:
    for key in sorted(after.keys() - _KNOWN_KEYS):
        if after[key] == before.get(key) or after[key] in (None, [], {}):
            continue
        if key in _LOGINS:
            if str(after[key]).lower() not in ("false", "no"):
                yield "machine", f"cloud-init's {key}: {_LOGINS[key]}"
        elif key == "disable_root":
            if str(after[key]).lower() in ("false", "no"):
                yield "machine", "cloud-init's disable_root: root may log in"
        elif key == "packages":
            fresh = sorted(set(map(str, after[key])) - set(map(str, before.get(key) or [])))
            yield from _packages(fresh)
        else:
            yield "unknown", f"what cloud-init's {key} opens is not known here"
    if before.get("disable_root") and not after.get("disable_root", True):
        yield "machine", "cloud-init's disable_root: root may log in"


_LISTENING = re.compile(
    r"ssh|telnet|ftp|vnc|rdp|samba|nfs-kernel|apache|nginx|httpd|proxy|squid|vpn|wireguard|tailscale|snap"
)


def _packages(fresh: list[str]) -> Found:
    listening = [package for package in fresh if _LISTENING.search(package)]
    if listening:
        yield "machine", f"packages that listen or let in are installed: {', '.join(listening)}"


def _specification(before: Mapping[str, Any], after: Mapping[str, Any]) -> Found:
    if not before:
        return
    fresh = sorted(set(texts(after.get("packages"))) - set(texts(before.get("packages"))))
    yield from _packages(fresh)
    if before.get("ca_url") and after.get("ca_url"):
        hosts = [
            re.sub(r"^https://([^/]*).*$", r"\1", str(specification.get("ca_url")))
            for specification in (before, after)
        ]
        if hosts[0] != hosts[1]:
            yield (
                "machine",
                f"another party says which database is the right one: {hosts[1]} (before: {hosts[0]})",
            )
    logins = [
        {(r.get("server"), r.get("username")) for r in dicts(specification.get("registries"))}
        for specification in (before, after)
    ]
    withheld = [set(texts(specification.get("withheld"))) for specification in (before, after)]
    given = sorted((withheld[0] - withheld[1]) & set(_secret_names(after)))
    if given and logins[0] & logins[1]:
        yield "secret", f"containers are given what only Docker had: {', '.join(given)}"


_TLS_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_TLS_MODE = re.compile(rf"(?:PGSSLMODE|sslmode)[\"']?\s*[:=]\s*[\"']?({'|'.join(_TLS_MODES)})\b")


def _database_tls(before: Machine, after: Machine) -> Found:
    """How libpq in the app's containers verifies the database."""
    found = [
        min(
            (
                _TLS_MODES.index(mode)
                for file in machine.files.values()
                for mode in _TLS_MODE.findall(file.content)
            ),
            default=None,
        )
        for machine in (before, after)
    ]
    if found[0] is not None and (found[1] is None or found[1] < found[0]):
        now = "no longer said" if found[1] is None else _TLS_MODES[found[1]]
        yield "machine", f"the app verifies the database less: {now} (before: {_TLS_MODES[found[0]]})"


def _secret_names(specification: Mapping[str, Any]) -> list[str]:
    return list(specification.get("parameters") or {})


# Docker's own settings ------------------------------------------------------------------------------------------------------

_DAEMON = "/etc/docker/daemon.json"
_GUARDS = {"no-new-privileges": True, "userns-remap": None, "icc": False, "selinux-enabled": True}
"""Settings that guard with this value; None: with any."""
_DOORS = {
    "hosts": "Docker takes orders from the network",
    "insecure-registries": "images come without a certificate",
    "default-runtime": "containers run by another runtime",
    "default-cgroupns-mode": "containers share control groups",
    "default-ipc-mode": "containers share memory",
    "allow-direct-routing": "containers are reached from outside the machine",
    "registry-mirrors": "images come from elsewhere",
}


def _daemon(before: Machine, after: Machine) -> Found:
    old, new = _settings(before.files.get(_DAEMON)), _settings(after.files.get(_DAEMON))
    for key, says in _DOORS.items():
        if new.get(key) and new.get(key) != old.get(key):
            yield "machine", f"{says}: Docker's {key}"
    for key, guarding in _GUARDS.items():
        kept = [bool(d.get(key)) if guarding is None else d.get(key) == guarding for d in (old, new)]
        if kept == [True, False]:
            yield "machine", f"Docker guards containers less: {key} is {new.get(key, 'not set')}"


def _settings(file: File | None) -> dict[str, Any]:
    try:
        found = json.loads(file.content) if file else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
