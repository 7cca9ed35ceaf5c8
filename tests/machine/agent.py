"""The machine's own program below another root, with stand-ins for the tools that it calls."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.evaluations import ROOT
from tests.machine.double import Double

AGENT = ROOT / "cloud-init" / "drawbridge"
FACTS: dict[str, Any] = {
    "name": "drawbridge-prod-host",
    "region": "eu-west-1",
    "env": {"PLAIN": "a b"},
    "parameters": {},
    "registries": [],
    "log_group": "",
    "launch_hook": "ready",
    "terminate_hook": "drain",
}


def impatient(root: Path, cloud: Double) -> dict[str, str]:
    """The environment of a program below ``root``, in which what is waited for takes seconds."""
    return {
        "PATH": f"{root}/bin:{os.environ['PATH']}",
        "DRAWBRIDGE_ROOT": str(root),
        "DRAWBRIDGE_PATIENCE": "0",
        "DRAWBRIDGE_PAUSE": "0.05",
        **cloud.environment(),
    }


class Machine:
    def __init__(self, root: Path, cloud: Double) -> None:
        self.root, self.cloud = root, cloud
        for folder in ("etc/drawbridge", "opt/drawbridge/app", "var/log", "run", "bin"):
            (root / folder).mkdir(parents=True)
        self.tool("systemctl", "true")
        self.tool("docker", "true")

    def facts(self, **changes: Any) -> None:
        (self.root / "etc/drawbridge/machine.json").write_text(json.dumps({**FACTS, **changes}))

    def secrets(self, **values: str) -> None:
        (self.root / "etc/drawbridge/secrets.json").write_text(json.dumps(values))

    def docker(self, *containers: dict[str, Any]) -> None:
        """A stand-in that lists these containers and writes its arguments and standard input down."""
        (self.root / "inspect.json").write_text(json.dumps(containers))
        self.tool(
            "docker",
            f"""
            echo "docker $*" >> {self.root}/argv
            case "$1" in
              ps) {"echo id" if containers else "true"};;
              inspect) cat {self.root}/inspect.json;;
              login) cat > {self.root}/stdin;;
            esac""",
        )

    def tool(self, name: str, body: str) -> None:
        path = self.root / "bin" / name
        path.write_text("#!/bin/sh\n" + body + "\n")
        path.chmod(0o755)

    def argv(self) -> list[str]:
        path = self.root / "argv"
        return path.read_text().splitlines() if path.exists() else []

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        settings = {**impatient(self.root, self.cloud), **environment}
        return subprocess.run(
            [sys.executable, str(AGENT), *command], env=settings, capture_output=True, text=True, timeout=60
        )

    def file(self, path: str) -> tuple[str, int]:
        there = self.root / path
        return there.read_text(), stat.S_IMODE(there.stat().st_mode)


def container(
    service: str,
    status: str = "running",
    health: str | None = "healthy",
    code: int = 0,
    restart: str = "always",
) -> dict[str, Any]:
    state: dict[str, Any] = {
        "Status": status,
        "ExitCode": code,
        **({"Health": {"Status": health}} if health else {}),
    }
    labels = {"com.docker.compose.service": service}
    return {
        "Id": service,
        "RestartCount": 0,
        "State": state,
        "Config": {"Labels": labels},
        "HostConfig": {"RestartPolicy": {"Name": restart}},
    }
