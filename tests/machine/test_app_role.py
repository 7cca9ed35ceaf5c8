"""The app's role, made in a real PostgreSQL over verified TLS."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
import pytest

from tests.machine.double import Double, double
from tests.machine.postgres import Server, needs_postgres, running
from tests.machine.role import Machine

pytestmark = [needs_postgres, pytest.mark.slow]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as here:
        yield here


@pytest.fixture
def cloud() -> Iterator[Double]:
    with double() as here:
        here.secrets["arn:master"] = json.dumps({"username": "master", "password": "master-pw"})
        yield here


def test_the_first_run_makes_a_role_that_owns_its_database(
    tmp_path: Path, server: Server, cloud: Double
) -> None:
    done = Machine(tmp_path, server, cloud, "first", "canary-first").run()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with (
        server.connect(dbname="first", user="first", password="canary-first") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("CREATE TABLE t (x int)")
        cursor.execute("SELECT rolcreatedb, rolcreaterole, rolsuper FROM pg_roles WHERE rolname = 'first'")
        assert cursor.fetchone() == (False, False, False)


def test_no_other_role_can_connect_to_it(tmp_path: Path, server: Server, cloud: Double) -> None:
    assert Machine(tmp_path / "a", server, cloud, "mine", "pw-mine").run().returncode == 0
    assert Machine(tmp_path / "b", server, cloud, "yours", "pw-yours").run().returncode == 0
    with pytest.raises(psycopg2.OperationalError, match='permission denied for database "mine"'):
        server.connect(dbname="mine", user="yours", password="pw-yours")


def test_a_second_run_changes_nothing_and_a_new_password_is_taken(
    tmp_path: Path, server: Server, cloud: Double
) -> None:
    for folder, password in (("a", "one"), ("b", "one"), ("c", "two")):
        assert Machine(tmp_path / folder, server, cloud, "again", password).run().returncode == 0
        server.connect(dbname="again", user="again", password=password).close()
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        server.connect(dbname="again", user="again", password="one")


def test_four_machines_at_once_do_not_disturb_each_other(
    tmp_path: Path, server: Server, cloud: Double
) -> None:
    machines = [Machine(tmp_path / str(i), server, cloud, "crowd", "pw") for i in range(4)]
    with ThreadPoolExecutor(4) as pool:
        results = [done.stderr for done in pool.map(lambda machine: machine.run(), machines)]
    assert results == [""] * 4
    server.connect(dbname="crowd", user="crowd", password="pw").close()


def test_the_servers_log_never_sees_the_password(tmp_path: Path, server: Server, cloud: Double) -> None:
    assert Machine(tmp_path, server, cloud, "quiet", "canary-quiet").run().returncode == 0
    assert 'ALTER ROLE "quiet"' in server.log()
    assert "canary-quiet" not in server.log()


def test_another_certificate_is_refused(tmp_path: Path, server: Server, cloud: Double) -> None:
    machine = Machine(tmp_path, server, cloud, "strict", "pw")
    words = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=other",
        "-keyout",
        str(tmp_path / "other.key"),
    ]
    subprocess.run(
        ["openssl", *words, "-out", str(tmp_path / "etc/drawbridge/rds-ca.pem")],
        check=True,
        capture_output=True,
    )
    done = machine.run()
    assert done.returncode == 1
    assert done.stderr.startswith("drawbridge: the database localhost cannot be reached: OperationalError: ")
    assert "certificate verify failed" in done.stderr


def test_machines_migrate_one_after_the_other_under_a_lock_of_the_apps_own_database(
    tmp_path: Path, server: Server, cloud: Double
) -> None:
    journal = tmp_path / "journal"
    machines = [Machine(tmp_path / str(i), server, cloud, "turns", "pw-turns") for i in range(3)]
    assert machines[0].run().returncode == 0
    for number, machine in enumerate(machines):
        root = Path(machine.environment["DRAWBRIDGE_ROOT"])
        for folder in ("bin", "run", "opt/drawbridge/app"):
            (root / folder).mkdir(parents=True)
        facts = json.loads((root / "etc/drawbridge/machine.json").read_text())
        (root / "etc/drawbridge/machine.json").write_text(
            json.dumps({**facts, "once": ["migrate"], "efs": ""})
        )
        stub = f'case "$1" in compose) echo {number} begins >> {journal}; sleep 0.4; echo {number} ends >> {journal};; esac'
        (root / "bin/docker").write_text(f"#!/bin/sh\n{stub}\n")
        (root / "bin/docker").chmod(0o755)
        machine.environment |= {"PATH": f"{root}/bin:{os.environ['PATH']}", "DRAWBRIDGE_PAUSE": "0.05"}
    with ThreadPoolExecutor(3) as pool:
        results = [
            (done.returncode, done.stderr)
            for done in pool.map(lambda machine: machine.run("once", "30"), machines)
        ]
    assert results == [(0, "")] * 3
    lines = journal.read_text().split("\n")[:-1]
    first = [line.split()[0] for line in lines[::2]]
    assert lines == [f"{number} {word}" for number in first for word in ("begins", "ends")]
    assert sorted(first) == ["0", "1", "2"]
