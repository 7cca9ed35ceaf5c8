"""The other version of a stack: a git ref of the project, or a stack file."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from preview.evaluate.program import ProgramError, evaluate, kept_loaded
from preview.evaluate.stackfile import StackFileError
from preview.resources import Evaluation


class AgainstError(ValueError):
    """The other version cannot be had; the text says why and what would do."""


@dataclass(frozen=True)
class Earlier:
    """Where the other version lies while it is looked at; ``file`` is None where it has no such stack file."""

    root: Path
    file: Path | None
    borrowed: bool
    """Is ``root`` the project itself, which must not be written to?"""


@contextlib.contextmanager
def earlier(root: Path, reference: str, *, stack: str | None, config_file: Path | None) -> Iterator[Earlier]:
    """The program and its stack file at a git ref, in a folder of their own, or this program with another stack file."""
    if Path(reference).is_file():
        yield Earlier(root.resolve(), Path(reference), True)
        return
    commit = _commit(root, reference)
    top = Path(_git(root, "rev-parse", "--show-toplevel").decode().strip()).resolve()
    file = (config_file or root / f"Pulumi.{stack or 'prod'}.yaml").resolve()
    if not file.is_relative_to(top):
        raise AgainstError(
            f"--against {reference}: {file} lies outside the repository {top}. Give --against a stack file instead."
        )
    with tempfile.TemporaryDirectory(prefix="drawbridge-against-") as folder:
        there = Path(folder).resolve()
        with tarfile.open(fileobj=io.BytesIO(_git(top, "archive", "--format=tar", commit))) as archive:
            if hasattr(tarfile, "data_filter"):  # not before Python 3.11.4
                archive.extraction_filter = _inside
            archive.extractall(there)
        place, there_file = there / root.resolve().relative_to(top), there / file.relative_to(top)
        with kept_loaded(place):
            yield Earlier(place, there_file if there_file.is_file() else None, False)


def evaluate_earlier(there: Earlier, reference: str, after: Evaluation) -> Evaluation:
    """The earlier version of ``after``. A stack file that it does not have is a new stack: nothing was there."""
    if there.file is None:
        return nothing(after)
    try:
        return evaluate(there.root, stack=after.stack, config_file=there.file)
    except (ProgramError, StackFileError) as error:
        if there.borrowed:
            raise AgainstError(f"--against {reference}: {error}") from None
        told = re.sub(r"/\S*drawbridge-against-[^/]+/", "", str(error))
        raise AgainstError(f"--against {reference}: the program there stops: {told}") from None


def evaluate_against(
    root: Path, reference: str, *, stack: str | None, config_file: Path | None, after: Evaluation
) -> Evaluation:
    """The earlier version of ``after``, see `earlier`. Raises AgainstError."""
    with earlier(root, reference, stack=stack, config_file=config_file) as there:
        return evaluate_earlier(there, reference, after)


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
            f"--against {reference}: neither a file nor a commit of this repository. A shallow clone has no earlier commits: "
            f"`git fetch origin {reference}` first."
        ) from None


def _git(folder: Path, *arguments: str) -> bytes:
    try:
        return subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True).stdout
    except FileNotFoundError:
        raise AgainstError(
            "--against needs git, which is not on this machine. Give it a stack file instead."
        ) from None
    except subprocess.CalledProcessError as error:
        raise AgainstError(f"git {arguments[0]}: {error.stderr.decode(errors='replace').strip()}") from None
