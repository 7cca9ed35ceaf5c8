"""The requirements that people edit, and the locks made from them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.evaluations import ROOT

INPUTS = sorted([*ROOT.glob("requirements*.txt"), ROOT / "policy/requirements.txt"])


@dataclass(frozen=True, kw_only=True)
class Locked:
    name: str
    version: str
    marker: str
    hashes: frozenset[str]
    wanted_by: frozenset[str]  # packages, and `-r FILE` for what a file asks for itself


def required(path: Path) -> list[Requirement]:
    """What a file asks for, with the files that it includes."""
    found: list[Requirement] = []
    for line in path.read_text().splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            found += required(path.parent / text.removeprefix("-r ").strip())
        elif text:
            found.append(Requirement(text))
    return found


def locked(path: Path) -> list[Locked]:
    entries = re.split(r"^(?=[A-Za-z0-9])", path.read_text(), flags=re.MULTILINE)[1:]
    found = []
    for entry in entries:
        head = re.match(r"([\w.-]+)(?:\[.*?\])?==(\S+)(?: ; (.*?))?(?: \\)?\n", entry)
        assert head, f"{path.name}: not an exact version: {entry.splitlines()[0]}"
        found.append(
            Locked(
                name=canonicalize_name(head[1]),
                version=head[2],
                marker=head[3] or "",
                hashes=frozenset(re.findall(r"--hash=(sha256:[0-9a-f]{64})\b", entry)),
                wanted_by=frozenset(re.findall(r"^ +#(?: via)? +(-r \S+|[\w.-]+)", entry, re.MULTILINE)),
            )
        )
    return found


def misfits(path: Path, lock: Path) -> list[str]:
    """Where a lock is not what its input asks for."""
    wanted = {canonicalize_name(item.name): item for item in required(path)}
    entries = locked(lock)
    roots = {entry.name for entry in entries if any(by.startswith("-r ") for by in entry.wanted_by)}
    found = [f"{name}: not asked for any more" for name in sorted(roots - set(wanted))]
    for name, item in sorted(wanted.items()):
        versions = {entry.version for entry in entries if entry.name == name}
        if not re.fullmatch(r"==[^*]+", str(item.specifier)):
            found.append(f"{name}: not pinned to one version: {item}")
        elif name not in roots:
            found.append(f"{name}: not locked")
        elif {f"=={version}" for version in versions} != {str(item.specifier)}:
            found.append(f"{name}: asked for{item.specifier}, locked {', '.join(sorted(versions))}")
    found += [f"{entry.name}: without a hash" for entry in entries if not entry.hashes]
    return found
