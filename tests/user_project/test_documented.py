"""The commands of docs/your-project.md, in their order, in a fresh folder."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.evaluations import ROOT

from .places import ENVIRONMENT, installed

ORIGIN = "https://github.com/OWNER/drawbridge"


def test_the_pages_commands_do_what_it_says(tmp_path: Path, drawbridge: Path) -> None:
    page = (ROOT / "docs/your-project.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 4
    commands = "".join(blocks).splitlines()
    # Its environment is this one's; nothing else of the page is different here.
    ready = next(number for number, line in enumerate(commands) if "checkout -q v1.0.0" in line)
    (tmp_path / "ready").mkdir()
    installed(tmp_path / "ready")
    commands.insert(ready + 1, f"mv {tmp_path}/ready/.venv drawbridge/.venv")
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", "\n".join(commands)],
        cwd=tmp_path,
        env={
            **ENVIRONMENT,
            "GIT_CONFIG_COUNT": "4",
            "GIT_CONFIG_KEY_3": f"url.file://{drawbridge}.insteadOf",
            "GIT_CONFIG_VALUE_3": ORIGIN,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("shop / prod\n") == 4
    assert done.stdout.count("wiki / prod\n") == 1
    assert re.search(r"Drawbridge: 1\.0\.0 \(\w{12}\) → 1\.1\.0 \(\w{12}\)", done.stdout)
