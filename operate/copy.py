"""`cp` out of a service's container and into one, as tar archives over the connection."""

from __future__ import annotations

import posixpath
import subprocess
import tarfile
from pathlib import Path

from operate import remote
from operate.connection import Connection
from operate.stack import Fault


def place(text: str) -> tuple[str, str] | None:
    """(service, path) of `SERVICE:PATH`; None for a path of this machine's."""
    name, colon, path = text.partition(":")
    return (name, path) if colon and path and remote.SERVICE.fullmatch(name) else None


def copy(connection: Connection, source: str, target: str) -> None:
    """One of the two is `SERVICE:PATH`. Raises Fault."""
    there, here = place(source), place(target)
    if bool(there) == bool(here):
        raise Fault(
            f"cp: expected one SERVICE:PATH and one path of this machine's, found {source!r} and {target!r}"
        )
    if there:
        _out(connection, there, Path(target))
    elif here:
        _in(connection, Path(source), here)


def _out(connection: Connection, there: tuple[str, str], target: Path) -> None:
    name = posixpath.basename(there[1].rstrip("/"))
    renamed = not target.is_dir()
    folder = target.parent if renamed else target
    if not folder.is_dir():
        raise Fault(f"cp: {folder} is no folder")
    with subprocess.Popen(
        connection.command(remote.copy_out(*there)),
        env=dict(connection.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        try:
            with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
                for member in archive:
                    if renamed:
                        member = member.replace(name=target.name + member.name.removeprefix(name), deep=False)
                    # What a container holds may be anybody's: nothing of it leaves the folder, links and devices neither.
                    archive.extract(member, folder, filter="data")
        except tarfile.TarError as error:
            process.wait()
            if not process.returncode:
                raise Fault(f"cp: {error}") from None
    if process.returncode:
        raise Fault(f"cp: {there[0]}:{there[1]} cannot be read (exit code {process.returncode})")


def _in(connection: Connection, source: Path, there: tuple[str, str]) -> None:
    if not source.exists():
        raise Fault(f"cp: {source} does not exist")
    folder, name = there[1], source.name
    if not folder.endswith("/"):
        folder, name = posixpath.split(folder)
    with subprocess.Popen(
        connection.command(remote.copy_in(there[0], folder or "/")),
        env=dict(connection.environment),
        stdin=subprocess.PIPE,
    ) as process:
        assert process.stdin
        try:
            with tarfile.open(fileobj=process.stdin, mode="w|") as archive:
                archive.add(source, arcname=name)
            process.stdin.close()
        except BrokenPipeError:
            pass
    if process.returncode:
        raise Fault(f"cp: {there[0]}:{there[1]} cannot be written (exit code {process.returncode})")
