"""CaseCheck, walked: the guide's verification list (§ 8), and what it says of OPA, CORS and ports."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import pytest

from .place import OPA, Visitor, walking

needs_opa = pytest.mark.skipif(
    not OPA, reason="needs opa on PATH: go install github.com/open-policy-agent/opa@v1.10.1"
)
FRONTEND = "https://casecheck.pages.dev"


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with walking("casecheck", tmp_path_factory.mktemp("casecheck"), {"api": 8000}) as visitor:
        yield visitor


@pytest.mark.parametrize("path", ["/docs", "/health", "/v1/auth/login", "/v1/attendance/check-in", "/"])
def test_every_path_of_the_api_is_public(visit: Visitor, path: str) -> None:
    answer = visit("api.example.com" + path, "POST" if "login" in path else "GET")
    assert (answer.status, answer.service, answer.seen["path"]) == (200, "api", path)


def test_another_hostname_meets_the_catch_all(visit: Visitor) -> None:
    answer = visit("opa.example.com/v1/data")
    assert (answer.status, answer.refused) == (404, "no ingress rule")


def test_uvicorn_sees_the_visitors_address_and_believes_nobody_but_the_connector(visit: Visitor) -> None:
    forged = {"X-Forwarded-For": "203.0.113.66"}
    assert visit("api.example.com/docs", headers=forged).seen["client"] == "198.51.100.7"
    ip, port = visit.place.find("http://api:8000")
    direct = urllib.request.Request(f"http://{ip}:{port}/docs", headers=forged)
    assert json.load(urllib.request.urlopen(direct, timeout=10))["client"] == "127.0.0.1"


def test_the_front_end_may_call_with_credentials_and_others_may_not(visit: Visitor) -> None:
    ask = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    answer = visit("api.example.com/v1/auth/login", "OPTIONS", headers={"Origin": FRONTEND, **ask})
    allowed = {
        name.removeprefix("access-control-allow-"): v
        for name, v in answer.headers.items()
        if "-allow-" in name
    }
    assert (answer.status, allowed["origin"], allowed["credentials"]) == (200, FRONTEND, "true")
    other = visit(
        "api.example.com/v1/auth/login", "OPTIONS", headers={"Origin": "https://evil.example", **ask}
    )
    assert (other.status, other.headers.get("access-control-allow-origin")) == (400, None)


def test_the_front_end_is_told_where_the_api_is(visit: Visitor) -> None:
    outputs = visit.place.stack.outputs
    assert (outputs["urls"], outputs["corsOrigins"]) == (
        {"api.example.com": "https://api.example.com"},
        [FRONTEND],
    )


def test_the_eleventh_login_of_a_minute_is_refused_at_the_edge(visit: Visitor) -> None:
    visit.running.edge.seen.clear()
    answers = [visit("api.example.com/v1/auth/login", "POST").status for _ in range(11)]
    visit.running.edge.seen.clear()
    assert answers == [200] * 10 + [429]


def test_http_is_redirected(visit: Visitor) -> None:
    answer = visit("api.example.com/docs", secure=False)
    assert (answer.status, answer.headers["location"]) == (301, "https://api.example.com/docs")


def test_opa_shares_a_network_with_the_api_alone(visit: Visitor) -> None:
    networks = visit.place.networks
    assert networks["opa"] == {"private-opa"}
    assert [name for name, joined in networks.items() if "private-opa" in joined and name != "opa"] == ["api"]
    assert {port for service in visit.place.services.values() for port in service.get("ports", [])} == set()


def test_the_schema_is_migrated_before_the_api_serves(visit: Visitor) -> None:
    assert visit.place.once == ["migrate"]
    assert visit.place.services["migrate"]["command"] == ["alembic", "upgrade", "head"]


def decision(visit: Visitor, given: object) -> object:
    """What the API asks, at the path that its environment names."""
    environment = visit.place.environment("api")
    url = environment["OPA_URL"] + environment["OPA_POLICY_PATH"]
    body = json.dumps({} if given is None else {"input": given}).encode()
    with urllib.request.urlopen(
        urllib.request.Request(url, body, {"Content-Type": "application/json"}), timeout=10
    ) as answer:
        return json.load(answer)["result"]


MINE, THEIRS = {"creator_id": "u1"}, {"creator_id": "u2"}
NO = ["no rule allows it"]


@needs_opa
@pytest.mark.parametrize(
    "role, action, resource, reasons",
    [
        ("ADMIN", "user:delete", {}, ["administrator"]),
        ("USER", "activity:list", {}, ["anyone may look"]),
        ("GUEST", "activity:list", {}, ["anyone may look"]),
        ("USER", "activity:create", {}, ["member"]),
        ("GUEST", "activity:create", {}, NO),
        ("USER", "activity:update", MINE, ["creator"]),
        ("USER", "activity:update", THEIRS, NO),
        ("USER", "attendance:generate_qr", MINE, ["creator"]),
        ("USER", "attendance:checkin", {}, ["member"]),
        ("GUEST", "attendance:checkin", {}, NO),
        ("APPROVER", "activity:approve", THEIRS, ["approver"]),
        ("APPROVER", "activity:approve", MINE, NO),
        ("USER", "activity:approve", THEIRS, NO),
        ("USER", "user:delete", {}, NO),
    ],
)
def test_opa_decides_as_the_policy_says(
    visit: Visitor, role: str, action: str, resource: object, reasons: list[str]
) -> None:
    asked = {"subject": {"id": "u1", "role": role}, "action": action, "resource": resource, "context": {}}
    assert decision(visit, asked) == {"allow": reasons != NO, "reasons": reasons}


@needs_opa
@pytest.mark.parametrize("given", [None, {}, {"subject": {}}, "nonsense"])
def test_without_a_good_input_the_answer_is_no(visit: Visitor, given: object) -> None:
    """The guide's question 2."""
    assert decision(visit, given) == {"allow": False, "reasons": NO}


@needs_opa
def test_the_containers_healthcheck_tells_a_running_opa_from_a_dead_one(visit: Visitor) -> None:
    import subprocess

    _, program, *words = visit.place.services["opa"]["healthcheck"]["test"]
    ip, port = visit.place.find("http://opa:8181")
    for real, code in ((f"{ip}:{port}", 0), (f"{ip}:1", 1)):
        command = [str(OPA), *(word.replace("127.0.0.1:8181", real).replace("$$", "$") for word in words)]
        assert (program, subprocess.run(command, capture_output=True).returncode) == ("/opa", code)


def test_behind_a_login_the_front_end_keeps_working(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The README's variant for internal systems (§ 5.1)."""
    changes = {
        "routes": [{"hostname": "api.example.com", "service": "http://api:8000", "access": "staff"}],
        "access": {"staff": {"allow": {"domains": ["example.com"]}, "crossSite": True}},
    }
    with walking("casecheck", tmp_path_factory.mktemp("staff"), {"api": 8000}, **changes) as visit:
        nobody = visit("api.example.com/v1/auth/login")
        assert (nobody.status, nobody.headers["location"]) == (
            302,
            "https://acme.cloudflareaccess.com/cdn-cgi/access/login/api.example.com",
        )
        assert visit("api.example.com/docs", who={"email": "a@example.com"}).service == "api"
        assert visit("api.example.com/docs", who={"email": "a@elsewhere.example"}).status == 403
        (application,) = (
            r for r in visit.place.stack.resources if r.type.endswith(":ZeroTrustAccessApplication")
        )
        assert application.inputs["corsHeaders"]["allowedOrigins"] == [FRONTEND]
