"""One machine's step that makes the app's role."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.evaluations import ROOT
from tests.machine.double import Double
from tests.machine.postgres import Server


class Machine:
    """One machine's boot step, against the real server and a double of Secrets Manager."""

    def __init__(
        self, root: Path, server: Server, cloud: Double, name: str, password: str, role: str | None = None
    ) -> None:
        etc = root / "etc/drawbridge"
        etc.mkdir(parents=True)
        shutil.copy(server.folder / "ca.pem", etc / "rds-ca.pem")
        database = {
            "host": "localhost",
            "port": server.port,
            "name": name,
            "role": role or name,
            "master_secret": "arn:master",
        }
        (etc / "machine.json").write_text(json.dumps({"region": "eu-west-1", "database": database}))
        (etc / "secrets.json").write_text(json.dumps({"PGPASSWORD": password}))
        self.environment = {
            "PATH": os.environ["PATH"],
            "DRAWBRIDGE_ROOT": str(root),
            "DRAWBRIDGE_PATIENCE": "0",
            **cloud.environment(),
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "cloud-init" / "drawbridge"), *(words or ["database"])]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60)
