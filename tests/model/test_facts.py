"""What the stack knows, under the app's own names."""

from __future__ import annotations

from typing import Any

import pytest

from model.checks import upload_size
from model.compose import services
from model.machine import app_variables, database_variables
from model.machine.specification import machine_of
from model.outputs import known
from model.stack import Stack
from tests.model.stacks import COMPOSE, changed, load_stack

FRONTENDS = ["https://casecheck.pages.dev", "https://www.example.org:8443"]


def stack(given: dict[str, Any], text: str = COMPOSE) -> Stack:
    config = changed("app/facts", given)
    config["app"]["frontends"] = FRONTENDS
    config["routes"].append({"hostname": "*.example.com", "service": "http://web:80", "access": "public"})
    return load_stack(config, text)


@pytest.mark.parametrize(
    "fact, value",
    [
        ("connectorNetwork", "172.16.80.0/24"),
        ("hostnames", "*.example.com,app.example.com"),
        ("urls", "https://app.example.com"),
        ("accessIssuer", "https://acme.cloudflareaccess.com"),
        ("region", "ap-northeast-1"),
        (
            ["frontends", "websocketUrls"],
            "https://casecheck.pages.dev,https://www.example.org:8443,wss://app.example.com",
        ),
        (["urls", "urls"], "https://app.example.com"),
        (
            {"of": ["frontends"], "form": "json"},
            '["https://casecheck.pages.dev", "https://www.example.org:8443"]',
        ),
        ({"of": ["frontends"], "form": "space"}, "https://casecheck.pages.dev https://www.example.org:8443"),
    ],
)
def test_a_fact_is_written_as_the_app_reads_it(fact: Any, value: str) -> None:
    machine = machine_of(stack({"X": fact}))
    assert machine.env == {"TAG": "v1", "X": value}


def test_the_databases_facts_are_its_variables_by_another_name_and_secret_as_they_are() -> None:
    made = stack(
        {
            "DB_HOST": "databaseHost",
            "DB_USER": "databaseUser",
            "DB_PASS": "databasePassword",
            "URL": "databaseUrl",
        }
    )
    assert made.database is not None
    assert database_variables.variables(made.database, "db.aws", app_variables.aliases(made.app)) == {
        "PGHOST": "db.aws",
        "PGPORT": "5432",
        "PGDATABASE": "app",
        "PGUSER": "app",
        "DB_HOST": "db.aws",
        "DB_USER": "app",
    }
    assert app_variables.secret_names(made) == (
        "DATABASE_URL",
        "DB_PASS",
        "KEY",
        "PGPASSWORD",
        "SECRET",
        "URL",
    )
    assert machine_of(made).env == {"TAG": "v1"}


def test_a_service_that_mentions_an_alias_reads_the_database() -> None:
    text = COMPOSE.replace("worker:1\n", "worker:1\n    environment: {DB_HOST: '${DB_HOST}'}\n")
    made = stack({"DB_HOST": "databaseHost"}, text)
    assert made.database is not None
    assert services.database_services(made.compose, made.database, app_variables.aliases(made.app)) == (
        "api",
        "worker",
    )


def test_front_ends_that_no_fact_hands_to_the_app_are_pointed_out() -> None:
    hint = "app.frontends: no variable tells the app which origins to allow (CORS): app.facts: {CORS_ORIGINS: frontends}"
    assert hint in stack({}).warnings
    assert hint not in stack({"CORS_ORIGINS": "frontends"}).warnings


def test_the_app_team_learns_the_apis_url_and_the_origins_it_allows() -> None:
    outputs = known(stack({}))
    assert (outputs["urls"], outputs["websocketUrls"]) == (
        {"app.example.com": "https://app.example.com"},
        {"app.example.com": "wss://app.example.com"},
    )
    assert outputs["corsOrigins"] == FRONTENDS
    assert outputs["loginCallback"] == "https://acme.cloudflareaccess.com/cdn-cgi/access/callback"


NGINX = "server {{\n  listen 80;\n  location /api {{\n    client_max_body_size {};\n  }}\n}}\n"


@pytest.mark.parametrize(
    "text, limits",
    [
        (NGINX.format("500M"), [500.0]),
        (NGINX.format("0"), [float("inf")]),
        (NGINX.format("2g"), [2048.0]),
        (NGINX.format("512k"), [0.5]),
        (NGINX.format("1048576"), [1.0]),
        ("server {\n listen 80;\n}\n", []),
        ("# client_max_body_size 5m;\nkey: value\n", None),
    ],
)
def test_nginxs_own_limits_are_read(text: str, limits: list[float] | None) -> None:
    assert upload_size.nginx_limits(text) == limits


def test_an_nginx_that_would_take_more_than_the_plan_is_pointed_out() -> None:
    assert upload_size.check(None, {"nginx.conf": NGINX.format("500M")}, "pro") == (
        [],
        [
            "nginx.conf: nginx would take bodies of 500 MB, but the pro plan ends them at 100 MB (status 413): larger uploads go in parts"
        ],
    )
    assert upload_size.check(None, {"nginx.conf": NGINX.format("500M")}, "enterprise") == ([], [])


def test_the_largest_of_several_limits_is_the_one_that_misleads() -> None:
    text = NGINX.format("1m") + NGINX.format("500m")
    _, (warning,) = upload_size.check(None, {"nginx.conf": text}, "pro")
    assert warning.startswith("nginx.conf: nginx would take bodies of 500 MB")


@pytest.mark.parametrize(
    "text, refused",
    [
        (NGINX.format("100m"), ""),
        (NGINX.format("0"), ""),
        (NGINX.format("10m"), "10m"),
        ("server {\n listen 80;\n}\n", "1m"),
        ("a: b\n", ""),
    ],
)
def test_an_nginx_that_refuses_what_the_app_counts_on_is_an_error(text: str, refused: str) -> None:
    found, _ = upload_size.check(100, {"nginx.conf": text}, "pro")
    line = (
        f"app.maxBodyMB: expected at most {refused.rstrip('m')}, the client_max_body_size of nginx in app.files (1m by default), "
        "found 100; write `client_max_body_size 100m;` in nginx.conf"
    )
    assert [str(item) for item in found] == ([line] if refused else [])
