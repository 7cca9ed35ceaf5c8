"""The other version of a stack: a git ref of the project, or a stack file."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

from preview.evaluate.program import ProgramError, evaluate
from preview.evaluate.stackfile import StackFileError
from preview.resources import Evaluation


class AgainstError(ValueError):
    """The other version cannot be had; the text says why and what would do."""


def evaluate_against(
    root: Path, reference: str, *, stack: str | None, config_file: Path | None, after: Evaluation
) -> Evaluation:
    """The earlier version of ``after``: the program and its stack file at a git ref, or this program with another stack file.

    A stack file that the ref does not have yet is a new stack: nothing was there. Raises AgainstError.
    """
    if Path(reference).is_file():
        try:
            return evaluate(root, stack=after.stack, config_file=Path(reference))
        except (ProgramError, StackFileError) as error:
            raise AgainstError(f"--against {reference}: {error}") from None
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
        place = there / root.resolve().relative_to(top)
        earlier = there / file.relative_to(top)
        if not earlier.is_file():
            return nothing(after)
        try:
            return evaluate(place, stack=after.stack, config_file=earlier)
        except (ProgramError, StackFileError) as error:
            raise AgainstError(
                f"--against {reference}: the program there stops: {str(error).replace(f'{there}/', '')}"
            ) from None


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
