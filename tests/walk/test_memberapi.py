"""memberapi.ose.tw, walked: public, machine-only and named-client paths on a host that is otherwise behind a login; its SQL."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.machine.postgres import Server, needs_postgres, running

from .place import Visitor, database_environment, opened, run_python, walking

HOST = "memberapi.ose.tw"
STAFF = {"email": "ann@ose.tw", "groups": ["memberapi-staff"]}
BEARER = {"Authorization": "Bearer of-authentik"}


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with walking("memberapi", tmp_path_factory.mktemp("memberapi"), {"api": 8000}) as visitor:
        yield visitor


@pytest.mark.parametrize("path", ["/healthz", "/me", "/me/permissions/snapshot"])
def test_public_paths_need_no_login_under_the_protected_host(visit: Visitor, path: str) -> None:
    answer = visit(HOST + path, headers=BEARER)
    assert (answer.status, answer.service, answer.seen["path"]) == (200, "api", path)
    assert answer.seen["headers"]["authorization"] == "Bearer of-authentik"
    assert "cf-access-jwt-assertion" not in answer.seen["headers"]


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/openapi.json", "/metrics", "/mean", "/healthz/x", "/healthzz"]
)
def test_what_is_not_listed_is_behind_authentiks_login(visit: Visitor, path: str) -> None:
    nobody = visit(HOST + path)
    assert (nobody.status, nobody.headers["location"]) == (
        302,
        f"https://ose.cloudflareaccess.com/cdn-cgi/access/login/{HOST}",
    )
    assert visit(HOST + path, who={"email": "eve@ose.tw", "groups": ["others"]}).status == 403
    came = visit(HOST + path, who=STAFF)
    assert (came.status, visit.identity(came)) == (200, "ann@ose.tw")


SYSTEMS, CLIENTS = ("mkt", "admin"), ("admin-console", "permissions-sync")


@pytest.mark.parametrize(
    "path, ours, others",
    [
        ("/internal/users/upsert-by-sub", SYSTEMS, CLIENTS),
        ("/internal/permissions/ak-1/snapshot", SYSTEMS, CLIENTS),
        ("/internal/authentik/users/ensure", SYSTEMS, CLIENTS),
        ("/internal", SYSTEMS, CLIENTS),
        ("/admin/permissions/grant", CLIENTS, SYSTEMS),
        ("/admin/permissions/revoke", CLIENTS, SYSTEMS),
    ],
)
def test_machines_reach_their_paths_by_their_own_token_alone(
    visit: Visitor, path: str, ours: Any, others: Any
) -> None:
    assert (visit(HOST + path).status, visit(HOST + path, who=STAFF).status) == (401, 401)
    assert [visit(HOST + path, token=name).status for name in (*others, "unknown")] == [401, 401, 401]
    for name in ours:
        came = visit(HOST + path, "POST", token=name, headers={"X-Internal-Secret": "s", "X-Client-Key": "k"})
        assert (came.status, visit.identity(came)) == (200, f"service token {name}")
        assert (came.seen["headers"]["x-internal-secret"], came.seen["headers"]["x-client-key"]) == ("s", "k")


def test_a_service_token_opens_nothing_else(visit: Visitor) -> None:
    assert visit(HOST + "/docs", token="mkt").status == 403


@pytest.mark.parametrize(
    "spelling",
    ["/INTERNAL/users", "/internal%2fusers", "//internal/users", "/me/../internal/users", "/me;/internal"],
)
def test_odd_spellings_are_refused_at_the_edge(visit: Visitor, spelling: str) -> None:
    answer = visit(HOST + spelling)
    assert (answer.status, answer.service, answer.refused) == (
        403,
        None,
        "drawbridge-prod-firewall-path-guard",
    )


def test_the_app_sees_the_callers_address_and_a_request_id(visit: Visitor) -> None:
    seen = visit(HOST + "/me", headers={**BEARER, "X-Forwarded-For": "203.0.113.66"}).seen
    assert (seen["client"], seen["headers"]["cf-ray"]) == ("198.51.100.7", "8f0000000000abcd-NRT")


def test_admin_calls_are_limited_by_address(visit: Visitor) -> None:
    visit.running.edge.seen.clear()
    answers = [
        visit(HOST + "/admin/permissions/grant", "POST", token="admin-console").status for _ in range(61)
    ]
    visit.running.edge.seen.clear()
    assert answers == [200] * 60 + [429]


def test_the_callers_get_their_tokens_as_outputs(visit: Visitor) -> None:
    tokens = visit.place.stack.raw_outputs["serviceTokens"]
    given = tokens.value if hasattr(tokens, "value") else tokens
    assert sorted(given) == sorted([*SYSTEMS, *CLIENTS])


needs_psql = pytest.mark.skipif(not shutil.which("psql"), reason="needs psql")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running() as here:
        yield here


@pytest.fixture(scope="module")
def schema(visit: Visitor, server: Server) -> list[subprocess.CompletedProcess[str]]:
    """The service that runs before a release, by its own command, for two releases."""
    environment = database_environment(visit.place, "schema", server)
    opened(server, environment)
    words = [
        word.replace("$$", "$").replace("/sql", str(visit.place.folder / "sql"))
        for word in visit.place.services["schema"]["command"]
    ]
    runs = [
        subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60) for _ in range(2)
    ]
    assert [run.returncode for run in runs] == [0, 0], runs
    return runs


def sql(visit: Visitor, server: Server, statement: str) -> list[Any]:
    """By SQLAlchemy and psycopg, with the URL and variables that the app has."""
    script = (
        "import os, sys, json, sqlalchemy as s\n"
        "e = s.create_engine(os.environ['DATABASE_URL'])\n"
        "with e.begin() as c: r = c.execute(s.text(sys.argv[1])); print(json.dumps([list(map(str, x)) for x in r] if r.returns_rows else []))"
    )
    return run_python(script, database_environment(visit.place, "api", server), statement)


@needs_postgres
@needs_psql
def test_the_schema_bears_being_run_again(schema: list[Any], visit: Visitor, server: Server) -> None:
    rows = sql(
        visit,
        server,
        "select table_name from information_schema.tables where table_schema = 'public' order by 1",
    )
    assert rows == [["api_clients"], ["permissions"], ["users"]]


@needs_postgres
@needs_psql
def test_the_app_speaks_verified_tls_as_its_own_role(
    schema: list[Any], visit: Visitor, server: Server
) -> None:
    row = sql(
        visit,
        server,
        "select current_user, current_database(), ssl from pg_stat_ssl where pid = pg_backend_pid()",
    )
    assert row == [["memberapi", "memberapi", "True"]]


@needs_postgres
@needs_psql
def test_the_uniqueness_that_the_document_asks_for_holds(
    schema: list[Any], visit: Visitor, server: Server
) -> None:
    user = "insert into users (authentik_sub, email) values ('ak-1', 'a@ose.tw')"
    grant = "insert into permissions (user_id, scope_type, scope_id, module, action) select id, 'site', '1', 'news', 'edit' from users"
    assert sql(visit, server, user) == [] and sql(visit, server, grant) == []
    for again, constraint in (
        (user, "users_authentik_sub_key"),
        (grant, "permissions_user_id_scope_type_scope_id_module_action_key"),
    ):
        with pytest.raises(AssertionError, match=constraint):
            sql(visit, server, again)


@needs_postgres
@needs_psql
@pytest.mark.parametrize(
    "stored, taken",
    [("sha256:" + "a" * 64, True), ("$argon2id$v=19$m=65536", True), ("$2b$12$abc", True), ("plain", False)],
)
def test_a_key_that_is_no_hash_is_not_taken(
    schema: list[Any], visit: Visitor, server: Server, stored: str, taken: bool
) -> None:
    insert = f"insert into api_clients (client_key, api_key_hash) values ('{stored[:12]}', '{stored}')"
    if taken:
        assert sql(visit, server, insert) == []
    else:
        with pytest.raises(AssertionError, match="api_clients_api_key_hash_check"):
            sql(visit, server, insert)
