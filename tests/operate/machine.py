"""A machine that is reached by ssh: a real sshd in a mount namespace that has our agent and its files, and stand-ins for Docker and sudo."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.evaluations import ROOT

HERE = Path(__file__).parent
INSTANCE = "i-0123456789abcdef0"
SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:{ROOT}/.venv/tools")


def missing() -> str:
    """Why no machine can be had here; "" where it can."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        return "needs root and unshare, for an /etc and /opt of its own"
    if not SSHD or not shutil.which("ssh"):
        return "needs OpenSSH, its server too (sshd)"
    return ""


needs_machine = pytest.mark.skipif(bool(missing()), reason=missing() or "-")

INSIDE = """
set -eu
mount --bind {etc} /etc
mount --bind {opt} /opt
mount -t tmpfs tmpfs /run
mkdir /run/sshd
exec {sshd} -D -e -f {config}
"""
CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {place}/host
AuthorizedKeysFile {place}/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
PidFile none
SetEnv PATH={place}/machine-bin:/usr/bin:/bin
"""


@dataclass
class Place:
    """``bin`` is what the operator's own PATH begins with; ``docker`` the folder of the stand-in's calls, containers and files."""

    folder: Path
    port: int

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    @property
    def docker(self) -> Path:
        return self.folder / "docker"

    def authorise(self, public_key: str) -> None:
        (self.folder / "authorized").write_text(public_key + "\n")

    def calls(self) -> list[list[str]]:
        file = self.docker / "calls"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def tunnels(self) -> list[list[str]]:
        lines = (self.folder / "aws.log").read_text().splitlines()
        return [arguments for arguments in map(json.loads, lines) if arguments != ["--version"]]

    def containers(self) -> list[str]:
        return sorted(path.name for path in (self.docker / "containers").iterdir())

    def secrets(self, **given: Any) -> None:
        """`machine.json`, `secrets.json` and the database's certificate."""
        etc = self.folder / "etc" / "drawbridge"
        here: dict[str, Any] = {
            "name": "shop-prod-host",
            "efs": "",
            "database": given.get("database"),
            "once": [],
        }
        (etc / "machine.json").write_text(json.dumps(here))
        (etc / "secrets.json").write_text(json.dumps({"PGPASSWORD": given.get("password", "")}))
        (etc / "rds-ca.pem").write_text(given.get("ca", ""))


def script(path: Path, *words: str | Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\nexec " + " ".join(map(str, words)) + ' "$@"\n')
    path.chmod(0o755)


@contextmanager
def machine(folder: Path) -> Iterator[Place]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        place = Place(folder, probe.getsockname()[1])
    for name in (
        "docker/containers",
        "docker/files/web",
        "docker/files/api",
        "opt/drawbridge/app",
        "opt/drawbridge/bin",
    ):
        (folder / name).mkdir(parents=True)
    shutil.copy(ROOT / "cloud-init" / "drawbridge", folder / "opt/drawbridge/bin/drawbridge")
    (folder / "opt/drawbridge/bin/drawbridge").chmod(0o755)
    shutil.copytree("/etc", folder / "etc", symlinks=True, ignore=shutil.ignore_patterns("ssl"))
    (folder / "etc/drawbridge").mkdir()
    with open(folder / "etc/passwd", "a") as users:
        print(f"ubuntu:x:0:0::{folder}:/bin/sh", file=users)
        print("sshd:x:74:74::/run/sshd:/usr/sbin/nologin", file=users)
    place.secrets()
    python = sys.executable
    script(place.bin / "aws", python, HERE / "aws_cli.py", str(place.port), folder / "aws.log")
    script(folder / "machine-bin" / "docker", python, HERE / "docker_cli.py", place.docker)
    # Whoever logs in is root already; that nothing is asked for, is what `-n` says.
    (folder / "machine-bin" / "sudo").write_text('#!/bin/sh\n[ "$1" = -n ] || exit 9\nshift\nexec "$@"\n')
    (folder / "machine-bin" / "sudo").chmod(0o755)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "host")], check=True)
    (folder / "sshd_config").write_text(CONFIG.format(port=place.port, place=folder))
    inside = INSIDE.format(etc=folder / "etc", opt=folder / "opt", sshd=SSHD, config=folder / "sshd_config")
    with open(folder / "sshd.log", "w") as log:
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", inside]
        with subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL) as process:
            try:
                _listens(place)
                yield place
            finally:
                process.terminate()


def _listens(place: Place) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", place.port)).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError((place.folder / "sshd.log").read_text())
