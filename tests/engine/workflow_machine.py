"""The machine that the workflows' steps run on: the usual tools, a Python whose `make .venv/.installed` needs no network, a double of AWS's CLI.

Only what would be fetched is replaced: the Makefile, the scripts and the program are the checkout's own.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from . import warm
from .harness import used_by_programs

_WITHOUT = ("pulumi", "aws", "act", "python")  # what a runner's machine has not, until an action brings it

_PYTHON = """\
#!/bin/sh
# `python -m venv FOLDER` lays an environment in which everything is installed already.
if [ "$1 $2" = "-m venv" ]; then mkdir -p "$3/bin" && exec cp '{venv}'/* "$3/bin/"; fi
exec '{python}' "$@"
"""
_VENV_PYTHON = """\
#!/bin/sh
case "$*" in
"-m pip install "*|"-m compileall "*) exit 0 ;;
"-m preview "*|"-m preview.drift "*) exec '{python}' -I -S '{client}' '{address}' "$@" ;;
esac
exec '{other}' "$@"
"""
# What the look asks AWS, which knows whoever entered it; the answer is the file that the test left.
_AWS = """\
#!/bin/sh
[ -n "$AWS_SESSION_TOKEN" ] || {{ echo "Unable to locate credentials" >&2; exit 253; }}
case "$*" in "ec2 describe-security-group-rules --filters Name=group-id,Values="*" --output json") ;; *) exit 252 ;; esac
cat '{rules}'
"""


def tools(folder: Path) -> Path:
    """A folder with all that is on PATH, without what a runner's machine has only after an action brought it."""
    folder.mkdir(parents=True)
    for directory in os.environ["PATH"].split(":"):
        if Path(directory).is_dir():
            for program in Path(directory).iterdir():
                if not program.name.startswith(_WITHOUT) and not (folder / program.name).exists():
                    (folder / program.name).symlink_to(program)
    (folder / "python3").symlink_to(sys.executable)
    return folder


def machine(folder: Path, home: Path | None = None) -> Path:
    """The tools, with a warm Python for the preview. `home`: a PULUMI_HOME whose warm Python programs run with."""
    bin_ = tools(folder / "bin")
    if home is None:
        address = folder / "preview.socket"
        warm.start(address, used_by_programs(), [])()
        warm.python_like(folder / "warm" / "python", address, "-m preview")
        other, client = Path(sys.executable), folder / "warm" / "warm-client.py"
    else:
        other, address = home / "venv" / "bin" / "python", home / "programs.socket"
        client = other.parent / "warm-client.py"
    venv = folder / "venv"
    venv.mkdir()
    words = {"python": sys.executable, "client": client, "address": address, "other": other, "venv": venv}
    executable(venv / "python", _VENV_PYTHON.format(**words))
    executable(venv / "uv", "#!/bin/sh\nexit 0\n")
    (bin_ / "python3").unlink()
    executable(bin_ / "python3", _PYTHON.format(**words))
    executable(bin_ / "aws", _AWS.format(rules=folder / "rules.json"))
    (folder / "rules.json").write_text('{"SecurityGroupRules": []}', encoding="utf-8")
    return bin_


def executable(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    file.chmod(0o755)


def cli() -> Path | None:
    """The folder of the Pulumi CLI, None where there is none."""
    found = shutil.which("pulumi")
    return Path(found).parent if found else None
