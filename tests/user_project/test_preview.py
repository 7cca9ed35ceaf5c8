"""A preview of a user's own project, wherever its Drawbridge lies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .places import make_app, preview, replaced, submodule, unpacked


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, drawbridge: Path) -> Path:
    """A repository with Drawbridge as a submodule, and with folders that are called as Drawbridge's are."""
    place = make_app(tmp_path_factory.mktemp("shop"), "shop", "drawbridge")
    for name in ("model", "components", "preview"):
        (place / name).mkdir()
        (place / name / "__init__.py").write_text("raise SystemExit('the app is not the program')\n")
    submodule(place, drawbridge)
    return place


def test_the_files_are_the_users_and_the_names_their_projects(shop: Path) -> None:
    done = preview(shop, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    tunnel = next(r for r in found["resources"] if r["type"].endswith("ZeroTrustTunnelCloudflared"))
    assert tunnel["urn"].startswith("urn:pulumi:prod::shop::")
    assert tunnel["inputs"]["name"] == "shop-prod-tunnel"
    assert not [r["name"] for r in found["resources"] if "drawbridge-prod" in r["name"]]


def test_the_project_is_found_from_its_folders_and_by_option(shop: Path, tmp_path: Path) -> None:
    top = preview(shop)
    assert top.returncode == 0
    inside = preview(shop / "nginx", drawbridge="../drawbridge")
    elsewhere = preview(tmp_path, "--project", str(shop), drawbridge=str(shop / "drawbridge"))
    assert inside.stdout == elsewhere.stdout == top.stdout


def test_errors_name_files_as_the_user_does(shop: Path) -> None:
    missing = preview(shop, "--stack", "dev")
    assert missing.returncode == 1
    assert missing.stderr.startswith(f"file not found: Pulumi.dev.yaml; {shop} has Pulumi.prod.yaml")
    stack = shop / "Pulumi.prod.yaml"
    before = stack.read_text()
    try:
        stack.write_text(before + "  a: [\n")
        assert preview(shop).stderr.startswith("Pulumi.prod.yaml:")
        stack.write_text(before.replace("compose: compose.yaml", "compose: nothing.yaml"))
        assert "nothing.yaml" in preview(shop).stderr
    finally:
        stack.write_text(before)


def test_an_unpacked_release_gives_the_same_as_a_submodule(
    shop: Path, tmp_path: Path, drawbridge: Path
) -> None:
    place = make_app(tmp_path / "shop", "shop", "vendor/drawbridge")
    unpacked(drawbridge, place / "vendor" / "drawbridge")
    done = preview(place, "--format", "json", drawbridge="vendor/drawbridge")
    assert done.stdout == preview(shop, "--format", "json").stdout


def test_two_apps_share_one_drawbridge_and_no_name(tmp_path: Path, drawbridge: Path) -> None:
    unpacked(drawbridge, tmp_path / "drawbridge")
    found = {}
    for name in ("shop", "wiki"):
        place = make_app(tmp_path / "apps" / name, name, "../../drawbridge", f"{name}.example.com")
        done = preview(place, "--format", "json", drawbridge="../../drawbridge")
        assert (done.returncode, done.stderr) == (0, "")
        found[name] = json.loads(done.stdout)["resources"]
    urns = {name: {r["urn"] for r in resources} for name, resources in found.items()}
    assert not urns["shop"] & urns["wiki"]
    physical = {
        name: {
            (r["type"], key, r["inputs"][key])
            for r in resources
            for key in ("name", "namePrefix", "identifier", "identifierPrefix", "path")
            if isinstance(r["inputs"].get(key), str) and r["parent"]
        }
        for name, resources in found.items()
    }
    assert len(physical["shop"]) > 5
    shared = physical["shop"] & physical["wiki"]
    assert {item[0] for item in shared} <= {
        "cloudflare:index/ruleset:Ruleset",  # of a zone, which one stack owns: firewall.owner
        "cloudflare:index/zoneSetting:ZoneSetting",
        "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy",
    }, shared


def test_an_empty_submodule_names_the_command_that_fills_it(tmp_path: Path, drawbridge: Path) -> None:
    place = make_app(tmp_path / "shop", "shop", "drawbridge")
    (place / "drawbridge").mkdir()
    done = preview(place, drawbridge=str(drawbridge))
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        "Pulumi.yaml:2 main: expected the folder of a program, found drawbridge, which is empty;"
        in done.stderr
    )
    assert "`git submodule update --init drawbridge`" in done.stderr


def test_what_pulumi_yaml_gives_all_stacks_reaches_the_program(tmp_path: Path, drawbridge: Path) -> None:
    place = make_app(tmp_path / "shop", "shop", "drawbridge")
    unpacked(drawbridge, place / "drawbridge")
    with (place / "Pulumi.yaml").open("a") as file:
        file.write("config:\n  drawbridge:protect: {value: false}\n  aws:region: {value: eu-west-1}\n")
    replaced(place / "Pulumi.prod.yaml", "  aws:region: ap-northeast-1\n", "")
    done = preview(place, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert "eu-west-1" in done.stdout and "ap-northeast-1" not in done.stdout
    assert not any(r["options"]["protect"] for r in json.loads(done.stdout)["resources"])


def test_a_key_under_the_projects_own_name_or_none_is_an_error_that_names_the_fix(
    tmp_path: Path, drawbridge: Path
) -> None:
    place = make_app(tmp_path / "shop", "shop", "drawbridge")
    unpacked(drawbridge, place / "drawbridge")
    with (place / "Pulumi.prod.yaml").open("a") as file:
        file.write("  database: {version: '17', name: app}\n  drawbrigde:protect: false\n")
    done = preview(place)
    assert (done.returncode, done.stdout) == (1, "")
    last = len((place / "Pulumi.prod.yaml").read_text().splitlines())
    said = "settings outside of drawbridge: are not read, whatever the project is called"
    assert done.stderr.splitlines() == [
        "2 errors in the settings of stack 'prod':",
        f"  Pulumi.prod.yaml:{last} drawbrigde:protect: {said}; write drawbridge:protect",
        f"  Pulumi.prod.yaml:{last - 1} shop:database: {said}; write drawbridge:database",
    ]
