"""Maycast Recorder, walked: nginx's routing, the admin paths' login on a public host, WebSocket, body limits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .place import Visitor, walking

HOST = "rec.example.com"
OPS = {"email": "ops@example.com", "mfa": True}


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with walking(
        "maycast-recorder", tmp_path_factory.mktemp("maycast"), {"web-client": 5173, "server": 3000}
    ) as visitor:
        yield visitor


@pytest.mark.parametrize(
    "path, service",
    [
        ("/", "web-client"),
        ("/assets/app.js", "web-client"),
        ("/api/health", "server"),
        ("/api/upload/7", "server"),
    ],
)
def test_public_paths_reach_their_service_without_a_login(visit: Visitor, path: str, service: str) -> None:
    answer = visit(HOST + path)
    assert (answer.status, answer.service, answer.seen["path"]) == (200, service, path)
    assert "cf-access-jwt-assertion" not in answer.seen["headers"]


@pytest.mark.parametrize("path", ["/admin", "/admin/", "/admin/users/1"])
def test_admin_paths_ask_for_a_login_and_say_who_came(visit: Visitor, path: str) -> None:
    nobody = visit(HOST + path)
    assert (nobody.status, nobody.headers["location"]) == (
        302,
        f"https://acme.cloudflareaccess.com/cdn-cgi/access/login/{HOST}",
    )
    assert visit(HOST + path, who={"email": "eve@example.com", "mfa": True}).status == 403
    assert visit(HOST + path, who={"email": "ops@example.com"}).status == 403  # no second factor
    came = visit(HOST + path, who=OPS)
    assert (came.status, came.service, visit.identity(came)) == (200, "server", "ops@example.com")


@pytest.mark.parametrize(
    "path, refused",
    [
        ("/admin%2fusers", "drawbridge-prod-firewall-path-guard"),
        ("/ADMIN/users", "drawbridge-prod-firewall-path-guard"),
        ("//admin/users", "drawbridge-prod-firewall-path-guard"),
        ("/api/../admin/users", "drawbridge-prod-firewall-path-guard"),
        ("/%61dmin/users", "a login is asked for"),
        ("/admin;x/users", "drawbridge-prod-firewall-path-guard"),
        ("/api/%2e%2e/admin", "drawbridge-prod-firewall-path-guard"),
        ("/api\\..\\admin", "drawbridge-prod-firewall-path-guard"),
    ],
)
def test_no_other_spelling_of_an_admin_path_gets_in_without_a_login(
    visit: Visitor, path: str, refused: str
) -> None:
    answer = visit(HOST + path)
    assert (answer.service, answer.refused) == (None, refused)


def test_a_forged_assertion_is_worth_nothing(visit: Visitor) -> None:
    forged = {"Cf-Access-Jwt-Assertion": "eyJhdWQiOiAieCJ9.00"}
    assert visit(HOST + "/admin/users", headers=forged).status == 302


def test_a_path_beside_the_admin_paths_is_public_and_goes_to_no_admin(visit: Visitor) -> None:
    answer = visit(HOST + "/administration")
    assert (answer.status, answer.service) == (200, "web-client")


def test_nginx_hands_on_the_visitors_address_and_https(visit: Visitor) -> None:
    headers = visit(HOST + "/api/health", headers={"X-Forwarded-For": "203.0.113.66"}).seen["headers"]
    assert [headers[name] for name in ("x-real-ip", "x-forwarded-for", "x-forwarded-proto", "host")] == [
        "198.51.100.7",
        "198.51.100.7",
        "https",
        HOST,
    ]


def test_a_websocket_goes_through_edge_connector_and_nginx(visit: Visitor) -> None:
    with visit.websocket(HOST, "/api/socket") as socket:
        assert socket.report["service"] == "server"
        assert socket.ask("hello") == "echo hello"


def test_bodies_are_limited_by_the_plan_by_nginx_and_not_in_chunks(visit: Visitor) -> None:
    """100 MB is Cloudflare's limit on Pro, not the guide's 500."""
    over = visit(HOST + "/api/upload", "POST", claims_length=100 * 2**20 + 1)
    assert (over.status, over.refused) == (413, "the plan's body limit")
    chunk = visit(HOST + "/api/upload", "POST", body=b"x" * (5 * 2**20))
    assert (chunk.status, chunk.service, chunk.seen["received"]) == (200, "server", 5 * 2**20)
    elsewhere = visit(HOST + "/", "POST", body=b"x" * (2**20 + 1))
    assert (elsewhere.status, elsewhere.refused) == (413, None)


def test_the_front_end_is_on_the_same_origin(visit: Visitor) -> None:
    assert visit.place.environment("web-client") == {"VITE_SERVER_URL": "https://rec.example.com"}
    answer = visit(HOST + "/api/health", headers={"Origin": "https://rec.example.com"})
    assert answer.headers["access-control-allow-origin"] == "https://rec.example.com"
    assert (
        "access-control-allow-origin"
        not in visit(HOST + "/api/health", headers={"Origin": "https://evil.example"}).headers
    )


def test_recordings_outlive_the_machine(visit: Visitor) -> None:
    (mount,) = visit.place.services["server"]["volumes"]
    assert (mount["source"], mount["target"]) == ("recordings-data", "/app/recordings-data")
    assert visit.place.environment("server")["STORAGE_PATH"] == mount["target"]
    assert (
        visit.place.volumes["recordings-data"]["driver_opts"]["device"]
        == "/srv/drawbridge/storage/recordings-data"
    )
