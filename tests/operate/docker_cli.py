"""Stands for Docker on the machine: containers are processes that outlive whoever asked for them, as the daemon's do.

python docker_cli.py FOLDER ARGUMENTS...    FOLDER/calls: each call's arguments; FOLDER/containers; FOLDER/files/SERVICE
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

COMPOSE = ["--project-name", "app", "-f", "compose.yaml", "-f", "compose.override.yaml"]
SERVICES = {"web", "api"}


def service(name: str) -> str:
    if name not in SERVICES:
        sys.exit(f"no such service: {name}")
    return name


def run(folder: Path, words: list[str]) -> int:
    """`run --rm --no-deps --name NAME [-T] SERVICE COMMAND...`"""
    assert words[:3] == ["--rm", "--no-deps", "--name"], words
    container, rest = folder / "containers" / words[3], words[4:]
    rest = rest[1:] if rest[0] == "-T" else rest
    service(rest[0])
    process = subprocess.Popen(rest[1:], start_new_session=True)
    container.write_text(str(process.pid))
    code = process.wait()
    container.unlink(missing_ok=True)
    return code if code >= 0 else 128 - code


def remove(folder: Path, name: str) -> None:
    container = folder / "containers" / name
    if not container.exists():
        sys.exit(f"Error response from daemon: No such container: {name}")
    os.killpg(int(container.read_text()), signal.SIGKILL)
    container.unlink(missing_ok=True)


def copy(folder: Path, source: str, target: str) -> None:
    if target == "-":
        name, _, path = source.partition(":")
        place = folder / "files" / service(name) / path.lstrip("/")
        with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as archive:
            archive.add(place, arcname=place.name)
    else:
        assert source == "-"
        name, _, path = target.partition(":")
        place = folder / "files" / service(name) / path.lstrip("/")
        with tarfile.open(fileobj=io.BytesIO(sys.stdin.buffer.read())) as archive:
            archive.extractall(place, filter="data")


def main() -> int:
    folder, arguments = Path(sys.argv[1]), sys.argv[2:]
    with open(folder / "calls", "a") as file:
        print(json.dumps(arguments), file=file)
    if arguments[:2] == ["rm", "-f"]:
        remove(folder, arguments[2])
        return 0
    if arguments[0] == "stats":
        print("NAME       CPU %")
        return 0
    if arguments[:2] == ["ps", "-aq"]:
        return 0
    assert arguments[0] == "compose" and arguments[1:7] == COMPOSE, arguments
    assert os.getcwd() == "/opt/drawbridge/app"
    verb, rest = arguments[7], arguments[8:]
    if verb == "run":
        return run(folder, rest)
    if verb == "exec":
        rest = rest[1:] if rest[0] == "-T" else rest
        service(rest[0])
        return subprocess.run(rest[1:], check=False).returncode
    if verb == "cp":
        copy(folder, *rest)
    elif verb == "restart":
        service(rest[0])
    elif verb in ("ps", "logs"):
        print(f"{verb} of app")
    else:
        sys.exit(f"unknown docker command: {verb}")
    return 0


sys.exit(main())
