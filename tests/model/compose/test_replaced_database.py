"""`database.replaces`: what the overlay makes of the variables of other services, as Compose itself merges it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from model.compose.database_spellings import CA_FILE, rewritten
from model.machine.specification import machine_of
from tests.model.stacks import changed, findings, load_stack
from tests.model.test_overlay import merged

URL = "${PGUSER}:${PGPASSWORD}@${PGHOST}:${PGPORT}/${PGDATABASE}"
TLS = f"sslmode=verify-full&sslrootcert={CA_FILE}"
MACHINE = {
    "PGHOST": "rds.example",
    "PGPORT": "5432",
    "PGUSER": "app",
    "PGPASSWORD": "Pw9",
    "PGDATABASE": "app",
    "DATABASE_URL": "postgresql://app:Pw9@rds.example:5432/app",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgres://u:p@db/app", f"postgres://{URL}?{TLS}"),
        ("postgresql://u:p@db:5432/app", f"postgresql://{URL}?{TLS}"),
        ("postgresql://u:p@db:5432/app?schema=x&sslmode=disable", f"postgresql://{URL}?schema=x&{TLS}"),
        ("postgresql+asyncpg://u:p@db/app", f"postgresql+asyncpg://{URL}?ssl=verify-full"),
        ("postgresql+psycopg://u:p@db/app", f"postgresql+psycopg://{URL}?{TLS}"),
        ("postgresql+psycopg2://u:p@db/app", f"postgresql+psycopg2://{URL}?{TLS}"),
        ("postgis://u:p@db/app", f"postgis://{URL}?{TLS}"),
        ("ecto://u:p@db/app", f"ecto://{URL}?ssl=true"),
        ("jdbc:postgresql://db:5432/app", f"jdbc:postgresql://${{PGHOST}}:${{PGPORT}}/${{PGDATABASE}}?{TLS}"),
        (
            "jdbc:postgresql://db/app?user=u&password=p&currentSchema=x",
            "jdbc:postgresql://${PGHOST}:${PGPORT}/${PGDATABASE}?user=${PGUSER}&password=${PGPASSWORD}&currentSchema=x&"
            + TLS,
        ),
        (
            "host=db user=u password='p q' dbname=app sslmode=disable",
            "host=${PGHOST} user=${PGUSER} password=${PGPASSWORD} dbname=${PGDATABASE} port=${PGPORT} sslmode=verify-full "
            f"sslrootcert={CA_FILE}",
        ),
        (
            "Host=db;Port=5432;Database=app;Username=u;Password=p;Include Error Detail=true",
            "Host=${PGHOST};Port=${PGPORT};Database=${PGDATABASE};Username=${PGUSER};Password=${PGPASSWORD};"
            f"Include Error Detail=true;SSL Mode=VerifyFull;Root Certificate={CA_FILE}",
        ),
        (
            "Server=db;Database=app;User Id=u;Password=p;",
            "Server=${PGHOST};Database=${PGDATABASE};User Id=${PGUSER};Password=${PGPASSWORD};Port=${PGPORT};"
            f"SSL Mode=VerifyFull;Root Certificate={CA_FILE}",
        ),
        (
            "pg://db:5432?u=u&p=p&d=app",
            "pg://${PGHOST}:${PGPORT}?u=${PGUSER}&p=${PGPASSWORD}&d=${PGDATABASE}&ssl=true",
        ),
        ("db", "${PGHOST}"),
        ("DB:5432", "${PGHOST}:${PGPORT}"),
        ("postgres://u:\ue000DB_PASSWORD\ue000@db/app", f"postgres://{URL}?{TLS}"),
        (
            "postgres://u:p@db/app?application_name=\ue000NAME\ue000$",
            f"postgres://{URL}?application_name=${{NAME}}$$&{TLS}",
        ),
    ],
)
def test_each_spelling_of_the_address_is_rewritten_with_verified_tls(text: str, expected: str) -> None:
    done = rewritten(text, {"db"})
    assert done is not None
    assert done.text == expected


@pytest.mark.parametrize(
    "text",
    [
        "postgresql+pg8000://u:p@db/app",
        "postgres://u:p@db1,db/app",
        "mysql://u:p@db/app",
        '{"url": "postgres://u:p@db/app"}',
        "postgres://u:p@other/app",
        "dbx",
        "Host=db",
    ],
)
def test_what_is_of_no_known_form_is_left_to_a_person(text: str) -> None:
    assert rewritten(text, {"db"}) is None


def stack(services: str, **more: Any) -> tuple[dict[str, Any], str]:
    config = changed("app", {"compose": "compose.yaml", "restart": ["web"], **more})
    config["routes"] = [{"hostname": "app.example.com", "service": "http://web:80", "access": "public"}]
    config["access"] = {}
    config["database"]["replaces"] = "db"
    return config, services


def read(text: str, tmp_path: Path, **more: Any) -> dict[str, Any]:
    config, compose = stack(text, **more)
    stack_ = load_stack(config, compose, secrets=dict.fromkeys(more.get("secrets", ()), 8))
    values = {**MACHINE, **machine_of(stack_).env, **dict.fromkeys(more.get("secrets", ()), "s3")}
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    return merged(machine_of(stack_).overlay, tmp_path, compose)


def file(environment: dict[str, Any], server: dict[str, Any] | None = None, **web: Any) -> str:
    health = {"test": ["CMD", "true"]}
    return yaml.safe_dump(
        {
            "services": {
                "web": {"image": "acme/web:1", "environment": environment, "healthcheck": health, **web},
                "db": {
                    "image": "postgres:17",
                    "environment": {"POSTGRES_PASSWORD": "${DB_PASSWORD:?set it}"},
                    "volumes": ["data:/var/lib/postgresql/data"],
                    **(server or {}),
                },
            },
            "volumes": {"data": None},
        }
    )


def test_the_server_is_not_started_its_volume_is_not_made_and_who_waits_for_it_does_not(
    tmp_path: Path,
) -> None:
    document = read(
        file(
            {"DATABASE_URL": "postgres://app:${DB_PASSWORD}@db/app"},
            depends_on={"db": {"condition": "service_healthy"}},
            links=["db"],
        ),
        tmp_path,
        secrets=["DB_PASSWORD"],
    )
    web = document["services"]["web"]
    assert sorted(document["services"]) == ["cloudflared", "web"]
    assert "volumes" not in document
    assert "depends_on" not in web
    assert "links" not in web
    assert web["environment"]["DATABASE_URL"] == f"postgres://app:Pw9@rds.example:5432/app?{TLS}"


def test_others_are_still_waited_for(tmp_path: Path) -> None:
    text = file(
        {"PGHOST": "db"},
        depends_on={"db": {"condition": "service_healthy"}, "cache": {"condition": "service_started"}},
    )
    document = yaml.safe_load(text)
    document["services"]["cache"] = {"image": "redis:8"}
    web = read(yaml.safe_dump(document), tmp_path, restart=["web", "cache"])["services"]["web"]
    assert web["depends_on"] == {"cache": {"condition": "service_started", "required": True}}


@pytest.mark.parametrize(
    ("variables", "server"),
    [
        ({"DB_HOST": "db", "DB_PORT": "5432", "DB_USER": "u", "DB_PASS": "p", "DB_NAME": "n"}, {}),
        (
            {
                "PAPERLESS_DBHOST": "db",
                "PAPERLESS_DBUSER": "u",
                "PAPERLESS_DBPASS": "p",
                "PAPERLESS_DBNAME": "n",
            },
            {},
        ),
        ({"POSTGRES_HOST": "db", "POSTGRES_USER": "u", "POSTGRES_PASSWORD": "p", "POSTGRES_DB": "n"}, {}),
        (
            {
                "X_database__HOST": "db:5432",
                "X_database__USER": "u",
                "X_database__PASSWD": "p",
                "X_database__NAME": "n",
            },
            {},
        ),
        (
            {"KC_DB_URL_HOST": "db", "KC_DB_USERNAME": "u", "KC_DB_PASSWORD": "p", "KC_DB_URL_DATABASE": "n"},
            {},
        ),
        (
            {
                "DB_POSTGRESDB_HOST": "db",
                "DB_POSTGRESDB_USER": "u",
                "DB_POSTGRESDB_PASSWORD": "p",
                "DB_POSTGRESDB_DATABASE": "n",
            },
            {},
        ),
        (
            {"HOST": "database", "USER_NAME": "u", "PASSWORD": "p", "NAME": "n"},
            {
                "hostname": "database",
                "environment": {"POSTGRES_USER": "u", "POSTGRES_PASSWORD": "p", "POSTGRES_DB": "n"},
            },
        ),
    ],
)
def test_host_user_password_and_name_apart_are_the_stacks(
    variables: dict[str, str], server: dict[str, Any], tmp_path: Path
) -> None:
    web = read(file(variables, server), tmp_path)["services"]["web"]["environment"]
    values = [web[name] for name in variables]
    assert values[0] in ("rds.example", "rds.example:5432")
    assert values[-3:] == ["app", "Pw9", "app"]


def test_what_is_called_as_the_server_is_and_is_none_stays(tmp_path: Path) -> None:
    """`DB_TYPE: postgres` beside a server of that name, and a port and a password that are the app's own."""
    text = file(
        {"DB_TYPE": "db", "DB_HOST": "db", "PORT": "3000", "ADMIN_PASSWORD": "p", "SESSION_DRIVER": "db"}
    )
    web = read(text, tmp_path)["services"]["web"]["environment"]
    assert [web[name] for name in ("DB_TYPE", "DB_HOST", "PORT", "ADMIN_PASSWORD", "SESSION_DRIVER")] == [
        "db",
        "rds.example",
        "3000",
        "p",
        "db",
    ]


def test_a_variable_that_comes_from_env_by_its_name_is_rewritten(tmp_path: Path) -> None:
    text = file({"DATASOURCE": None})
    web = read(text, tmp_path, env={"DATASOURCE": "postgres://u:p@db:5432/app?connect_timeout=10"})[
        "services"
    ]["web"]
    assert (
        web["environment"]["DATASOURCE"]
        == f"postgres://app:Pw9@rds.example:5432/app?connect_timeout=10&{TLS}"
    )


def test_a_server_that_is_called_as_the_scheme_is_told_apart_from_it(tmp_path: Path) -> None:
    text = file(
        {"A": "postgres://u:p@postgres/app", "DB_TYPE": "postgres", "DB_HOST": "postgres"},
        {"hostname": "postgres"},
    )
    web = read(text, tmp_path)["services"]["web"]["environment"]
    assert web["A"] == f"postgres://app:Pw9@rds.example:5432/app?{TLS}"
    assert (web["DB_TYPE"], web["DB_HOST"]) == ("postgres", "rds.example")


def test_commands_that_name_it_are_rewritten(tmp_path: Path) -> None:
    text = file({"X": "y"}, command=["wait-for", "db:5432", "--dsn=postgres://u:p@db/app", "echo $$HOME"])
    web = read(text, tmp_path)["services"]["web"]
    assert web["command"] == [
        "wait-for",
        "rds.example:5432",
        f"--dsn=postgres://app:Pw9@rds.example:5432/app?{TLS}",
        "echo $$HOME",
    ]


@pytest.mark.parametrize(
    ("compose", "said"),
    [
        (
            file({"CONFIG": '{"host": "db"}'}),
            "compose.yaml:10 services.web.environment.CONFIG: expected an address of the replaced server in a form that can be "
            'rewritten, found "{\\"host\\": \\"db\\"}"; say in app.environment.web.CONFIG what it is with ${PGHOST}, ${PGUSER} and '
            "the others",
        ),
        (
            file({"DB_HOST": "db", "DB_PASSWORD_FILE": "/run/secrets/p"}),
            "compose.yaml:11 services.web.environment.DB_PASSWORD_FILE: expected an address of the replaced server in a form that "
            'can be rewritten, found "/run/secrets/p"; say in app.environment.web `DB_PASSWORD: ${PGPASSWORD}` and '
            '`DB_PASSWORD_FILE: ""`',
        ),
        (
            file({"A_URL": "postgres://u:p@db/one", "B_URL": "postgres://u:p@db/two"}),
            "compose.yaml:11 services.web.environment.B_URL: expected one database (one), for drawbridge:database has one, found "
            '"two"; give this service the same database in app.environment, or keep its server (app.allow.ownDatabase)',
        ),
        (
            file({"A": "b"}, {"image": "timescale/timescaledb:2.17-pg17"}),
            "compose.yaml:5 services.db.image: expected a PostgreSQL that RDS can replace; it has no TimescaleDB, found "
            "\"timescale/timescaledb:2.17-pg17\"; take `replaces` out, keep 'db' as a container, and list it in "
            "app.allow.ownDatabase",
        ),
        (
            file({"A": "b"}, {"image": "mariadb:11"}),
            'compose.yaml:5 services.db.image: expected a PostgreSQL, which drawbridge:database is, found "mariadb:11"; choose the '
            "app's PostgreSQL, if it has one",
        ),
        (
            file({"A": "b"}, network_mode="service:db"),
            "compose.yaml:8 services.web: it lives in the container of 'db', which is not started; take this service out, or keep "
            "the server (app.allow.ownDatabase)",
        ),
    ],
)
def test_what_cannot_be_rewritten_is_named_with_its_line(compose: str, said: str) -> None:
    assert said in [str(item) for item in findings(*stack(compose), secrets={})]


def test_what_the_stack_file_says_itself_is_not_rewritten(tmp_path: Path) -> None:
    own = {"web": {"CONFIG": '{"host": "${PGHOST}"}'}}
    web = read(file({"CONFIG": '{"host": "db"}'}), tmp_path, environment=own)["services"]["web"]
    assert web["environment"]["CONFIG"] == '{"host": "rds.example"}'


def test_a_password_is_in_no_error() -> None:
    config, compose = stack(file({"A_URL": "postgres://u:hunter2@db,other/one"}))
    assert not any("hunter2" in str(item) for item in findings(config, compose))


def test_a_server_that_is_not_there_is_an_error() -> None:
    config, compose = stack(file({"A": "b"}))
    config["database"]["replaces"] = "dbb"
    assert (
        'database.replaces: expected a service of compose.yaml (db, web), found "dbb"; did you mean db?'
        in [str(item) for item in findings(config, compose, secrets={})]
    )
