"""A deployed stack: what its file says, and the outputs that the engine keeps of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from preview.doctor.answers import Unasked
from preview.doctor.tools import run
from preview.evaluate import stackfile


class Fault(Exception):
    """A command cannot be carried out; the text says why, and what to do."""


@dataclass(frozen=True)
class Stack:
    """``outputs`` has `[secret]` in place of secret ones: the engine masks them, and nobody here asks for more."""

    project: str
    name: str
    config: Mapping[str, str]
    outputs: Mapping[str, Any]

    @property
    def region(self) -> str:
        return self.config["aws:region"]

    def section(self, name: str) -> dict[str, Any]:
        """A section of the stack file; {} where it is left out."""
        found = json.loads(self.config.get(f"drawbridge:{name}", "{}"))
        return found if isinstance(found, dict) else {}

    def output(self, name: str) -> str:
        """An output that is a text. Raises Fault for a stack that has none of this name."""
        found = self.outputs.get(name)
        if not isinstance(found, str) or not found:
            raise Fault(
                f"outputs.{name}: expected a text, found {found!r}; has `pulumi up -s {self.name}` ended well?"
            )
        return found


def read(
    root: Path,
    stack: str | None,
    config_file: Path | None,
    outputs: Path | None,
    environment: Mapping[str, str],
) -> Stack:
    """The stack of a file, with the outputs that the CLI tells, or that `pulumi stack output --json` wrote. Raises Fault."""
    settings = stackfile.read(root, stack, config_file)
    if "aws:region" not in settings.config:
        raise Fault(f"{settings.called} aws:region: required key is missing")
    try:
        text = (
            outputs.read_text(encoding="utf-8")
            if outputs
            else run(["stack", "output", "--json", "--stack", settings.stack], root, environment)
        )
    except Unasked as reason:
        raise Fault(
            f"the stack's outputs cannot be read: {reason}; `pulumi login`, or --outputs FILE of `pulumi stack output --json`"
        ) from None
    except OSError as error:
        raise Fault(f"{outputs}: {error.strerror}") from None
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Fault(
            f"{outputs or 'pulumi stack output'}: expected a JSON object of outputs, found {text[:40]!r}"
        )
    return Stack(settings.project, settings.stack, settings.config, found)
