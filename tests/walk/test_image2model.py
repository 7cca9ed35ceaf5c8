"""Image2Model, walked: both hostnames, their logins, and the guide's tests of authentication, limits and admin endpoints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from .place import Visitor, walking

APP, ADMIN = "models.example.com", "admin.example.com"
USER = {"email": "ann@example.com"}
OPS = {"email": "ops@example.com", "mfa": True}


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with walking(
        "image2model", tmp_path_factory.mktemp("image2model"), {"frontend": 3000, "backend": 8000}
    ) as visitor:
        yield visitor


@pytest.mark.parametrize(
    "path, service",
    [
        ("/", "frontend"),
        ("/static/app.css", "frontend"),
        ("/api/v1/upload", "backend"),
        ("/api/v1/health", "backend"),
    ],
)
def test_users_log_in_and_reach_the_services_by_path(visit: Visitor, path: str, service: str) -> None:
    nobody = visit(APP + path)
    assert (nobody.status, nobody.headers["location"]) == (
        302,
        f"https://acme.cloudflareaccess.com/cdn-cgi/access/login/{APP}",
    )
    assert visit(APP + path, who={"email": "ann@elsewhere.example"}).status == 403
    came = visit(APP + path, who=USER)
    assert (came.status, came.service, visit.identity(came)) == (200, service, "ann@example.com")


def test_administrators_have_a_hostname_and_a_second_factor(visit: Visitor) -> None:
    path = "/api/v1/admin/system-health"
    assert visit(ADMIN + path).status == 302
    assert visit(ADMIN + path, who=USER).status == 403
    assert visit(ADMIN + path, who={"email": "ops@example.com"}).status == 403
    came = visit(ADMIN + path, who=OPS)
    assert (came.status, came.service, visit.identity(came)) == (200, "backend", "ops@example.com")


def test_users_do_not_reach_the_admin_api_by_their_own_hostname(visit: Visitor) -> None:
    path = "/api/v1/admin/system-health"
    assert visit(APP + path).status == 302
    for who in (USER, OPS):
        answer = visit(APP + path, who=who)
        assert (answer.status, answer.service, answer.refused) == (404, None, "no ingress rule")


def test_nor_does_nginx_serve_it_there(visit: Visitor) -> None:
    """Should a route ever send it on."""
    ip, port = visit.place.find("http://nginx:80")
    for host, status in ((APP, 404), (ADMIN, 200)):
        connection = HTTPConnection(ip, port, timeout=10)
        connection.request("GET", "/api/v1/admin/system-health", headers={"Host": host})
        with connection.getresponse() as response:
            assert (host, response.status) == (host, status)


@pytest.mark.parametrize(
    "spelling",
    ["/api/v1/%61dmin/disk-usage", "/api/v1//admin/disk-usage", "/api/v1%2fadmin/x", "/api/v1/./admin/x"],
)
def test_nor_by_another_spelling(visit: Visitor, spelling: str) -> None:
    answer = visit(APP + spelling, who=USER)
    assert (answer.status in (403, 404), answer.service) == (True, None)


@pytest.mark.parametrize("path", ["/", "/api/v1/upload", "/api/v1/administrator"])
def test_the_admin_hostname_serves_nothing_but_the_admin_api(visit: Visitor, path: str) -> None:
    assert visit(ADMIN + path, who=OPS).refused == "no ingress rule"
    assert visit(ADMIN + path, who=OPS).status == 404


def test_the_eleventh_upload_of_a_minute_is_refused(visit: Visitor) -> None:
    """The guide's test 2: fifteen requests, errors after ten."""
    visit.running.edge.seen.clear()
    answers = [visit(APP + "/api/v1/upload", "POST", who=USER).status for _ in range(15)]
    visit.running.edge.seen.clear()
    assert answers == [200] * 10 + [429] * 5


def test_the_plan_ends_bodies_and_nginx_takes_what_it_lets_through(visit: Visitor) -> None:
    over = visit(APP + "/api/v1/jobs", "POST", who=USER, claims_length=100 * 2**20 + 1)
    assert (over.status, over.refused) == (413, "the plan's body limit")
    image = visit(APP + "/api/v1/jobs", "POST", who=USER, body=b"x" * (3 * 2**20))
    assert (image.status, image.seen["received"]) == (200, 3 * 2**20)


def test_the_secure_headers_are_there(visit: Visitor) -> None:
    headers = visit(APP + "/", who=USER).headers
    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")


def test_the_apps_own_hourly_limit_counts_the_visitors_address(visit: Visitor) -> None:
    """The 100 an hour that Pro cannot count is the app's; nginx tells it whom to count."""
    assert visit.place.environment("backend")["RATE_LIMIT_PER_HOUR"] == "100"
    headers = visit(APP + "/api/v1/health", who=USER, headers={"X-Forwarded-For": "203.0.113.66"}).seen[
        "headers"
    ]
    assert headers["x-forwarded-for"] == headers["x-real-ip"] == "198.51.100.7"


def test_generated_secrets_have_the_guides_lengths_and_reach_who_needs_them(visit: Visitor) -> None:
    backend, frontend = visit.place.environment("backend"), visit.place.environment("frontend")
    made = {name: backend[name] for name in ("SECRET_KEY", "API_KEY", "ADMIN_API_KEY")}
    made["REDIS_PASSWORD"] = visit.place.environment("redis")["REDIS_PASSWORD"]
    assert [name for name, value in made.items() if not re.fullmatch("[0-9a-f]+", value)] == []
    assert {name: len(value) // 2 for name, value in made.items()} == {
        "SECRET_KEY": 32,
        "API_KEY": 24,
        "ADMIN_API_KEY": 24,
        "REDIS_PASSWORD": 32,
    }
    assert (
        set(frontend) == {"API_KEY"} and frontend["API_KEY"] == backend["API_KEY"] != backend["ADMIN_API_KEY"]
    )
    assert {"models.example.com", "admin.example.com"} == set(backend["ALLOWED_HOSTS"].split(","))


def test_nothing_is_published_on_the_machine(visit: Visitor) -> None:
    assert [name for name, body in visit.place.services.items() if body.get("ports")] == []
