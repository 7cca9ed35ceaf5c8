"""What a release means by the texts and settings that machines are given: changes with the effect each must have."""

from __future__ import annotations

from typing import Any

import pytest

from preview.analysis.consequences.database import _windows
from preview.analysis.consequences.files import _running, _stopping, _system, _waits
from preview.analysis.consequences.services import _DEMANDS
from preview.analysis.exposures.machine_files import Machine, read
from preview.changes import Consequence, Effect
from tests.preview.opened import machine, opens, service


def read_machine(compose: dict[str, Any] | None = None, **files: str) -> Machine:
    made = machine(
        compose or {"services": {}}, files={name.replace("__", "/"): text for name, text in files.items()}
    )
    found = read(made.inputs["userData"])
    assert found is not None
    return found


def app(**body: Any) -> Machine:
    return read_machine({"services": {"app": body}})


def of(effects: Any) -> list[Consequence]:
    return [effect.consequence for effect in effects if isinstance(effect, Effect)]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("30s", "45s", []),
        ("60s", "50s", [Consequence.UNKNOWN]),
        ("1m30s", "20s", [Consequence.DOWNTIME]),
        ("30s", "500ms", [Consequence.DOWNTIME]),
        ("30s", "30", []),
    ],
)
def test_a_shorter_time_to_stop_is_said(old: str, new: str, expected: list[Consequence]) -> None:
    assert of(_stopping(app(stop_grace_period=old), app(stop_grace_period=new))) == expected


@pytest.mark.parametrize(
    ("old", "new", "unknown"),
    [
        ({"command": "manage.py migrate"}, {"command": "manage.py db:rollback"}, True),
        ({"command": ["rails", "db:migrate"]}, {"command": ["rails", "db:drop", "db:migrate"]}, True),
        ({"command": ["prisma", "migrate", "deploy"]}, {"command": ["prisma", "migrate", "reset"]}, True),
        ({"restart": "on-failure:3"}, {}, True),
        ({"restart": "unless-stopped"}, {"restart": "always"}, False),
        ({"volumes": ["data:/data"]}, {"volumes": ["data:/data:ro"]}, True),
        ({"volumes": ["data:/data:ro"]}, {"volumes": ["data:/data"]}, False),
    ],
)
def test_how_a_service_runs_is_asked_after(old: dict[str, Any], new: dict[str, Any], unknown: bool) -> None:
    assert bool(of(_running(app(**old), app(**new)))) is unknown


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("find /srv -mtime +30 -delete", [Consequence.UNKNOWN]),
        ("mkfs.ext4 /dev/nvme1n1", [Consequence.UNKNOWN]),
        ("docker system prune --volumes --force", [Consequence.UNKNOWN]),
        ('rm -rf "$tmp" /tmp/build', []),
        ("shutdown -h +60", [Consequence.DOWNTIME]),
        ("echo done", []),
    ],
)
def test_a_line_of_a_script_that_deletes_or_stops_is_said(line: str, expected: list[Consequence]) -> None:
    old, new = (read_machine(__opt__drawbridge__bin__boot=text) for text in ("start\n", f"start\n{line}\n"))
    assert of(_system(old, new)) == expected


def test_a_unit_that_no_longer_says_how_to_stop_is_unknown() -> None:
    unit = "[Service]\nExecStart=run\nExecStop=drain\nExecStop=stop\n"
    path = "__etc__systemd__system__app.service"
    old, new = (read_machine(None, **{path: text}) for text in (unit, unit.replace("ExecStop=drain\n", "")))
    assert of(_system(old, new)) == [Consequence.UNKNOWN]
    assert of(_system(new, old)) == []


@pytest.mark.parametrize(("now", "expected"), [("10s", [Consequence.UNKNOWN]), ("1m", []), ("2m", [])])
def test_a_shorter_timeout_of_nginx_is_unknown(now: str, expected: list[Consequence]) -> None:
    path = "__opt__drawbridge__app__nginx.conf"
    old, new = (read_machine(None, **{path: f"proxy_send_timeout {time};"}) for time in ("60s", now))
    assert of(_waits(old, new)) == expected


@pytest.mark.parametrize(
    ("statement", "demands"),
    [
        ("alter table a add constraint c check (b > 0);", True),
        ("create unique index on a (b);", True),
        ("alter table a add column b text not null;", True),
        ("alter table a add column b text not null default '';", False),
        ("alter table a add column b text;", False),
    ],
)
def test_a_statement_that_rows_must_meet_is_known(statement: str, demands: bool) -> None:
    assert bool(_DEMANDS.search(statement)) is demands


@pytest.mark.parametrize(
    ("inputs", "refused"),
    [
        ({"backupWindow": "03:00-03:20", "maintenanceWindow": "sun:18:00-sun:18:30"}, True),
        ({"backupWindow": "23:45-00:30", "maintenanceWindow": "mon:00:00-mon:00:30"}, True),
        ({"backupWindow": "23:00-23:30", "maintenanceWindow": "sun:23:30-mon:00:30"}, False),
        ({"performanceInsightsRetentionPeriod": 62}, False),
        ({"performanceInsightsRetentionPeriod": 30}, True),
    ],
)
def test_what_rds_takes_of_nobody_is_refused(inputs: dict[str, Any], refused: bool) -> None:
    assert bool(list(_windows(inputs, set(inputs)))) is refused


@pytest.mark.parametrize(
    ("old", "new", "opened"),
    [
        ({"environment": {"CSRF_CHECK": "1"}}, {"environment": ["CSRF_CHECK=0"]}, True),
        ({"environment": {"VERIFY_SIGNATURES": "on"}}, {"environment": {}}, True),
        ({"environment": {"DEBUG": "false"}}, {"environment": {"DEBUG": "true"}}, True),
        ({"environment": {"ALLOWED_HOSTS": "a.example.com"}}, {"environment": {"ALLOWED_HOSTS": "*"}}, True),
        ({"environment": {"JWT_ISSUER": "https://a/"}}, {"environment": {"JWT_ISSUER": "https://b/"}}, True),
        ({"environment": {"PGSSLMODE": "verify-full"}}, {"environment": {"PGSSLMODE": "require"}}, True),
        ({"environment": {"CSRF_CHECK": True}}, {"environment": ["CSRF_CHECK=true"]}, False),
        ({"environment": {"POOL_SIZE": "1"}}, {"environment": {"POOL_SIZE": "2"}}, False),
        ({"image": "redis:7.2"}, {"image": "docker.io/library/redis:7.4"}, False),
        ({"image": "ghcr.io/acme/api:1"}, {"image": "ghcr.io/acne/api:1"}, True),
        ({"command": "serve --auth-file users"}, {"command": "serve"}, True),
        (
            {"command": ["serve", "--trusted-proxies", "10.0.0.1"]},
            {"command": ["serve", "--trusted-proxies", "*"]},
            True,
        ),
        ({"command": "serve --cors-origins=https://a"}, {"command": "serve --cors-origins=*"}, True),
        ({"command": "serve --host 127.0.0.1"}, {"command": "serve --host 0.0.0.0"}, False),
        ({"command": "serve --workers 2"}, {"command": "serve"}, False),
    ],
)
def test_settings_of_the_app_that_open_are_said(
    old: dict[str, Any], new: dict[str, Any], opened: bool
) -> None:
    assert bool(service(old, new)) is opened


@pytest.mark.parametrize(
    ("file", "old", "new", "opened"),
    [
        ("a.rego", "default permitted = false", "default permitted = true", True),
        ("n.conf", "location / {\n  deny all;\n}", "location / {\n}", True),
        ("n.conf", "location / {\n}", "location / {\n  proxy_pass http://app/admin/;\n}", True),
        ("n.conf", "location / {\n}", "location / {\n  proxy_pass http://app;\n}", False),
        ("n.conf", "gzip off;", "gzip on;\n# deny all;", False),
        ("a.sql", "revoke all on t from public;", "", True),
    ],
)
def test_lines_of_the_apps_files_that_open_are_said(file: str, old: str, new: str, opened: bool) -> None:
    versions = [
        [machine({"services": {}}, files={f"/opt/drawbridge/app/{file}": text})] for text in (old, new)
    ]
    assert bool(opens(*versions)) is opened


@pytest.mark.parametrize(
    ("now", "opened"), [("*", True), ("10.0.0.0/8 0.0.0.0/0", True), ("10.0.0.2", False)]
)
def test_a_variable_that_every_service_may_read_is_asked_after_too(now: str, opened: bool) -> None:
    versions = [
        [machine({"services": {}}, facts={"env": {"TRUSTED_PROXIES": value}})] for value in ("10.0.0.1", now)
    ]
    assert bool(opens(*versions)) is opened
