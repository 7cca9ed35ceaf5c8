"""Where a project is, and where its program lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from preview.evaluate.project import nearest, program_of
from preview.evaluate.yaml_file import StackFileError


def project(place: Path, main: str = "") -> Path:
    place.mkdir(parents=True, exist_ok=True)
    (place / "Pulumi.yaml").write_text("name: shop\nruntime: python\n" + (f"main: {main}\n" if main else ""))
    return place


def program(place: Path) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    (place / "__main__.py").write_text("")
    return place


@pytest.mark.parametrize("main", ["drawbridge", "drawbridge/", "./drawbridge", "drawbridge/__main__.py"])
def test_main_names_a_folder_or_the_file_in_it(tmp_path: Path, main: str) -> None:
    there = program(tmp_path / "drawbridge")
    assert program_of(project(tmp_path, main)) == there


def test_several_projects_share_a_program_above_them(tmp_path: Path) -> None:
    there = program(tmp_path / "drawbridge")
    assert program_of(project(tmp_path / "apps" / "shop", "../../drawbridge")) == there
    assert program_of(project(tmp_path / "apps" / "wiki", "../../drawbridge")) == there


def test_without_main_the_program_lies_beside_pulumi_yaml(tmp_path: Path) -> None:
    assert program_of(program(project(tmp_path))) == tmp_path


def test_a_linked_program_is_where_the_link_leads(tmp_path: Path) -> None:
    there = program(tmp_path / "elsewhere")
    (project(tmp_path / "shop", "drawbridge") / "drawbridge").symlink_to(there)
    assert program_of(tmp_path / "shop") == there


def test_a_submodule_that_was_not_checked_out_is_named_with_the_command_that_does(tmp_path: Path) -> None:
    (project(tmp_path, "drawbridge") / "drawbridge").mkdir()
    with pytest.raises(StackFileError) as caught:
        program_of(tmp_path)
    assert str(caught.value) == (
        "Pulumi.yaml:3 main: expected the folder of a program, found drawbridge, which is empty; if it is a git submodule: "
        "`git submodule update --init drawbridge`; otherwise write the path to your checkout of Drawbridge, relative to "
        "Pulumi.yaml"
    )


@pytest.mark.parametrize(
    ("main", "found"), [("drawbrigde", "which does not exist"), (".", "which has no __main__.py")]
)
def test_a_main_without_a_program_says_what_is_there(tmp_path: Path, main: str, found: str) -> None:
    with pytest.raises(StackFileError, match=f"found {main}, {found}"):
        program_of(project(tmp_path, main))


def test_the_project_is_looked_for_upwards(tmp_path: Path) -> None:
    place = project(tmp_path / "shop")
    (place / "src" / "api").mkdir(parents=True)
    assert nearest(place / "src" / "api") == place
    assert nearest(place) == place
    assert nearest(tmp_path) is None
