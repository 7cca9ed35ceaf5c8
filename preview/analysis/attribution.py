"""The edits between two versions of a project, each as something that can be made alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from model import go_yaml
from preview.analysis.causes import LIMIT, Unit, causes, grouped
from preview.changes import Cause, Comparison, Edited
from preview.diff.edits import Edit, edits, parsed, stack_edits
from preview.evaluate.against import Earlier
from preview.evaluate.alone import evaluate_alone, program_files, text_of, with_file
from preview.evaluate.project import program_of
from preview.resources import MASK, Evaluation

_QUIET = ("drawbridge:acknowledge", "drawbridge:suppress")
"""Sections that speak to the reviewer and change no resource."""
_WIDTH = 120


def caused(comparison: Comparison, there: Earlier, root: Path) -> tuple[Cause, ...]:
    """What caused each change, where ``there`` is the earlier version of the project at ``root``."""
    if there.file is None or not comparison.changed:
        return ()
    units = [*_stack_units(comparison, there)]
    if not there.borrowed:
        _bring_new_files(comparison, there, root)
        units += _file_units(comparison, there, root)
        units += _program_units(comparison, there, root)
    return causes(comparison.before, comparison.changes, units)


def _stack_units(comparison: Comparison, there: Earlier) -> Iterator[Unit]:
    before, after = comparison.before, comparison.after
    found = [edit for edit in stack_edits(before.config, after.config) if edit.key not in _QUIET]
    for group in grouped(found, lambda edit: edit.key, LIMIT):

        def alone(group: list[Edit] = group) -> Evaluation | None:
            config = before.config
            for edit in reversed(group):
                config = edit.apply(config)
            return evaluate_alone(there.root, before, config, before.secret_keys | after.secret_keys)

        yield Unit(edits=tuple(map(_edited, group)), alone=alone)


def _file_units(comparison: Comparison, there: Earlier, root: Path) -> Iterator[Unit]:
    before, after = comparison.before, comparison.after
    for name in sorted(_files(before) & _files(after)):
        old, new = text_of(there.root, name), text_of(root, name)
        if old == new or old is None:
            continue

        def alone(name: str = name, new: bytes | None = new) -> Evaluation | None:
            with with_file(there, name, new) as place:
                return evaluate_alone(place, before, before.config, before.secret_keys)

        yield Unit(edits=tuple(_edited_file(name, old, new)), alone=alone)


def _program_units(comparison: Comparison, there: Earlier, root: Path) -> Iterator[Unit]:
    program = program_of(root)
    old, new = program_files(there.program), program_files(program)
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    if not names:
        return

    def alone() -> Evaluation | None:
        before = comparison.before
        return evaluate_alone(there.root, before, before.config, before.secret_keys, program)

    upgrade = comparison.upgrade
    if upgrade:
        edits = [Edited(path="Drawbridge", before=str(upgrade.before), after=str(upgrade.after))]
    else:
        shown = [*names[:4], f"{len(names) - 4:,} more files of the program"] if len(names) > 5 else names
        edits = [Edited(path=name) for name in shown]
    yield Unit(edits=tuple(edits), alone=alone)


def _bring_new_files(comparison: Comparison, there: Earlier, root: Path) -> None:
    """Files that only the later version has: an edit of the stack file may name them."""
    for name in _files(comparison.after):
        if text_of(there.root, name) is None and (new := text_of(root, name)) is not None:
            target = (there.root / name).resolve()
            if target.is_relative_to(there.root.resolve()):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(new)


def _files(evaluation: Evaluation) -> set[str]:
    """The compose file and the app's files, by their paths in the project."""
    app = parsed(evaluation.config.get("drawbridge:app", "{}"))
    if not isinstance(app, dict):
        return set()
    files = app.get("files")
    named = [app.get("compose"), *(files.values() if isinstance(files, dict) else [])]
    return {name for name in named if isinstance(name, str)}


def _edited(edit: Edit) -> Edited:
    return Edited(path=edit.path, before=_shown(edit.before), after=_shown(edit.after))


def _edited_file(name: str, old: bytes, new: bytes | None) -> Iterator[Edited]:
    if new is None:
        yield Edited(path=name, before="a file", after="no file")
        return
    documents = [_document(content) for content in (old, new)] if name.endswith((".yaml", ".yml")) else []
    if len(documents) == 2 and all(isinstance(document, dict) for document in documents):
        for edit in edits("", documents[0], documents[1]):
            yield Edited(
                path=f"{name}: {edit.path.lstrip('.')}", before=_shown(edit.before), after=_shown(edit.after)
            )
        return
    yield Edited(path=name)


def _document(content: bytes) -> Any:
    try:
        return yaml.load(content.decode("utf-8-sig"), Loader=go_yaml.Loader)
    except (UnicodeDecodeError, yaml.YAMLError):
        return None


def _shown(value: Any) -> str:
    """On one line; an encrypted value's placeholder is no text that tells anybody anything."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(_masked(value), ensure_ascii=False, default=str)
    text = " ".join(str(_masked(text)).split())
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item) for item in value]
    return MASK if isinstance(value, str) and value.startswith("«") and "·" in value else value
