"""A new project from the template: by bin/new, by the Pulumi CLI, and what its workflows run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.evaluations import ROOT

from .places import ENVIRONMENT, commit, git, installed, pin, preview, replaced, submodule, unpacked

WORKFLOWS = sorted((ROOT / "template/.github/workflows").glob("*.yml"))


def new(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(checkout / "bin/new"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and not {".git", "drawbridge"} & set(path.relative_to(folder).parts)
    }


def test_a_new_project_previews_as_it_is(tmp_path: Path, drawbridge: Path) -> None:
    place = tmp_path / "shop"
    submodule_into(place, drawbridge)
    done = new(place / "drawbridge", str(place))
    assert (done.returncode, done.stderr) == (0, "")
    assert yaml.safe_load((place / "Pulumi.yaml").read_text()) == {
        "name": "shop",
        "description": "A Docker Compose app on AWS behind Cloudflare",
        "main": "drawbridge",
        "runtime": {"name": "python", "options": {"toolchain": "pip", "virtualenv": "drawbridge/.venv"}},
    }
    shown = preview(place, "--format", "json")
    assert (shown.returncode, shown.stderr) == (0, "")
    report = json.loads(shown.stdout)
    assert report["warnings"] == []
    assert "shop-prod-host" in {resource["name"] for resource in report["resources"]}


def submodule_into(place: Path, drawbridge: Path) -> None:
    place.mkdir()
    submodule(place, drawbridge)


def test_nothing_that_is_there_is_overwritten(tmp_path: Path, drawbridge: Path) -> None:
    unpacked(drawbridge, tmp_path / "drawbridge")
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    done = new(tmp_path / "drawbridge", str(tmp_path), "shop")
    assert done.returncode == 1
    assert "found compose.yaml; move them away" in done.stderr
    assert not (tmp_path / "Pulumi.yaml").exists()


@pytest.mark.parametrize("name", ["Shop", "1shop", "a" * 32, "my_shop"])
def test_a_name_that_no_resource_could_have_is_refused(tmp_path: Path, name: str) -> None:
    done = new(ROOT, str(tmp_path), name)
    assert (done.returncode, list(tmp_path.iterdir())) == (1, [])
    assert done.stderr.startswith("name: expected lower-case letters, digits and -, at most 31, found")


def test_apps_beside_each_other_are_made_from_one_checkout(tmp_path: Path, drawbridge: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    unpacked(drawbridge, tmp_path / "drawbridge")
    for name in ("shop", "wiki"):
        assert new(tmp_path / "drawbridge", str(tmp_path / "apps" / name)).returncode == 0
        place = tmp_path / "apps" / name
        assert yaml.safe_load((place / "Pulumi.yaml").read_text())["main"] == "../../drawbridge"
        assert not (place / ".github").exists()
        assert "-C ../../drawbridge preview" in (place / "Makefile").read_text()
        assert "  drawbridge:app:" in (place / "Pulumi.prod.yaml").read_text()
        assert preview(place, drawbridge="../../drawbridge").returncode == 0


@pytest.mark.engine
@pytest.mark.skipif(not shutil.which("pulumi"), reason="not on PATH: pulumi")
def test_the_cli_makes_the_same_of_the_template(tmp_path: Path, drawbridge: Path) -> None:
    for name in ("ours", "theirs"):
        submodule_into(tmp_path / name, drawbridge)
    assert new(tmp_path / "ours/drawbridge", str(tmp_path / "ours"), "shop").returncode == 0
    done = subprocess.run(
        [
            *("pulumi", "new", "./drawbridge/template", "--generate-only", "--yes", "--force"),
            *("--name", "shop", "--description", "A Docker Compose app on AWS behind Cloudflare"),
        ],
        cwd=tmp_path / "theirs",
        env={
            **ENVIRONMENT,
            "PULUMI_HOME": str(tmp_path / "home"),
            "PULUMI_BACKEND_URL": f"file://{tmp_path}",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    ours, theirs = files(tmp_path / "ours"), files(tmp_path / "theirs")
    assert ours.keys() == theirs.keys()
    loaded = [yaml.safe_load(text.pop("Pulumi.yaml")) for text in (ours, theirs)]
    # Of its own the CLI notes where the project came from, for Pulumi Cloud.
    assert loaded[1].pop("config") == {"pulumi:tags": {"value": {"pulumi:template": "./drawbridge/template"}}}
    assert loaded[0] == loaded[1]
    assert ours == theirs
    assert preview(tmp_path / "theirs").returncode == 0


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_the_workflows_run_what_the_checkout_has(path: Path) -> None:
    text = path.read_text()
    named = set(re.findall(r"(?<![\w/])drawbridge/([\w./-]+)", text))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
    commands = re.sub(r"#.*", "", text)
    assert not re.search(
        r"(?<!drawbridge/)\.github/scripts|(?<!drawbridge/)bin/python|\.venv|(?<!/)\.pulumi\.version",
        commands,
    )
    for job in yaml.safe_load(text)["jobs"].values():
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["submodules"] is True
                assert step["with"]["persist-credentials"] is False


@pytest.mark.skipif(not shutil.which("zizmor", path=str(Path(sys.executable).parent)), reason="no zizmor")
def test_zizmor_finds_nothing_in_the_template() -> None:
    zizmor = Path(sys.executable).parent / "zizmor"
    command = [str(zizmor), "--offline", "--pedantic", "--no-progress", str(ROOT / "template")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_pull_request_that_takes_a_version_is_compared_by_the_checkouts_script(
    tmp_path: Path, drawbridge: Path
) -> None:
    origin = tmp_path / "shop"
    submodule_into(origin, drawbridge)
    new(origin / "drawbridge", str(origin))
    commit(origin, "an app")
    pin(origin, "v1.1.0")
    replaced(origin / "Pulumi.prod.yaml", "1.28.0-alpine", "1.28.1-alpine")
    commit(origin, "an upgrade and a release")
    runner = tmp_path / "runner"  # as actions/checkout does with fetch-depth: 2 and submodules: true
    git(tmp_path, "clone", "-q", "--depth", "2", f"file://{origin}", str(runner))
    git(runner, "submodule", "--quiet", "update", "--init", "--depth", "1")
    installed(runner / "drawbridge")
    done = subprocess.run(
        ["drawbridge/.github/scripts/compare", "HEAD^1", "all"],
        cwd=runner,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    comment = (runner / "comment/preview.md").read_text()
    assert "Machines, by a rolling release" in comment
    assert "1.28.1-alpine" in comment
    assert (runner / "pages/prod.html").exists()
