"""Repositories as users have them, and a Drawbridge of two versions for them to take."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_NOT_NEEDED = {"tests", "bench", "examples", "docs", "policy"}
ENTRY = """## 1.1.0 - 2026-12-01

**Replaced.** Machines, by a rolling release: their metadata answers two hops away.

**To do.** Nothing.

**New.**

- `make preview` says more.
- [Settings](docs/settings.md) are shorter.

"""
ENVIRONMENT = {
    **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_COUNT": "3",
    "GIT_CONFIG_KEY_0": "protocol.file.allow",
    "GIT_CONFIG_VALUE_0": "always",
    "GIT_CONFIG_KEY_1": "user.name",
    "GIT_CONFIG_VALUE_1": "t",
    "GIT_CONFIG_KEY_2": "user.email",
    "GIT_CONFIG_VALUE_2": "t@example.com",
    # Like an installation: what runs is this environment's Python, and nothing is written beside the program.
    "PYTHONDONTWRITEBYTECODE": "1",
}


def git(place: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=place, env=ENVIRONMENT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(place: Path, message: str) -> str:
    git(place, "add", "-A")
    git(place, "commit", "-qm", message)
    return git(place, "rev-parse", "HEAD")


def replaced(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{file} has no {old}"
    file.write_text(text.replace(old, new), encoding="utf-8")


def make_drawbridge(place: Path, *, whole: bool = False) -> Path:
    """A repository of Drawbridge's working tree, tagged v1.0.0 and v1.1.0; ``whole``: with what a program does not need."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        source = ROOT / name
        if source.is_file() and not source.is_symlink() and (whole or name.split("/")[0] not in _NOT_NEEDED):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, place / name)
    git(place, "init", "-q", "-b", "main")
    (place / "VERSION").write_text("1.0.0\n")
    commit(place, "1.0.0")
    git(place, "tag", "v1.0.0")
    (place / "VERSION").write_text("1.1.0\n")
    replaced(place / "CHANGELOG.md", "## 1.0.0 ", f"{ENTRY}## 1.0.0 ")
    replaced(
        place / "components/host.py", '"http_put_response_hop_limit": 1', '"http_put_response_hop_limit": 2'
    )
    commit(place, "1.1.0")
    git(place, "tag", "v1.1.0")
    return place


def make_app(place: Path, name: str, main: str, hostname: str = "rec.example.com") -> Path:
    """A project: an app's files, its stack file with paths from where it lies, and a Pulumi.yaml whose `main:` points away."""
    example = ROOT / "examples" / "maycast-recorder"
    (place / "nginx").mkdir(parents=True)
    shutil.copy(example / "compose.yaml", place)
    shutil.copy(example / "nginx" / "default.conf", place / "nginx")
    text = (example / "Pulumi.prod.yaml").read_text(encoding="utf-8")
    text = text.replace("examples/maycast-recorder/", "").replace("rec.example.com", hostname)
    (place / "Pulumi.prod.yaml").write_text(text, encoding="utf-8")
    (place / "Pulumi.yaml").write_text(
        f"name: {name}\nmain: {main}\n"
        f"runtime: {{name: python, options: {{toolchain: pip, virtualenv: {main}/.venv}}}}\n"
    )
    return place


def submodule(repository: Path, drawbridge: Path, path: str = "drawbridge", version: str = "v1.0.0") -> None:
    if not (repository / ".git").exists():
        git(repository, "init", "-q", "-b", "main")
    git(repository, "submodule", "--quiet", "add", f"file://{drawbridge}", path)
    pin(repository, version, path)


def pin(repository: Path, version: str, path: str = "drawbridge") -> None:
    """Take another version: the one step that an upgrade is."""
    git(repository / path, "checkout", "-q", version)


def unpacked(drawbridge: Path, target: Path, version: str = "v1.0.0") -> None:
    """A release's files in a folder of the user's repository; for git, a subtree is the same."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    archive = subprocess.run(
        ["git", "archive", version], cwd=drawbridge, env=ENVIRONMENT, check=True, capture_output=True
    )
    subprocess.run(["tar", "-x", "-C", str(target)], input=archive.stdout, check=True)


def preview(place: Path, *arguments: str, drawbridge: str = "drawbridge") -> subprocess.CompletedProcess[str]:
    """`drawbridge/bin/python -m preview` in ``place``, without its installation."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "preview", *arguments],
        cwd=place,
        env={**ENVIRONMENT, "PYTHONPATH": str((place / drawbridge).resolve())},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def installed(checkout: Path) -> None:
    """This environment as the checkout's `.venv`, newer than every lock: `make install` finds nothing to do."""
    venv = checkout / ".venv"
    venv.mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (venv / name).symlink_to(Path(sys.prefix) / name)
    for name in (".uv", ".installed"):
        (venv / name).touch()
        os.utime(venv / name, (4_000_000_000, 4_000_000_000))
