"""`--against` across versions of Drawbridge: what the upgrade itself would do to the stack."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .places import commit, git, make_app, pin, preview, replaced, submodule, unpacked


def as_submodule(place: Path, drawbridge: Path, version: str) -> None:
    if (place / "drawbridge").exists():
        pin(place, version)
    else:
        submodule(place, drawbridge, version=version)


def as_folder(place: Path, drawbridge: Path, version: str) -> None:
    if not (place / ".git").exists():
        git(place, "init", "-q", "-b", "main")
    unpacked(drawbridge, place / "drawbridge", version)


def compared(place: Path, reference: str = "HEAD", drawbridge: str = "drawbridge") -> dict[str, Any]:
    done = preview(place, "--against", reference, "--format", "json", drawbridge=drawbridge)
    assert (done.returncode, done.stderr) == (0, "")
    return dict(json.loads(done.stdout)["comparison"])


@pytest.fixture(params=[as_submodule, as_folder])
def take(request: pytest.FixtureRequest) -> Callable[[Path, Path, str], None]:
    """How a version gets into the user's repository."""
    return request.param


def test_the_comparison_names_both_versions_and_what_the_changelog_says(
    tmp_path: Path, drawbridge: Path, take: Callable[[Path, Path, str], None]
) -> None:
    place = make_app(tmp_path / "shop", "shop", "drawbridge")
    take(place, drawbridge, "v1.0.0")
    commit(place, "an app")
    take(place, drawbridge, "v1.1.0")
    found = compared(place)
    upgrade = found["upgrade"]
    assert (upgrade["before"]["version"], upgrade["after"]["version"]) == ("1.0.0", "1.1.0")
    assert [entry["version"] for entry in upgrade["changelog"]] == ["1.1.0"]
    assert upgrade["changelog"][0]["text"].startswith("**Replaced.** Machines, by a rolling release")
    pinned = [git(drawbridge, "rev-parse", f"{v}^{{commit}}") for v in ("v1.0.0", "v1.1.0")]
    expected = pinned if take is as_submodule else ["", ""]
    assert [upgrade["before"]["commit"], upgrade["after"]["commit"]] == expected
    assert {c["name"] for c in found["changes"]} >= {"shop-prod-host-template"}
    assert found["consequence"] == "rolling, no downtime"


def test_what_the_upgrade_does_is_told_from_the_users_own_edits(tmp_path: Path, drawbridge: Path) -> None:
    place = make_app(tmp_path / "shop", "shop", "drawbridge")
    submodule(place, drawbridge)
    commit(place, "an app")
    pin(place, "v1.1.0")
    replaced(place / "Pulumi.prod.yaml", "mfa: true, ", "")
    found = compared(place)
    causes = {cause["edits"][0]["path"]: cause for cause in found["causes"]}
    assert set(causes) == {"Drawbridge", "access.admins.mfa"}
    (edit,) = causes["Drawbridge"]["edits"]
    assert edit["before"].startswith("1.0.0 (") and edit["after"].startswith("1.1.0 (")
    assert any(urn.endswith("shop-prod-host-template") for urn in causes["Drawbridge"]["urns"])
    assert not any("access" in urn.rsplit("::", 1)[1] for urn in causes["Drawbridge"]["urns"])


def test_people_read_of_the_upgrade_in_every_format(tmp_path: Path, drawbridge: Path) -> None:
    place = make_app(tmp_path / "shop", "shop", "drawbridge")
    as_folder(place, drawbridge, "v1.0.0")
    commit(place, "an app")
    as_folder(place, drawbridge, "v1.1.0")
    for form in ("text", "markdown", "html"):
        told = preview(place, "--against", "HEAD", "--format", form).stdout
        assert "1.0.0 → 1.1.0" in told, form
        assert "Machines, by a rolling release" in told, form
        assert "Settings are shorter." in told, form


def test_a_comparison_within_a_version_says_nothing_of_one(tmp_path: Path, drawbridge: Path) -> None:
    place = make_app(tmp_path / "shop", "shop", "drawbridge")
    submodule(place, drawbridge)
    commit(place, "an app")
    replaced(place / "Pulumi.prod.yaml", "mfa: true, ", "")
    found = compared(place)
    assert found["upgrade"] is None
    assert [cause["edits"][0]["path"] for cause in found["causes"]] == ["access.admins.mfa"]


def test_the_way_back_says_what_is_undone(tmp_path: Path, drawbridge: Path) -> None:
    place = make_app(tmp_path / "shop", "shop", "drawbridge")
    as_folder(place, drawbridge, "v1.1.0")
    commit(place, "an app")
    as_folder(place, drawbridge, "v1.0.0")
    upgrade = compared(place)["upgrade"]
    assert (upgrade["before"]["version"], upgrade["after"]["version"]) == ("1.1.0", "1.0.0")
    assert [entry["version"] for entry in upgrade["changelog"]] == ["1.1.0"]


def test_another_program_of_the_same_number_is_said(tmp_path: Path, drawbridge: Path) -> None:
    place = make_app(tmp_path / "shop", "shop", "drawbridge")
    as_folder(place, drawbridge, "v1.0.0")
    commit(place, "an app")
    replaced(
        place / "drawbridge/components/host.py",
        '"http_put_response_hop_limit": 1',
        '"http_put_response_hop_limit": 2',
    )
    upgrade = compared(place)["upgrade"]
    assert (upgrade["before"]["version"], upgrade["after"]["version"]) == ("1.0.0", "1.0.0")
    assert upgrade["changelog"] == []


def test_a_submodule_that_moves_is_found_by_its_old_place(tmp_path: Path, drawbridge: Path) -> None:
    place = make_app(tmp_path / "shop", "shop", "drawbridge")
    submodule(place, drawbridge)
    commit(place, "an app")
    (place / "vendor").mkdir()
    git(place, "mv", "drawbridge", "vendor/drawbridge")
    replaced(place / "Pulumi.yaml", "drawbridge", "vendor/drawbridge")
    found = compared(place, drawbridge="vendor/drawbridge")
    assert found["upgrade"] is None
    assert found["changes"] == []


def test_a_submodule_becomes_a_folder(tmp_path: Path, drawbridge: Path) -> None:
    place = make_app(tmp_path / "shop", "shop", "drawbridge")
    submodule(place, drawbridge)
    commit(place, "an app")
    git(place, "rm", "-qf", "drawbridge")
    unpacked(drawbridge, place / "drawbridge", "v1.1.0")
    found = compared(place)
    assert (found["upgrade"]["before"]["version"], found["upgrade"]["after"]["version"]) == ("1.0.0", "1.1.0")


def test_a_pin_that_the_clone_lacks_names_the_command_that_fetches_it(
    tmp_path: Path, drawbridge: Path
) -> None:
    place = make_app(tmp_path / "shop", "shop", "drawbridge")
    submodule(place, drawbridge)
    commit(place, "an app")
    pin(place, "v1.1.0")
    commit(place, "an upgrade")
    shallow = tmp_path / "clone"
    git(tmp_path, "clone", "-q", f"file://{place}", str(shallow))
    git(shallow, "submodule", "--quiet", "update", "--init", "--depth", "1")
    before = git(drawbridge, "rev-parse", "v1.0.0^{commit}")
    done = preview(shallow, "--against", "HEAD^1")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"--against HEAD^1: drawbridge is a submodule, there at {before[:12]}, a commit that this clone does not have; "
        f"fetch it: `git -C drawbridge fetch origin {before}`\n"
    )
    git(shallow / "drawbridge", "fetch", "-q", "origin", before)
    assert compared(shallow, "HEAD^1")["upgrade"]["before"]["version"] == "1.0.0"


def test_each_app_of_a_repository_is_compared_by_itself(tmp_path: Path, drawbridge: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    for name in ("shop", "wiki"):
        make_app(tmp_path / "apps" / name, name, "../../drawbridge", f"{name}.example.com")
    submodule(tmp_path, drawbridge)
    commit(tmp_path, "two apps")
    replaced(tmp_path / "apps/wiki/compose.yaml", "image: nginx:", "image: docker.io/library/nginx:")
    shop = compared(tmp_path / "apps" / "shop", drawbridge="../../drawbridge")
    wiki = compared(tmp_path / "apps" / "wiki", drawbridge="../../drawbridge")
    assert shop["changes"] == []
    assert "wiki-prod-host-template" in {change["name"] for change in wiki["changes"]}
