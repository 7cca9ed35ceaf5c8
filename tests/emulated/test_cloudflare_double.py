"""The double of Cloudflare's API, held against Cloudflare's own client, and against what its API refuses."""

from __future__ import annotations

import base64
import json
import subprocess
import urllib.error
import urllib.request
from typing import Any

import pytest

from .conftest import HERE, PYTHON

ACCOUNT, ZONE = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"


def call(api: str, method: str, path: str, body: Any = None, token: str = "a" * 40) -> tuple[int, Any]:
    """(status, result), or (status, [code, message]) of the first error."""
    request = urllib.request.Request(
        f"{api}/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            document = json.load(answer)
            assert (document["success"], document["errors"]) == (True, [])
            return answer.status, document["result"]
    except urllib.error.HTTPError as error:
        document = json.load(error)
        assert (document["success"], document["result"]) == (False, None)
        return error.code, [document["errors"][0]["code"], document["errors"][0]["message"]]


def test_cloudflares_own_client_understands_every_answer(cloudflare: str) -> None:
    done = subprocess.run(
        [PYTHON, HERE / "client_walk.py", cloudflare],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    tunnel = seen.pop("tunnel id")
    token = json.loads(base64.b64decode(seen.pop("token")))
    assert token == {"a": ACCOUNT, "t": tunnel, "s": "c2VjcmV0" * 6}
    assert seen == {
        "tunnel": ["t", "inactive", "cfd_tunnel", ACCOUNT],
        "same name": [409, 1013],
        "no catch-all": [400, 99999],
        "rules": [["a.example.com", "http://web:80"], [None, "http_status:404"]],
        "config": [1, "cloudflare", True],
        "renamed": "t2",
        "provider": ["github", "i", None],
        "service token": [True, 64],
        "service token again": ["crm", None],
        "policy": ["allow", "ops@example.com", True],
        "application": [64, "a.example.com/admin", True],
        "policy in use": [409, 99999],
        "policy's uses": 1,
        "record": ["a.example.com", True, 1],
        "same record": [400, 81053],
        "records": ["a.example.com"],
        "second entry point": [400, 20217],
        "rules keep their ids": ["2", ["two", "one"], True, "1"],
        "entry point": True,
        "no entry point": 404,
        "setting": ["min_tls_version", "1.2", "1.2"],
        "paths": ["both", "incoming"],
        "notice": "tunnel_health_event",
        "gone": 404,
    }


@pytest.mark.parametrize("token", ["", "short", "a" * 81, "with space" * 5])
def test_only_a_well_formed_token_is_let_in(cloudflare: str, token: str) -> None:
    assert call(cloudflare, "GET", f"zones/{ZONE}/dns_records", token=token) == (
        403,
        [10000, "Authentication error"],
    )


@pytest.mark.parametrize(
    "path", ["zones/x/dns_records", f"zones/{ZONE}/rulesets/phases", f"accounts/{ACCOUNT}/access", ""]
)
def test_what_the_api_does_not_have_is_not_routed(cloudflare: str, path: str) -> None:
    message = f"Could not route to /client/v4/{path}, perhaps your object identifier is invalid?"
    assert call(cloudflare, "GET", path) == (404, [7003, message])


def test_a_tunnel_that_a_connector_holds_is_not_deleted(cloudflare: str) -> None:
    tunnels = f"accounts/{ACCOUNT}/cfd_tunnel"
    status, tunnel = call(cloudflare, "POST", tunnels, {"name": "held", "config_src": "cloudflare"})
    assert (status, tunnel["remote_config"], "tunnel_secret" in tunnel) == (200, True, False)
    place = f"{tunnels}/{tunnel['id']}"
    call(cloudflare, "POST", "_double/connections", {"tunnel": tunnel["id"], "count": 4})
    refused = [1022, "Cannot delete tunnel because it has active connections"]
    assert call(cloudflare, "DELETE", place) == (400, refused)
    assert len(call(cloudflare, "GET", f"{place}/connections")[1]) == 4
    assert call(cloudflare, "DELETE", f"{place}/connections") == (200, [])
    assert call(cloudflare, "DELETE", place)[0] == 200
    assert call(cloudflare, "GET", place)[0] == 404


def test_a_new_secret_is_another_token_of_the_same_tunnel(cloudflare: str) -> None:
    tunnels = f"accounts/{ACCOUNT}/cfd_tunnel"
    secrets = [base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2)]
    _, tunnel = call(cloudflare, "POST", tunnels, {"name": "rotated", "tunnel_secret": secrets[0]})
    place = f"{tunnels}/{tunnel['id']}"
    tokens = [call(cloudflare, "GET", f"{place}/token")[1]]
    assert call(cloudflare, "PATCH", place, {"tunnel_secret": secrets[1]})[1]["id"] == tunnel["id"]
    tokens.append(call(cloudflare, "GET", f"{place}/token")[1])
    assert [json.loads(base64.b64decode(token))["s"] for token in tokens] == secrets
    too_short = {"tunnel_secret": base64.b64encode(b"short").decode()}
    assert call(cloudflare, "PATCH", place, too_short) == (
        400,
        [99999, "tunnel_secret must be at least 32 bytes"],
    )
    call(cloudflare, "DELETE", place)


def test_an_access_rule_has_one_selector_and_a_proxied_record_no_ttl_of_its_own(cloudflare: str) -> None:
    rule = {"email": {"email": "a@example.com"}, "everyone": {}}
    status, error = call(
        cloudflare,
        "POST",
        f"accounts/{ACCOUNT}/access/policies",
        {"name": "p", "decision": "allow", "include": [rule]},
    )
    assert (status, error[1]) == (
        400,
        "access.api.error.invalid_request: include: a rule has one selector, got ['email', 'everyone']",
    )
    record = {
        "type": "CNAME",
        "name": "ttl.example.com",
        "content": "x.cfargotunnel.com",
        "proxied": True,
        "ttl": 300,
    }
    assert call(cloudflare, "POST", f"zones/{ZONE}/dns_records", record)[0] == 400
    assert call(cloudflare, "POST", f"zones/{ZONE}/dns_records", {"name": "x"})[0] == 200


def test_two_applications_cannot_guard_the_same_place(cloudflare: str) -> None:
    applications = f"accounts/{ACCOUNT}/access/apps"
    given = {
        "name": "one",
        "type": "self_hosted",
        "destinations": [{"type": "public", "uri": "two.example.com/admin"}],
    }
    _, made = call(cloudflare, "POST", applications, given)
    assert call(cloudflare, "POST", applications, given)[0] == 409
    assert (
        call(cloudflare, "PUT", f"{applications}/{made['id']}", {**given, "name": "renamed"})[1]["aud"]
        == made["aud"]
    )
    unknown = {**given, "policies": [{"id": "0" * 32}]}
    assert call(cloudflare, "PUT", f"{applications}/{made['id']}", unknown)[0] == 400
