"""Cloudflare as the double knows it: what each kind of object demands and becomes."""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

NOW = "2026-11-21T00:00:00.000000Z"
Plain = dict[str, Any]


class Refused(Exception):
    """Answered with an error: HTTP status, Cloudflare's code, its text."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def refused(message: str, status: int = 400, code: int = 99999) -> Refused:
    return Refused(status, code, message)


@dataclass
class Cloud:
    """Everything that there is: kind → id → object. A kind's key holds its owner, `zones/ZONE/dns_records`."""

    things: dict[str, dict[str, Plain]] = field(default_factory=dict)
    configurations: dict[str, Plain] = field(default_factory=dict)
    """Tunnel → its configuration."""
    tunnel_secrets: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    """`ZONE/setting` → value."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Path → what a GET of it answers, or the status of its refusal."""

    def of(self, kind: str) -> dict[str, Plain]:
        return self.things.setdefault(kind, {})

    def get(self, kind: str, identifier: str) -> Plain:
        found = self.of(kind).get(identifier)
        if found is None:
            raise refused(f"{kind.rpartition('/')[2]} {identifier} not found", 404)
        return found


# What each kind fills in, and what it refuses -------------------------------------------------------------------------


def tunnel(cloud: Cloud, kind: str, given: Plain, old: Plain | None) -> Plain:
    if any(other["name"] == given.get("name") and other is not old for other in cloud.of(kind).values()):
        raise Refused(
            409,
            1013,
            "You already have a tunnel with this name. Delete the existing tunnel, or choose a different name for your new tunnel",
        )
    given = dict(given)
    secret = given.pop("tunnel_secret", None)  # never given back
    made = old or {
        "id": str(uuid.uuid4()),
        "account_tag": kind.split("/")[1],
        "created_at": NOW,
        "deleted_at": None,
        "connections": [],
        "conns_active_at": None,
        "conns_inactive_at": NOW,
        "tun_type": "cfd_tunnel",
        "metadata": {},
        "status": "inactive",
        "remote_config": given.get("config_src") == "cloudflare",
        "config_src": "local",
    }
    if secret is not None or old is None:
        secret = secret or base64.b64encode(secrets.token_bytes(32)).decode()
        if len(base64.b64decode(secret)) < 32:
            raise refused("tunnel_secret must be at least 32 bytes")
        cloud.tunnel_secrets[made["id"]] = secret
    return {**made, **given}


def record(cloud: Cloud, kind: str, given: Plain, old: Plain | None) -> Plain:
    if any(other["name"] == given["name"] and other is not old for other in cloud.of(kind).values()):
        raise Refused(400, 81053, "An A, AAAA, or CNAME record with that host already exists.")
    if given.get("proxied") and given.get("ttl") != 1:
        raise refused("ttl must be set to 1 when `proxied` is true")
    made = old or {"id": secrets.token_hex(16), "created_on": NOW}
    filled = {"proxiable": True, "tags": [], "settings": {}, "meta": {}, "comment": None, "modified_on": NOW}
    stamps = {"comment_modified_on": NOW} if given.get("comment") else {}
    return {**made, **filled, **stamps, **given}


def application(cloud: Cloud, kind: str, given: Plain, old: Plain | None) -> Plain:
    policies = cloud.of(kind.replace("/apps", "/policies"))
    used = []
    for place, policy in enumerate(given.get("policies") or [], 1):
        known = policies.get(policy["id"])
        if known is None:
            raise refused(f"access.api.error.invalid_request: policy {policy['id']} does not exist")
        used.append({**known, "precedence": policy.get("precedence", place)})
    claimed = {destination["uri"] for destination in given.get("destinations") or []}
    for other in cloud.of(kind).values():
        if other is not old and claimed & {destination["uri"] for destination in other["destinations"]}:
            raise Refused(409, 11010, f"access.api.error.application_already_exists: {sorted(claimed)}")
    made = old or {"id": str(uuid.uuid4()), "uid": "", "aud": secrets.token_hex(32), "created_at": NOW}
    uris = [destination["uri"] for destination in given.get("destinations") or []]
    filled = {
        "updated_at": NOW,
        "domain": uris[0] if uris else given.get("domain"),
        "self_hosted_domains": uris,
        "destinations": [],
        "allowed_idps": [],
        "tags": [],
        "auto_redirect_to_identity": False,
        "app_launcher_visible": True,
        "enable_binding_cookie": False,
        "http_only_cookie_attribute": True,
        "options_preflight_bypass": False,
    }
    return {**made, "uid": made["id"], **filled, **given, "policies": used}


def policy(cloud: Cloud, kind: str, given: Plain, old: Plain | None) -> Plain:
    for rules in ("include", "exclude", "require"):
        for rule in given.get(rules) or []:
            if len(rule) != 1:
                raise refused(
                    f"access.api.error.invalid_request: {rules}: a rule has one selector, got {sorted(rule)}"
                )
    if not given.get("include"):
        raise refused("access.api.error.invalid_request: include must not be empty")
    made = old or {"id": str(uuid.uuid4()), "created_at": NOW, "reusable": True, "app_count": 0}
    return {
        **made,
        "exclude": [],
        "require": [],
        "session_duration": "24h",
        "updated_at": NOW,
        **given,
        "uid": made["id"],
    }


def service_token(cloud: Cloud, kind: str, given: Plain, old: Plain | None) -> Plain:
    made = old or {"id": str(uuid.uuid4()), "client_id": f"{secrets.token_hex(16)}.access", "created_at": NOW}
    return {
        **made,
        "duration": "8760h",
        "expires_at": "2027-11-21T00:00:00Z",
        "updated_at": NOW,
        "last_seen_at": None,
        **given,
    }


def identity_provider(cloud: Cloud, kind: str, given: Plain, old: Plain | None) -> Plain:
    made = old or {"id": str(uuid.uuid4()), "scim_config": {"enabled": False}}
    config = {
        key: value for key, value in (given.get("config") or {}).items() if key != "client_secret"
    }  # never given back
    return {**made, **given, "config": config}


def ruleset(cloud: Cloud, kind: str, given: Plain, old: Plain | None) -> Plain:
    phase = given.get("phase") or (old or {}).get("phase")
    if any(other["phase"] == phase and other is not old for other in cloud.of(kind).values()):
        raise Refused(
            400,
            20217,
            f"'zone' is not a valid value for kind because exceeded maximum number of zone rulesets for phase {phase}",
        )
    known = {rule["ref"]: rule for rule in (old or {}).get("rules", [])}
    rules = []
    for rule in given.get("rules") or []:
        before = known.get(rule.get("ref"), {})
        identifier = before.get("id") or secrets.token_hex(16)
        same = {key: before.get(key) for key in rule} == rule
        version = before.get("version", "0") if same else str(int(before.get("version", "0")) + 1)
        rules.append(
            {
                "enabled": True,
                **rule,
                "id": identifier,
                "ref": rule.get("ref", identifier),
                "version": version,
                "last_updated": NOW,
            }
        )
    made = old or {"id": secrets.token_hex(16), "description": "", "kind": "zone", "version": "0"}
    return {
        **made,
        **given,
        "phase": phase,
        "rules": rules,
        "version": str(int(made["version"]) + 1),
        "last_updated": NOW,
    }


def notification(cloud: Cloud, kind: str, given: Plain, old: Plain | None) -> Plain:
    made = old or {"id": uuid.uuid4().hex, "created": NOW}
    return {**made, "enabled": True, "description": "", "filters": {}, "modified": NOW, **given}


@dataclass(frozen=True)
class Kind:
    """One collection of the API: how its objects are made and changed."""

    make: Callable[[Cloud, str, Plain, Plain | None], Plain]
    change: str
    """The method that changes one: PUT replaces what was given, PATCH adds to it."""
    identifier: str = "[0-9a-f-]{32,36}"


KINDS = {
    "accounts/{}/cfd_tunnel": Kind(tunnel, "PATCH"),
    "accounts/{}/access/apps": Kind(application, "PUT"),
    "accounts/{}/access/policies": Kind(policy, "PUT"),
    "accounts/{}/access/service_tokens": Kind(service_token, "PUT"),
    "accounts/{}/access/identity_providers": Kind(identity_provider, "PUT"),
    "accounts/{}/alerting/v3/policies": Kind(notification, "PUT"),
    "zones/{}/dns_records": Kind(record, "PUT"),
    "zones/{}/rulesets": Kind(ruleset, "PUT"),
}
