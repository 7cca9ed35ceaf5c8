"""Each change of a set (`changes.yaml`, `second.yaml`, `third.yaml`), made in a copy of the repository, evaluated twice, judged by
the gate.

The copies lie in a temporary folder and hold what a program needs; nothing in the repository is written.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import json
import multiprocessing
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
CHANGES = Path(__file__).with_name("changes.yaml")
SETS = {
    "changes": CHANGES,
    **{name: Path(__file__).with_name(f"{name}.yaml") for name in ("second", "third")},
}
"""The sets of changes by name; `second` and `third` were each invented without a look at the judging code or at
the sets before."""
COPIED = ("Pulumi.yaml", "Pulumi.prod.yaml", "__main__.py", "components", "model", "cloud-init", "examples")
"""What a project with its own program is made of."""
SETTINGS = ("Pulumi.yaml", "Pulumi.prod.yaml", "examples")
"""What a project is made of whose program lies elsewhere."""

Status = Literal["right", "TOO LITTLE", "TOO MUCH", "OTHER GROUND", "error"]


class EditError(ValueError):
    """An edit cannot be made; the text says which and why."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One change.

    ``closes``: on one of these grounds a dangerous one must close the gate; ``rejected``: the program may
    refuse it instead.
    """

    id: str
    example: str
    edits: tuple[dict[str, Any], ...]
    base: tuple[dict[str, Any], ...] = ()
    danger: bool
    closes: tuple[str, ...] = ()
    rejected: bool = False
    why: str

    @property
    def of_settings(self) -> bool:
        """Does it leave the program alone, so that the program needs to be loaded only once?"""
        places = [
            str(edit[key]) for edit in (*self.base, *self.edits) for key in ("file", "rename") if key in edit
        ]
        return all(place.startswith("examples/") or place == "Pulumi.prod.yaml" for place in places)

    @property
    def stack_file(self) -> str:
        return "Pulumi.prod.yaml" if self.example == "root" else f"examples/{self.example}/Pulumi.prod.yaml"


@dataclass(frozen=True, kw_only=True)
class Result:
    """``got`` is the worst consequence, or how the program stopped.

    ``closed_by`` are the grounds on which the gate closed, ``texts`` what each finding says.
    """

    entry: Entry
    status: Status
    got: str
    closed_by: tuple[str, ...] = ()
    texts: tuple[str, ...] = field(default=())


def entries(path: Path = CHANGES) -> list[Entry]:
    """All changes of a file. Raises ValueError for one that is not whole."""
    found: list[Entry] = []
    for item in yaml.safe_load(path.read_text(encoding="utf-8")):
        given = dict(item)
        rejected = given.pop("rejected", None)
        if rejected not in (None, "ok"):
            raise ValueError(f"{item['id']}: `rejected` is ok or absent")
        made: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in given.items()
        }
        entry = Entry(**made, rejected=rejected == "ok")
        if entry.danger != bool(entry.closes) or (entry.rejected and not entry.danger):
            raise ValueError(f"{entry.id}: a danger closes the gate on some ground, what is harmless on none")
        if entry.id in {other.id for other in found}:
            raise ValueError(f"{entry.id}: two changes have this id")
        found.append(entry)
    return found


def make(root: Path, edits: Iterable[dict[str, Any]]) -> None:
    """Make edits below a root, in order. Raises EditError where a text is not there just once."""
    for edit in edits:
        file = root / edit["file"]
        if edit.get("delete"):
            file.unlink()
        elif "rename" in edit:
            (root / edit["rename"]).parent.mkdir(parents=True, exist_ok=True)
            file.rename(root / edit["rename"])
        elif "content" in edit:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(edit["content"], encoding="utf-8")
        else:
            _replace(file, edit["find"], edit["replace"])


def _replace(place: Path, find: str, replacement: str) -> None:
    """In a file, or in the one file of a folder that has the text: where a module lies may change."""
    files = [file for file in place.rglob("*") if file.is_file()] if place.is_dir() else [place]
    texts = {file: file.read_text(encoding="utf-8") for file in files}
    count = sum(text.count(find) for text in texts.values())
    if count != 1:
        raise EditError(f"{place.name}: the text is there {count} times: {find!r}")
    for file, text in texts.items():
        if find in text:
            file.write_text(text.replace(find, replacement), encoding="utf-8")


def copy(to: Path, of_settings: bool = False) -> Path:
    """A copy of a project with its program; ``of_settings``: without, its `main:` names a program that is loaded once."""
    to.mkdir(parents=True)
    for name in SETTINGS if of_settings else COPIED:
        if (REPOSITORY / name).is_dir():
            shutil.copytree(REPOSITORY / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(REPOSITORY / name, to / name)
    if of_settings:
        with (to / "Pulumi.yaml").open("a", encoding="utf-8") as file:
            file.write(f"main: {_program()}\n")
    return to


def _scratch() -> Path:
    folder = tempfile.mkdtemp(prefix="verdict-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


_held = contextlib.ExitStack()


@functools.cache
def _program() -> Path:
    from preview.evaluate.program import kept_loaded

    root = copy(_scratch() / "program")
    _held.enter_context(kept_loaded(root))
    return root


class _Before:
    """A project before its change; an example is evaluated once for all changes that share its base."""

    def __init__(self, stack_file: str, base: str, of_settings: bool) -> None:
        from preview.evaluate.program import evaluate

        self._root = copy(_scratch() / "before", of_settings)
        make(self._root, json.loads(base))
        self.evaluation = evaluate(self._root, config_file=self._root / stack_file)
        gc.freeze()  # the SDKs stay: without it each run ends in a collection that looks at all of them

    @functools.cached_property
    def _probed(self) -> Any:
        from preview.evaluate.program import probed

        return probed(self.evaluation, self._root)

    def both_probed(self, after: Any, root: Path) -> tuple[Any, Any]:
        """As `preview.evaluate.program.both_probed`, where the earlier version is run once if no resource is renamed."""
        from preview.aliases import former_resources, renamed
        from preview.evaluate.program import both_probed, probed

        if not self.evaluation.resources or renamed(former_resources(self.evaluation, after), after):
            return both_probed(self.evaluation, self._root, after, root)
        return self._probed, probed(after, root)


@functools.cache
def _before(stack_file: str, base: str, of_settings: bool) -> _Before:
    return _Before(stack_file, base, of_settings)


def run_entry(entry: Entry) -> Result:
    """What the gate says of a change with every ground failing."""
    from preview.analysis import gate
    from preview.analysis.verdict import compare
    from preview.evaluate.program import ProgramError, evaluate
    from preview.evaluate.stackfile import StackFileError

    try:
        earlier = _before(entry.stack_file, json.dumps(entry.base), entry.of_settings)
        with tempfile.TemporaryDirectory(prefix="verdict-") as folder:
            root = copy(Path(folder) / "after", entry.of_settings)
            make(root, [*entry.base, *entry.edits])
            try:
                after = evaluate(root, config_file=root / entry.stack_file)
                before, after = earlier.both_probed(after, root)
            except (ProgramError, StackFileError) as error:
                status: Status = "right" if entry.rejected else "error"
                return Result(
                    entry=entry, status=status, got="rejected", texts=(str(error).replace(f"{root}/", ""),)
                )
        comparison = compare(before, after)
        closed = gate.decide(comparison, gate.GROUNDS).closed_by
    except Exception as error:  # one change that cannot be judged does not end the others
        return Result(
            entry=entry, status="error", got=type(error).__name__, texts=(f"{type(error).__name__}: {error}",)
        )
    failed = {ground for finding in closed for ground in finding.closes}
    if not entry.danger:
        status = "TOO MUCH" if closed else "right"
    elif failed & set(entry.closes):
        status = "right"
    else:
        status = "OTHER GROUND" if closed else "TOO LITTLE"
    return Result(
        entry=entry,
        status=status,
        got=comparison.consequence.label,
        closed_by=tuple(sorted({finding.ground for finding in closed})),
        texts=tuple(f"{finding.ground}: {finding.text}" for finding in closed),
    )


def run(chosen: Sequence[Entry], processes: int = 2) -> Iterator[Result]:
    """The results in the order given. Each process loads the SDKs once."""
    if processes < 2 or len(chosen) < 4:
        yield from map(run_entry, chosen)
        return
    # Neighbours share an example, and so the evaluation before the change.
    order = sorted(range(len(chosen)), key=lambda i: (chosen[i].example, i))
    half = [order[start::processes] for start in range(processes)]
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        made = pool.map(_judge_all, [[chosen[i] for i in part] for part in half])
        results = {
            i: result
            for part, found in zip(half, made, strict=True)
            for i, result in zip(part, found, strict=True)
        }
    yield from (results[i] for i in range(len(chosen)))


def _judge_all(part: list[Entry]) -> list[Result]:
    return [run_entry(entry) for entry in part]


def table(results: Sequence[Result]) -> str:
    """A line a change, and the counts."""
    rows = [("id", "expected", "got", "closed by", "")]
    for result in results:
        expected = "/".join(result.entry.closes) if result.entry.danger else "open"
        rows.append(
            (result.entry.id, expected, result.got, ", ".join(result.closed_by) or "open", result.status)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]])
        for row in rows
    ]
    return "\n".join([*(line.rstrip() for line in lines), "", *counts(results)])


def counts(results: Sequence[Result]) -> list[str]:
    """How many dangerous and harmless changes have each status."""
    lines: list[str] = []
    for label, danger in (("dangerous", True), ("harmless", False)):
        mine = [result.status for result in results if result.entry.danger is danger]
        if mine:
            each = ", ".join(
                f"{mine.count(status)} {status}" for status in dict.fromkeys(sorted(mine, key=str.swapcase))
            )
            lines.append(f"{label}: {len(mine)}: {each}")
    return lines
