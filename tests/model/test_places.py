"""Every place that a service writes to lasts, or is said to be one that may be lost: no byte is lost by being forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from model.compose.file import parse
from model.compose.known_images import IMAGES, known_image
from model.compose.places import covers, places
from model.errors import SettingsError
from tests.model.test_compose_cases import WEB, stack_of

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "cases/places.yaml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: ascii(case)[1:70])
def test_a_place_lasts_or_is_named_as_one_that_may_be_lost(case: dict[str, Any]) -> None:
    shown = {"web": case["service"], "top": case.get("top", {}), "app": case.get("app", {})}
    try:
        said = [("warned", text) for text in stack_of(shown).warnings]
    except SettingsError as error:
        said = [("refused", str(item)) for item in error.findings]
    expected = [(kind, case[kind]) for kind in ("refused", "warned") if kind in case]
    assert [
        (kind, text[: len(begin)]) for (kind, text), (_, begin) in zip(said, expected, strict=True)
    ] == expected


def test_places_are_told_apart() -> None:
    text = """
services:
  web:
    image: a:1
    tmpfs: [/tmp, "/run:size=1m"]
    volumes: [data:/data/, "./a.conf:/a.conf:ro", /anonymous, "/srv:/srv", "/run/x.sock:/x.sock", {type: tmpfs, target: /t}]
  off: {image: b:1, profiles: [dev], volumes: [data:/data]}
volumes: {data: }
"""
    found = [(place.kind, place.name, place.target, place.read_only) for place in places(parse(text))]
    assert found == [
        ("volume", "data", "/data", False),
        ("text", "web:/a.conf", "/a.conf", True),
        ("anonymous", "web:/anonymous", "/anonymous", False),
        ("machine", "web:/srv", "/srv", False),
        ("memory", "web:/t", "/t", False),
        ("memory", "web:/tmp", "/tmp", False),
        ("memory", "web:/run", "/run", False),
    ]


def test_the_web_service_of_the_cases_writes_nowhere_by_itself() -> None:
    assert known_image(str(WEB["image"])) is None


@pytest.mark.parametrize(
    "image, called",
    [
        ("postgres", "PostgreSQL"),
        ("docker.io/library/postgres:17@sha256:0", "PostgreSQL"),
        ("registry.example.com:5000/mirror/postgis:17-3.5", "PostgreSQL"),
        ("ghcr.io/gitea/gitea:1", "Gitea"),
        ("acme/postgres-client:1", None),
        ("prometheuscommunity/postgres-exporter:1", None),
        ("acme/server:1", None),
        (None, None),
    ],
)
def test_an_image_is_known_by_the_end_of_its_name(image: str | None, called: str | None) -> None:
    record = known_image(image)
    assert (record and record.called) == called


def test_no_name_is_in_the_table_twice() -> None:
    names = [name for image in IMAGES for name in image.names]
    assert sorted(set(names)) == sorted(names)


@given(
    st.text("ab/", max_size=6).map(lambda text: f"/{text}".rstrip("/") or "/"),
    st.text("ab", min_size=1, max_size=3),
)
def test_a_folder_covers_what_lies_below_it_and_no_neighbour(folder: str, name: str) -> None:
    assert covers(folder, f"{folder.rstrip('/')}/{name}")
    assert covers(folder, folder)
    assert not covers(f"{folder.rstrip('/')}/{name}", f"{folder.rstrip('/')}/{name}{name}")
