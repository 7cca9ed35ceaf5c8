"""The app gets another role: what the former one owns becomes the new one's, and the machines that still use the former go on.

In a real PostgreSQL, with a master that is no superuser, as RDS has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.machine.double import Double, double
from tests.machine.postgres import Server, needs_postgres, running
from tests.machine.role import Machine

pytestmark = [needs_postgres, pytest.mark.slow]
PASSWORD = "pw-app"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as here:
        yield here


@pytest.fixture
def cloud() -> Iterator[Double]:
    with double() as here:
        here.secrets["arn:master"] = '{"username": "master", "password": "master-pw"}'
        yield here


class App:
    """One app's database, and its machines' boots, each under the role that its release has."""

    def __init__(self, place: Path, server: Server, cloud: Double, name: str) -> None:
        self.place, self.server, self.cloud, self.name = place, server, cloud, name
        self.boots = 0

    def boot(self, role: str) -> tuple[int, str]:
        self.boots += 1
        machine = Machine(
            self.place / str(self.boots), self.server, self.cloud, self.name, PASSWORD, f"{self.name}_{role}"
        )
        done = machine.run()
        return done.returncode, done.stderr

    @contextmanager
    def session(self, role: str) -> Iterator[Any]:
        connection = self.server.connect(dbname=self.name, user=f"{self.name}_{role}", password=PASSWORD)
        connection.autocommit = True
        try:
            yield connection.cursor()
        finally:
            connection.close()

    def owners(self) -> set[str]:
        """Of everything in the app's database that a role can own, and of the database."""
        query = """
            SELECT pg_get_userbyid(c.relowner) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
            UNION SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'app'
            UNION SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE proname = 'seven'
            UNION SELECT pg_get_userbyid(typowner) FROM pg_type WHERE typname = 'mood'
            UNION SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()
        """
        with self.server.connect(dbname=self.name) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return {owner.removeprefix(f"{self.name}_") for (owner,) in cursor.fetchall()}


def fill(cursor: Any) -> None:
    cursor.execute("CREATE TABLE jobs (id serial PRIMARY KEY, what text)")
    cursor.execute("INSERT INTO jobs (what) VALUES ('first')")
    cursor.execute("CREATE SCHEMA app CREATE TABLE deep (x int) CREATE VIEW seen AS SELECT x FROM deep")
    cursor.execute("CREATE FUNCTION seven() RETURNS int LANGUAGE sql AS 'SELECT 7'")
    cursor.execute("CREATE TYPE mood AS ENUM ('good')")


@pytest.fixture
def app(tmp_path: Path, server: Server, cloud: Double, request: pytest.FixtureRequest) -> App:
    """An app that has served under its first role for a while."""
    here = App(tmp_path, server, cloud, f"db{abs(hash(request.node.name)) % 10**8}")
    assert here.boot("one") == (0, "")
    with here.session("one") as cursor:
        fill(cursor)
    return here


def test_the_new_role_owns_all_that_the_former_one_had(app: App) -> None:
    assert app.owners() == {"one"}
    assert app.boot("two") == (0, "")
    assert app.owners() == {"two"}
    with app.session("two") as cursor:
        cursor.execute("ALTER TABLE jobs ADD COLUMN at timestamptz")
        cursor.execute("INSERT INTO jobs (what) VALUES ('second') RETURNING id")
        assert cursor.fetchone() == (2,)
        cursor.execute("DROP VIEW app.seen")
        cursor.execute("SELECT seven()")
        assert cursor.fetchone() == (7,)


def test_a_machine_of_the_earlier_release_goes_on_in_its_sessions_and_in_new_ones(app: App) -> None:
    with app.session("one") as cursor:
        cursor.execute("SELECT what FROM jobs")
        assert app.boot("two") == (0, "")
        cursor.execute("INSERT INTO jobs (what) VALUES ('still') RETURNING what")
        assert cursor.fetchone() == ("still",)
        cursor.execute("UPDATE jobs SET what = 'changed'")
        cursor.execute("ALTER TABLE app.deep ADD COLUMN y int")
    with app.session("one") as cursor:
        cursor.execute("SELECT count(*) FROM jobs")
        assert cursor.fetchone() == (2,)
        cursor.execute("CREATE TABLE made_meanwhile (x int)")
    assert app.owners() == {"two"}
    with app.session("two") as cursor:
        cursor.execute("INSERT INTO made_meanwhile VALUES (1)")


def test_a_table_that_an_open_session_of_the_former_role_makes_is_handed_over_by_the_next_boot(
    app: App,
) -> None:
    with app.session("one") as cursor:
        assert app.boot("two") == (0, "")
        cursor.execute("CREATE TABLE late (x int)")
    assert app.owners() == {"one", "two"}
    assert app.boot("two") == (0, "")
    assert app.owners() == {"two"}


def test_every_boot_may_be_repeated(app: App) -> None:
    for _ in range(3):
        assert app.boot("two") == (0, "")
    assert app.owners() == {"two"}


def test_the_way_back_is_a_hand_over_too(app: App) -> None:
    for role in ("two", "one", "two", "one"):
        assert app.boot(role) == (0, "")
        assert app.owners() == {role}
        with app.session("one") as first, app.session("two") as second:
            for cursor in (first, second):
                cursor.execute("INSERT INTO jobs (what) VALUES ('x')")
                cursor.execute("SELECT current_user")
                assert cursor.fetchone() == (f"{app.name}_{role}",)


def test_an_old_machine_that_boots_again_during_the_release_takes_nothing_from_the_new_ones(app: App) -> None:
    assert app.boot("two") == (0, "")
    assert app.boot("one") == (0, "")
    with app.session("two") as cursor:
        cursor.execute("INSERT INTO jobs (what) VALUES ('x')")
        cursor.execute("ALTER TABLE jobs ADD COLUMN more int")
    assert app.boot("two") == (0, "")
    assert app.owners() == {"two"}


def test_a_third_role_takes_over_from_the_second_while_the_first_may_still_be_there(app: App) -> None:
    assert app.boot("two") == (0, "")
    with app.session("one") as cursor:
        assert app.boot("three") == (0, "")
        assert app.owners() == {"three"}
        cursor.execute("INSERT INTO jobs (what) VALUES ('x')")
    for role in ("one", "two", "three"):
        with app.session(role) as cursor:
            cursor.execute("INSERT INTO jobs (what) VALUES ('x')")
            cursor.execute("CREATE TABLE IF NOT EXISTS any_role (x int)")
    assert app.owners() == {"three"}


def test_a_query_that_holds_a_lock_for_long_is_waited_for_and_not_the_app_behind_it(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = app.server.connect(dbname=app.name, user=f"{app.name}_one", password=PASSWORD)
    holder.cursor().execute("SELECT * FROM jobs")  # the lock lasts as long as the transaction
    code, error = app.boot("two")
    assert code == 1
    assert "what" in error and "cannot be handed to" in error and "lock timeout" in error
    with app.session("one") as cursor:  # nothing is half done
        cursor.execute("INSERT INTO jobs (what) VALUES ('x')")
        cursor.execute("ALTER TABLE app.deep ADD COLUMN z int")
    assert app.owners() == {"one"}
    holder.close()
    assert app.boot("two") == (0, "")
    assert app.owners() == {"two"}


def test_another_apps_database_on_the_server_keeps_its_owner(app: App, tmp_path: Path) -> None:
    other = App(tmp_path / "other", app.server, app.cloud, f"{app.name}_b")
    assert other.boot("one") == (0, "")
    assert app.boot("two") == (0, "")
    assert other.owners() == {"one"}


def test_the_way_back_over_several_roles(app: App) -> None:
    for role in ("two", "three", "one", "three"):
        assert app.boot(role) == (0, "")
        assert app.owners() == {role}


def test_a_role_that_somebody_made_a_member_of_the_apps_stays_as_it_is(app: App, server: Server) -> None:
    analyst = f"{app.name}_analyst"
    connection = server.connect()
    connection.autocommit = True
    connection.cursor().execute(f"CREATE ROLE {analyst} LOGIN PASSWORD '{PASSWORD}' IN ROLE {app.name}_one")
    connection.close()
    with app.session("one") as cursor:
        cursor.execute(f"GRANT CREATE ON SCHEMA app TO {analyst}")
    with app.session("analyst") as cursor:
        cursor.execute("CREATE TABLE app.notes (x int)")
    assert app.boot("one") == (0, "")
    assert app.owners() == {"one", "analyst"}
    with app.session("analyst") as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == (analyst,)
