"""What a release means for the app's services, and which values a cloud refuses: changes with the effect each must have."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from preview.analysis.consequences.services import _DESTROYS, _PASSES, _instances, _sql
from preview.analysis.consequences.values import _FIXED, _MODIFIABLE
from preview.analysis.verdict import compare
from preview.changes import Comparison, Consequence
from preview.diff import stacks
from preview.evaluate.program import evaluate
from tests.evaluations import deployed
from tests.preview.clones import edited, git


def after_edits(place: Path, example: str, *changes: tuple[str, str, str]) -> Comparison:
    """An example before and after texts of its files were exchanged: (text, other text, file of its folder)."""
    stack = place / "examples" / example / "Pulumi.prod.yaml"
    before = evaluate(place, config_file=stack)
    try:
        for old, new, file in changes:
            edited(place, old, new, f"examples/{example}/{file}")
        return compare(before, evaluate(place, config_file=stack))
    finally:
        git(place, "checkout", "-q", ".")


def effects(change: Comparison, consequence: Consequence) -> list[str]:
    return [e.why for c in change.changed for e in c.effects if e.consequence == consequence]


COMPOSE = "compose.yaml"


@pytest.mark.slow
@pytest.mark.parametrize(
    "example, old, new, consequence, says",
    [
        (
            "casecheck",
            "    restart: unless-stopped\n    stop_grace_period: 30s\n",
            "    restart: unless-stopped\n    scale: 0\n    stop_grace_period: 30s\n",
            Consequence.DOWNTIME,
            "api runs no container any more, and requests are led to it",
        ),
        (
            "hipster-timer-backend",
            "    restart: always\n",
            "    restart: always\n    dns: 9.9.9.9\n",
            Consequence.DOWNTIME,
            "backend asks 9.9.9.9 for names, and egress does not include port 53",
        ),
        (
            "casecheck",
            "      test: [CMD, python, -c, ",
            "      test: [CMD-SHELL, exit 0]   # [CMD, python, -c, ",
            Consequence.DOWNTIME,
            "the health check of api always passes now: a release no longer waits for it",
        ),
        (
            "maycast-recorder",
            "      - recordings-data:/app/recordings-data\n",
            "      - recordings-data:/srv/recordings\n",
            Consequence.UNKNOWN,
            "server has recordings-data at /srv/recordings and no longer at /app/recordings-data: whether it looks for its "
            "files at the new place, and writes no more at the former one, is not known here",
        ),
    ],
)
def test_what_a_compose_file_does_to_its_services_is_said(
    clone: Path,
    example: str,
    old: str,
    new: str,
    consequence: Consequence,
    says: str,
) -> None:
    assert says in effects(after_edits(clone, example, (old, new, COMPOSE)), consequence)


@pytest.mark.slow
def test_a_mount_at_a_folder_above_keeps_the_files_in_sight(clone: Path) -> None:
    change = after_edits(
        clone,
        "maycast-recorder",
        ("      - recordings-data:/app/recordings-data\n", "      - recordings-data:/app\n", COMPOSE),
    )
    assert not [why for why in effects(change, Consequence.UNKNOWN) if "no longer at" in why]


@pytest.mark.parametrize(
    "statement",
    [
        "drop table users",
        "ALTER TABLE users DROP COLUMN email",
        "alter table only users rename to people",
        "alter table users alter column id type text",
        "truncate users cascade",
        "delete from users",
        "drop schema app cascade",
    ],
)
def test_a_statement_that_destroys_is_recognised(statement: str) -> None:
    assert _DESTROYS.search(_sql(f"-- a comment; here\n{statement};")[0])


@pytest.mark.parametrize(
    "statement",
    [
        "create table if not exists users (id int)",
        "alter table users add column email text",
        "delete from sessions where expires < now()",
        "drop index if exists users_email",
        "insert into notes values ('we drop tables here')",
    ],
)
def test_a_statement_that_adds_or_tidies_is_none(statement: str) -> None:
    assert not _DESTROYS.search(_sql(f"{statement};")[0])


@pytest.mark.slow
def test_a_new_destructive_statement_of_the_apps_sql_is_data_loss(clone: Path) -> None:
    change = after_edits(
        clone,
        "memberapi",
        (
            "create table if not exists permissions (",
            "truncate users;\ncreate table if not exists permissions (",
            "sql/init_schema.sql",
        ),
    )
    assert [why for why in effects(change, Consequence.DATA_LOSS) if "runs `truncate users;`" in why]


@pytest.mark.parametrize("test", ["CMD true", "exit 0", "CMD-SHELL exit 0", ":", "CMD echo ok", "/bin/true"])
def test_a_check_that_always_passes_is_recognised(test: str) -> None:
    assert _PASSES.fullmatch(test)


@pytest.mark.parametrize("test", ["CMD curl -f http://localhost", "CMD-SHELL pg_isready || exit 1", "exit 1"])
def test_a_check_that_asks_something_is_none(test: str) -> None:
    assert not _PASSES.fullmatch(test)


@pytest.mark.parametrize(
    "service, count",
    [
        ({}, 1),
        ({"scale": 0}, 0),
        ({"deploy": {"replicas": 0}}, 0),
        ({"profiles": ["debug"]}, 0),
        ({"scale": 3}, 3),
    ],
)
def test_how_many_containers_a_service_runs(service: dict[str, Any], count: int) -> None:
    assert _instances(service) == count


def test_a_connector_of_another_party_is_an_exposure() -> None:
    change = compare(
        deployed("maycast-recorder"),
        deployed("maycast-recorder", tunnel={"image": "ghcr.io/cloudfl1are/cloudflared:2026.8.2"}),
    )
    (found,) = [e for e in change.exposures if e.subject == "cloudflared"]
    assert found.kind == "container"
    assert "comes from ghcr.io/cloudfl1are/cloudflared (before: cloudflare/cloudflared)" in found.text


def test_another_version_of_the_same_connector_is_none() -> None:
    change = compare(
        deployed("maycast-recorder", tunnel={"image": "cloudflare/cloudflared:2026.8.1"}),
        deployed("maycast-recorder", tunnel={"image": "cloudflare/cloudflared:2026.8.2"}),
    )
    assert not [e for e in change.exposures if e.subject == "cloudflared"]


HOST = {"diskGiB": 30, "replicas": 1}


@pytest.mark.parametrize(
    "name, consequence",
    [
        ("t3.smal", Consequence.REFUSED),
        ("t3.8xlarge", Consequence.REFUSED),
        ("zz9.large", Consequence.UNKNOWN),
        ("m7g.large", Consequence.UNKNOWN),
    ],
)
def test_an_instance_type_that_nobody_sells_or_knows_is_not_rolling(
    name: str, consequence: Consequence
) -> None:
    change = compare(deployed("image2model"), deployed("image2model", host={"instanceType": name, **HOST}))
    assert change.consequence == consequence


@pytest.mark.parametrize("name", ["t3.large", "m5.xlarge", "c5.large"])
def test_an_instance_type_of_the_same_architecture_is_rolling(name: str) -> None:
    change = compare(deployed("image2model"), deployed("image2model", host={"instanceType": name, **HOST}))
    assert change.consequence == Consequence.ROLLING


DATABASE = {"version": "16", "instanceClass": "db.t4g.micro", "storageGiB": 20, "name": "image2model"}


@pytest.mark.parametrize(
    "parameters, consequence",
    [
        ({"fsync": "0"}, Consequence.REFUSED),
        ({"full_page_writes": "off"}, Consequence.REFUSED),
        ({"log_min_duration": "500"}, Consequence.UNKNOWN),
        ({"synchronous_commit": "off"}, Consequence.AT_RISK),
        ({"autovacuum": "0"}, Consequence.AT_RISK),
        ({"log_min_duration_statement": "500"}, Consequence.IN_PLACE),
        ({"work_mem": "65536"}, Consequence.IN_PLACE),
    ],
)
def test_a_database_parameter_is_known_refused_or_risky(
    parameters: dict[str, str], consequence: Consequence
) -> None:
    change = compare(
        deployed("image2model", database=DATABASE),
        deployed("image2model", database={**DATABASE, "parameters": parameters}),
    )
    assert change.consequence == consequence


def test_no_parameter_is_in_both_lists() -> None:
    assert set() == _FIXED & _MODIFIABLE


@pytest.mark.parametrize(
    "place, value",
    [
        ("stack_file", {"environment": ["a/b"]}),
        ("project_file", {"plugins": {"providers": []}}),
        ("config", {"pulumi:disable-default-providers": ["aws"]}),
    ],
)
def test_what_the_engine_reads_and_the_preview_does_not_is_unknown(place: str, value: dict[str, Any]) -> None:
    before = deployed("image2model")
    changed: dict[str, Any] = {place: {**getattr(before, place), **value}}
    after = dataclasses.replace(before, **changed)
    (change,) = stacks.stack_changes(before, after)
    assert (change.kind, change.consequence) == ("program", Consequence.UNKNOWN)


def test_other_tags_of_the_stack_at_pulumis_service_are_in_place() -> None:
    before = deployed("image2model")
    after = dataclasses.replace(before, config={**before.config, "pulumi:tags": "x"})
    (change,) = stacks.stack_changes(before, after)
    assert change.consequence == Consequence.IN_PLACE
