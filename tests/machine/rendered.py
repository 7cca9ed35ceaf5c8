"""What a machine gets, and what Compose makes of it: read from an example's evaluation."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests import invariants
from tests.evaluations import ROOT, deployed

COMPOSE = Path(sys.executable).parent / "docker-compose"
SCRIPTS = ROOT / "cloud-init"


def written(example: str, delivery: str, **changes: Any) -> dict[str, str]:
    """A machine's files by their paths."""
    template = deployed(example, secretDelivery=delivery, **changes).of_type(invariants.LAUNCH_TEMPLATE)[0]
    return {file["path"]: file["content"] for file in invariants.user_data_of(template)["write_files"]}


def project(example: str, folder: Path, **changes: Any) -> None:
    """The app's folder as a machine has it after its boot; ``changes`` replace sections of the stack file."""
    files = written(example, "cloud-init", **changes)
    for path, content in files.items():
        if path.startswith("/opt/drawbridge/app/"):
            target = folder / path.removeprefix("/opt/drawbridge/app/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content)
    facts = json.loads(files["/etc/drawbridge/machine.json"])
    secrets = json.loads(files["/etc/drawbridge/secrets.json"])
    del secrets["TUNNEL_TOKEN"]
    quoted = agent()["quoted"]
    (folder / ".env").write_text(
        "".join(f"{k}={quoted(v)}\n" for k, v in {**facts["env"], **secrets}.items())
    )


def agent() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPTS / "drawbridge"), run_name="agent")


def merged(folder: Path, *options: str) -> dict[str, Any]:
    """The compose file with its overlay, as Compose itself reads them; ``--profile once-NAME`` adds what runs once."""
    files = ["-f", "compose.yaml", "-f", "compose.override.yaml"]
    command = [str(COMPOSE), "--project-name", "app", *files, *options, "config", "--format", "json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return dict(json.loads(done.stdout))
