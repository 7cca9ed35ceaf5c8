"""The other version of a stack: a git ref of the project, or a stack file."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from preview.evaluate.program import ProgramError, evaluate, kept_loaded
from preview.evaluate.project import program_of
from preview.evaluate.project import stack_file as stack_file
from preview.evaluate.submodules import Pin, archive, pins
from preview.evaluate.yaml_file import StackFileError, load_yaml
from preview.resources import Evaluation


class AgainstError(ValueError):
    """The other version cannot be had; the text says why and what would do."""


@dataclass(frozen=True)
class Earlier:
    """Where the other version lies while it is looked at; ``file`` is None where it has no such stack file."""

    root: Path
    file: Path | None
    program: Path
    borrowed: bool
    """Is ``root`` the project itself, which must not be written to?"""
    pin: str = ""
    """The commit that the program is held at, where it is a submodule."""
    missing: tuple[Pin, ...] = ()
    """Submodules whose files are not at hand."""


@contextlib.contextmanager
def earlier(root: Path, reference: str, *, stack: str | None, config_file: Path | None) -> Iterator[Earlier]:
    """The program and its stack file at a git ref, in a folder of their own, or this program with another stack file."""
    if Path(reference).is_file():
        yield Earlier(root.resolve(), Path(reference), program_of(root), True)
        return
    commit = _commit(root, reference)
    top = Path(_git(root, "rev-parse", "--show-toplevel").decode().strip()).resolve()
    file = stack_file(root, stack, config_file).resolve()
    if not file.is_relative_to(top):
        raise AgainstError(
            f"--against {reference}: expected a stack file in the repository {top}, found {file}; give --against a stack file "
            "instead"
        )
    with tempfile.TemporaryDirectory(prefix="drawbridge-against-") as folder:
        there = Path(folder).resolve()
        _extract(_git(top, "archive", "--format=tar", commit), there)
        held = pins(top, commit)
        missing = tuple(pin for pin in held if not _filled(top, pin, there))
        place, there_file = there / root.resolve().relative_to(top), there / file.relative_to(top)
        if not there_file.is_file():
            yield Earlier(place, None, place, False)
            return
        program = _program(place, reference, missing)
        name = program.relative_to(there).as_posix() if program.is_relative_to(there) else ""
        at = next((pin.commit for pin in held if name == pin.path or name.startswith(f"{pin.path}/")), "")
        with kept_loaded(program):
            yield Earlier(place, there_file, program, False, at, missing)


def _extract(archive: bytes, folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        if hasattr(tarfile, "data_filter"):  # not before Python 3.11.4
            files.extraction_filter = _inside
        files.extractall(folder)


def _filled(top: Path, pin: Pin, there: Path) -> bool:
    """Whether the files of a submodule could be put in their place."""
    held = archive(top, pin)
    if held is not None:
        _extract(held, there / pin.path)
    return held is not None


def evaluate_earlier(there: Earlier, reference: str, after: Evaluation) -> Evaluation:
    """The earlier version of ``after``. A stack file that it does not have is a new stack: nothing was there."""
    if there.file is None:
        return nothing(after)
    try:
        return evaluate(there.root, stack=after.stack, config_file=there.file)
    except (ProgramError, StackFileError) as error:
        if there.borrowed:
            raise AgainstError(f"--against {reference}: {error}") from None
        reason = "; ".join([_message(error), *map(_not_at_hand, there.missing)])
        raise AgainstError(f"--against {reference}: the program there stops: {reason}") from None


def _program(root: Path, reference: str, missing: tuple[Pin, ...]) -> Path:
    try:
        return program_of(root)
    except StackFileError as error:
        # A submodule that is not at hand is the likelier reason than a fault that somebody committed.
        reason = "; ".join(map(_not_at_hand, missing)) or _message(error)
        raise AgainstError(f"--against {reference}: {reason}") from None


def _not_at_hand(pin: Pin) -> str:
    return (
        f"{pin.path} is a submodule, there at {pin.commit[:12]}, a commit that this clone does not have; fetch it: "
        f"`git -C {pin.path} fetch origin {pin.commit}`"
    )


def _message(error: Exception) -> str:
    """Its text without the folder that the other version lies in."""
    return re.sub(r"/\S*drawbridge-against-[^/]+/", "", str(error))


def evaluate_against(
    root: Path, reference: str, *, stack: str | None, config_file: Path | None, after: Evaluation
) -> Evaluation:
    """The earlier version of ``after``, see `earlier`. Raises AgainstError."""
    with earlier(root, reference, stack=stack, config_file=config_file) as there:
        return evaluate_earlier(there, reference, after)


@dataclass(frozen=True)
class Gone:
    """A stack file that the other version has beside the one compared, and the working tree has not."""

    stack: str
    file: Path


def gone_stacks(there: Earlier, root: Path, file: Path) -> list[Gone]:
    """The stacks beside ``file`` whose files are gone from the working tree."""
    if there.borrowed:
        return []
    folder = file.resolve().parent
    place = there.root / os.path.relpath(folder, root.resolve())
    listed = sorted(place.glob("Pulumi.*.yaml")) if place.is_dir() else []
    return [
        Gone(item.name.removeprefix("Pulumi.").removesuffix(".yaml"), item)
        for item in listed
        if not (folder / item.name).exists()
    ]


def successor_of(gone: list[Gone], file: Path) -> Gone | None:
    """The gone stack whose file ``file`` was, by its text, as git finds renamed files; None if it is none of them."""
    text = file.read_text(encoding="utf-8", errors="replace").splitlines()
    alike = [
        (
            SequenceMatcher(
                None, item.file.read_text(encoding="utf-8", errors="replace").splitlines(), text
            ).ratio(),
            item,
        )
        for item in gone
    ]
    found = max(alike, key=lambda pair: pair[0], default=None)
    return found[1] if found and found[0] >= 0.5 else None


def evaluate_gone(there: Earlier, reference: str, gone: Gone) -> Evaluation:
    """A gone stack as it was. Raises AgainstError."""
    try:
        return evaluate(there.root, stack=gone.stack, config_file=gone.file)
    except (ProgramError, StackFileError) as error:
        raise AgainstError(f"--against {reference}: the stack {gone.stack} there: {error}") from None


def acknowledgements_beside(file: Path) -> str:
    """What the stack files beside a gone one acknowledge, as `drawbridge:acknowledge` has it: it has no file to say so in."""
    found: list[object] = []
    for other in sorted(file.parent.glob("Pulumi.*.yaml")):
        with contextlib.suppress(StackFileError, ValueError):
            document = load_yaml(other, file.parent)
            config = document.get("config") if isinstance(document, dict) else None
            listed = config.get("drawbridge:acknowledge") if isinstance(config, dict) else None
            found += [
                item
                for item in (listed if isinstance(listed, list) else [])
                if isinstance(item, dict) and {"change", "of", "reason"} <= item.keys()
            ]
    return json.dumps(found)


def _inside(member: tarfile.TarInfo, place: str) -> tarfile.TarInfo | None:
    """What a commit holds, without links that lead out of it: the program there cannot need them."""
    try:
        return tarfile.data_filter(member, place)
    except (tarfile.AbsoluteLinkError, tarfile.LinkOutsideDestinationError):
        return None


def nothing(after: Evaluation) -> Evaluation:
    """A stack of the same name that has nothing yet."""
    return Evaluation(
        project=after.project,
        stack=after.stack,
        resources=(),
        outputs={},
        raw_outputs={},
        warnings=(),
        user_data={},
        config={key: value for key, value in after.config.items() if key == "aws:region"},
    )


def _commit(root: Path, reference: str) -> str:
    try:
        return (
            _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
            .decode()
            .strip()
        )
    except AgainstError:
        raise AgainstError(
            f"--against {reference}: expected a file or a commit of this repository, found neither; a shallow clone has no "
            f"earlier commits: `git fetch origin {reference}` first"
        ) from None


def _git(folder: Path, *arguments: str) -> bytes:
    try:
        return subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True).stdout
    except FileNotFoundError:
        raise AgainstError(
            "--against: program not found: git; install it, or give a stack file instead"
        ) from None
    except subprocess.CalledProcessError as error:
        raise AgainstError(f"git {arguments[0]}: {error.stderr.decode(errors='replace').strip()}") from None
