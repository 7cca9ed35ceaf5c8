"""What each edit causes by itself: the earlier version is asked with that edit and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from preview.analysis.attribution import caused
from preview.analysis.causes import Unit, causes, grouped
from preview.analysis.verdict import compare
from preview.changes import Cause, Edited
from preview.evaluate.against import earlier, evaluate_earlier
from preview.evaluate.program import evaluate
from tests.preview.clones import edited, git

pytestmark = pytest.mark.slow

COMPOSE = "examples/image2model/compose.yaml"


def caused_by(place: Path, *changes: tuple[str, str] | tuple[str, str, str]) -> list[Cause]:
    """The causes after texts of files (the stack file if none is named) were exchanged."""
    try:
        for change in changes:
            edited(place, *change)
        after = evaluate(place)
        with earlier(place, "HEAD", stack=None, config_file=None) as there:
            return [*caused(compare(evaluate_earlier(there, "HEAD", after), after), there, place)]
    finally:
        git(place, "checkout", "-q", ".")


def short(cause: Cause) -> tuple[list[str], list[str]]:
    return [edit.path for edit in cause.edits], sorted(
        urn.rpartition("drawbridge-prod-")[2] for urn in cause.urns
    )


def test_a_release_is_the_edit_that_made_it(clone: Path) -> None:
    (cause,) = caused_by(clone, ("RELEASE: v2.3.1", "RELEASE: v2.4.0"))
    assert cause.edits == (Edited(path="app.env.RELEASE", before="v2.3.1", after="v2.4.0"),)
    assert short(cause)[1] == ["alerts-machines", "host-group", "host-template"]


def test_a_renamed_hostname_is_one_cause(clone: Path) -> None:
    (cause,) = caused_by(clone, ("- hostname: admin.example.com", "- hostname: ops.example.com"))
    assert cause.edits == (
        Edited(path="routes[2].hostname", before="admin.example.com", after="ops.example.com"),
    )
    assert "tunnel-dns-admin.example.com" in short(cause)[1]
    assert "tunnel-dns-ops.example.com" in short(cause)[1]


def test_independent_edits_are_told_apart(clone: Path) -> None:
    found = caused_by(clone, ("requests: 10", "requests: 20"), ("storageGiB: 20", "storageGiB: 40"))
    assert sorted(map(short, found)) == [
        (["database.storageGiB"], ["alerts-database-storage", "database-postgres"]),
        (["firewall.rateLimits[0].requests"], ["firewall-limits"]),
    ]


def test_edits_that_change_the_same_resources_are_one_cause(clone: Path) -> None:
    (cause,) = caused_by(
        clone, ("RELEASE: v2.3.1", "RELEASE: v2.4.0"), ("redis:7.4.2-alpine", "redis:8.0.0-alpine", COMPOSE)
    )
    assert cause.edits == (
        Edited(path="app.env.RELEASE", before="v2.3.1", after="v2.4.0"),
        Edited(
            path=f"{COMPOSE}: services.redis.image", before="redis:7.4.2-alpine", after="redis:8.0.0-alpine"
        ),
    )


def test_the_program_is_a_cause_beside_the_stack_file(clone: Path) -> None:
    found = caused_by(
        clone,
        ("storageGiB: 20", "storageGiB: 40"),
        ('"http_put_response_hop_limit": 1', '"http_put_response_hop_limit": 2', "components/host.py"),
    )
    assert [edits for edits, _ in map(short, found)] == [["database.storageGiB"], ["components/host.py"]]


def test_edits_that_stand_only_together_are_named_together(clone: Path) -> None:
    found = caused_by(
        clone,
        ("access: users\n      origin:", "access: staff\n      origin:"),
        (
            "    users: {allow: {domains: [example.com]}, session: 24h, providers: [google, github, pin]}\n",
            "    users: {allow: {domains: [example.com]}, session: 24h, providers: [google, github, pin]}\n"
            "    staff: {allow: {domains: [example.com]}, session: 24h, providers: [google, github, pin]}\n",
        ),
    )
    assert found[-1].together
    assert [edit.path for edit in found[-1].edits] == ["access.staff", "routes[0].access"]


def test_an_acknowledgement_is_no_cause(clone: Path) -> None:
    added = (
        "  drawbridge:acknowledge:\n"
        "    - {change: downtime, of: drawbridge-prod-database-postgres, reason: On Sunday night}\n"
        "  drawbridge:alerts:"
    )
    found = caused_by(clone, ("db.t4g.micro", "db.t4g.small"), ("  drawbridge:alerts:", added))
    assert [edits for edits, _ in map(short, found)] == [["database.instanceClass"]]


def test_a_new_file_of_the_app_is_there_for_the_edit_that_names_it(clone: Path) -> None:
    (clone / "extra.conf").write_text("a text\n")
    try:
        (cause,) = caused_by(clone, ("files: {", "files: {nginx/extra.conf: extra.conf, "))
    finally:
        (clone / "extra.conf").unlink()
    assert cause.edits == (Edited(path='app.files["nginx/extra.conf"]', after="extra.conf"),)


def test_an_encrypted_value_is_not_shown(clone: Path) -> None:
    added = "  drawbridge:secrets: {FAL_API_KEY: {secure: AAABANRx0r7dDbUbrNMHdzUi}}\n  drawbridge:alerts:"
    (cause,) = caused_by(clone, ("  drawbridge:alerts:", added))
    assert cause.edits == (Edited(path="secrets", after='{"FAL_API_KEY": "[secret]"}'),)


def test_no_change_has_no_cause(clone: Path) -> None:
    assert caused_by(clone) == []


def test_nothing_is_asked_where_there_is_one_edit() -> None:
    def never() -> None:
        raise AssertionError("one edit caused all of it")

    edit = Edited(path="a")
    assert [*causes(None, [], [Unit(edits=(edit,), alone=never)])] == [Cause(edits=(edit,), urns=frozenset())]  # type: ignore[arg-type]


@pytest.mark.parametrize("limit, groups", [(3, [["a1"], ["a2"], ["b1"]]), (2, [["a1", "a2"], ["b1"]])])
def test_many_edits_are_asked_section_by_section(limit: int, groups: list[list[str]]) -> None:
    assert grouped(["a1", "a2", "b1"], lambda item: item[0], limit) == groups
