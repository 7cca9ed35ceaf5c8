"""Hipster Timer's back end, walked: WebSocket, the connector as trusted proxy, the edge's secret, CORS, both drivers' TLS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from tests.machine.postgres import needs_postgres, running

from .place import Visitor, database_environment, opened, run_python, walking

HOST = "api.example.com"


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with walking("hipster-timer-backend", tmp_path_factory.mktemp("hipster"), {"backend": 2614}) as visitor:
        yield visitor


@pytest.mark.parametrize(
    "path", ["/health", "/v1/timers", "/v1/graphql", "/v1/schedules?start_date=2026-01-01"]
)
def test_the_api_is_public_and_comes_through_the_trusted_proxy(visit: Visitor, path: str) -> None:
    answer = visit(HOST + path)
    assert (answer.status, answer.service, answer.seen["path"]) == (200, "backend", path.partition("?")[0])


def test_a_websocket_goes_through_with_its_protocol(visit: Visitor) -> None:
    with visit.websocket(HOST, "/v1/ws/timers?timezone=Asia/Seoul") as socket:
        assert socket.report["path"] == "/v1/ws/timers"
        assert socket.ask("timer.sync") == "echo timer.sync"


def test_plain_http_and_ws_are_redirected(visit: Visitor) -> None:
    answer = visit(
        HOST + "/v1/ws/timers", secure=False, headers={"Upgrade": "websocket", "Connection": "Upgrade"}
    )
    assert (answer.status, answer.headers["location"]) == (301, f"https://{HOST}/v1/ws/timers")


def straight(visit: Visitor, source: str, **headers: str) -> tuple[int, str]:
    """A request past the edge, from an address of this machine."""
    connection = HTTPConnection(
        *visit.place.find("http://backend:2614"), source_address=(source, 0), timeout=10
    )
    connection.request(
        "GET", "/v1/timers", headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    with connection.getresponse() as response:
        return response.status, json.load(response).get("refused", "")


def test_who_does_not_come_from_the_connectors_network_is_refused(visit: Visitor) -> None:
    secret = visit.place.environment("backend")["ORIGIN_VERIFY_SECRET"]
    assert straight(visit, "127.0.0.1", X_Origin_Verify=secret) == (403, "127.0.0.1 is no trusted proxy")
    assert straight(visit, "127.0.80.2", X_Origin_Verify=secret) == (200, "")


def test_who_does_not_bring_the_edges_secret_is_refused(visit: Visitor) -> None:
    assert straight(visit, "127.0.80.2") == (403, "the edge's secret is missing")
    assert straight(visit, "127.0.80.2", X_Origin_Verify="guess") == (403, "the edge's secret is missing")


def test_the_edge_overwrites_what_a_visitor_sends_for_it(visit: Visitor) -> None:
    environment = visit.place.environment("backend")
    assert environment["ORIGIN_VERIFY_HEADER"] == "X-Origin-Verify"
    answer = visit(HOST + "/v1/timers", headers={"X-Origin-Verify": "guess"})
    assert answer.seen["headers"]["x-origin-verify"] == environment["ORIGIN_VERIFY_SECRET"]


def test_a_visitor_chooses_the_first_forwarded_address_so_the_edge_counts(visit: Visitor) -> None:
    """What the README says under "Behind the tunnel"."""
    headers = visit(HOST + "/v1/timers", headers={"X-Forwarded-For": "203.0.113.66"}).seen["headers"]
    assert (headers["x-forwarded-for"], headers["cf-connecting-ip"]) == (
        "203.0.113.66, 198.51.100.7",
        "198.51.100.7",
    )
    visit.running.edge.seen.clear()
    answers = [
        visit(HOST + "/v1/timers", headers={"X-Forwarded-For": f"203.0.113.{n}"}).status for n in range(61)
    ]
    visit.running.edge.seen.clear()
    assert answers == [200] * 60 + [429]


@pytest.mark.parametrize(
    "origin", ["https://app.example.com", "https://www.example.com", "wss://api.example.com"]
)
def test_listed_origins_may_call_with_credentials(visit: Visitor, origin: str) -> None:
    headers = visit(HOST + "/v1/timers", headers={"Origin": origin}).headers
    assert (headers["access-control-allow-origin"], headers["access-control-allow-credentials"]) == (
        origin,
        "true",
    )


def test_other_origins_may_not(visit: Visitor) -> None:
    assert (
        "access-control-allow-origin"
        not in visit(HOST + "/v1/timers", headers={"Origin": "https://evil.example"}).headers
    )


def test_the_front_ends_get_their_urls(visit: Visitor) -> None:
    outputs = visit.place.stack.outputs
    assert outputs["websocketUrls"] == {HOST: f"wss://{HOST}"}
    assert outputs["corsOrigins"] == ["https://app.example.com", "https://www.example.com"]


def test_the_environment_is_the_guides(visit: Visitor) -> None:
    environment = visit.place.environment("backend")
    guide = {
        "ENVIRONMENT": "production",
        "OIDC_ENABLED": "true",
        "OIDC_ISSUER_URL": "https://auth.example.com/realms/myrealm",
        "OIDC_AUDIENCE": "hipster-timer-frontend",
        "RATE_LIMIT_ENABLED": "true",
        "RATE_LIMIT_DEFAULT_WINDOW": "60",
        "RATE_LIMIT_DEFAULT_REQUESTS": "60",
        "POOL_SIZE": "10",
        "MAX_OVERFLOW": "20",
        "DB_POOL_PRE_PING": "true",
        "DB_POOL_RECYCLE": "3600",
        "LOG_LEVEL": "WARNING",
        "CORS_ALLOW_CREDENTIALS": "true",
        "OIDC_JWKS_CACHE_TTL_SECONDS": "3600",
        "CORS_ALLOW_METHODS": "GET,POST,PUT,PATCH,DELETE,OPTIONS",
        "CORS_ALLOW_HEADERS": "Authorization,Content-Type",
        "CORS_ALLOWED_ORIGINS": "https://app.example.com,https://www.example.com,wss://api.example.com",
        "CF_ENABLED": "true",
        "PROXY_FORCE": "true",
        "TRUSTED_PROXY_IPS": "127.0.80.0/24",
    }
    assert {name: environment[name] for name in guide} == guide
    service = visit.place.services["backend"]
    assert (service["restart"], service["user"], service["image"]) == (
        "always",
        "10001:10001",
        "ghcr.io/onprem-hipster-timer/backend:v2026.01.13-f81a7c0",
    )


ASKS = "select current_user::text, current_database()::text, ssl::text from pg_stat_ssl where pid = pg_backend_pid()"
SYNC = f"""
import json, os, sqlalchemy as s
with s.create_engine(os.environ["DATABASE_URL"]).begin() as c: print(json.dumps(list(c.execute(s.text("{ASKS}")).one())))
"""
ASYNC = f"""
import asyncio, json, os, sqlalchemy as s
from sqlalchemy.ext.asyncio import create_async_engine
async def main():
    engine = create_async_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://", 1))
    async with engine.begin() as c: print(json.dumps(list((await c.execute(s.text("{ASKS}"))).one())))
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def environment(visit: Visitor) -> Iterator[dict[str, str]]:
    with running() as server:
        environment = database_environment(visit.place, "backend", server)
        opened(server, environment)
        yield environment


@needs_postgres
@pytest.mark.parametrize("script", [SYNC, ASYNC], ids=["psycopg2", "asyncpg"])
def test_both_of_the_apps_drivers_open_its_url_over_verified_tls(
    environment: dict[str, str], script: str
) -> None:
    assert run_python(script, environment) == ["hipster", "hipster_timer", "true"]


@needs_postgres
@pytest.mark.parametrize("script", [SYNC, ASYNC], ids=["psycopg2", "asyncpg"])
def test_neither_takes_another_certificate(environment: dict[str, str], script: str) -> None:
    with running() as other:
        wrong = {**environment, "PGSSLROOTCERT": str(other.folder / "ca.pem")}
        with pytest.raises(
            AssertionError,
            match=r"(?i)certificate[ _]verify[ _]failed|SSL error: (certificate|bad signature|invalid padding|data too large|tlsv1 alert)",
        ):
            run_python(script, wrong)


def test_drawbridges_own_url_would_break_the_second_driver() -> None:
    """Why compose.yaml puts the URL together: SQLAlchemy hands asyncpg the query's words as arguments, and it has no `sslmode`."""
    with pytest.raises(AssertionError, match="unexpected keyword argument 'sslmode'"):
        run_python(ASYNC, {"DATABASE_URL": "postgresql://a:b@127.0.0.1:1/c?sslmode=verify-full"})
