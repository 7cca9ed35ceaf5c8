"""The zone's settings: TLS, checks of browsers, headers, how paths are read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from preview.analysis.exposures.versions import Versions
from preview.analysis.exposures.zone_rules import mixed
from preview.changes import Exposure
from preview.resource_types import type_names
from preview.resources import Resource

ORDERS: dict[str, tuple[str, ...]] = {
    "always_use_https": ("off", "on"),
    "automatic_https_rewrites": ("off", "on"),
    "browser_check": ("off", "on"),
    "email_obfuscation": ("off", "on"),
    "hotlink_protection": ("off", "on"),
    "min_tls_version": ("1.0", "1.1", "1.2", "1.3"),
    "privacy_pass": ("on", "off"),
    "security_level": ("off", "essentially_off", "low", "medium", "high", "under_attack"),
    "server_side_exclude": ("off", "on"),
    "ssl": ("off", "flexible", "full", "strict", "origin_pull"),
    "tls_1_3": ("off", "on", "zrt"),
    "tls_client_auth": ("off", "on"),
    "true_client_ip_header": ("on", "off"),
    "waf": ("off", "on"),
    "development_mode": ("on", "off"),
    "replace_insecure_js": ("off", "on"),
    "advanced_ddos": ("off", "on"),
}
"""Values from the weakest."""

WEAK: dict[str, tuple[str, ...]] = {
    "min_tls_version": ("1.0", "1.1"),
    "security_level": ("off", "essentially_off"),
    "ssl": ("off", "flexible"),
    "tls_1_3": ("off",),
    "browser_check": ("off",),
}
"""Values that are said when a setting comes under this stack's control: what it was before is not known."""

HARMLESS: frozenset[str] = frozenset(
    {
        "0rtt",
        "always_online",
        "brotli",
        "browser_cache_ttl",
        "cache_level",
        "china_network_enabled",
        "early_hints",
        "edge_cache_ttl",
        "fonts",
        "h2_prioritization",
        "http2",
        "http3",
        "image_resizing",
        "ip_geolocation",
        "ipv6",
        "max_upload",
        "minify",
        "mirage",
        "opportunistic_encryption",
        "opportunistic_onion",
        "orange_to_orange",
        "origin_error_page_pass_thru",
        "origin_max_http_version",
        "polish",
        "prefetch_preload",
        "proxy_read_timeout",
        "pseudo_ipv4",
        "response_buffering",
        "rocket_loader",
        "sort_query_string_for_cache",
        "speed_brain",
        "webp",
        "websockets",
    }
)
"""Settings that say how fast or to whom a zone answers, not what it lets through. 0-RTT is left to `tls_1_3`."""


def zone_settings(versions: Versions) -> Iterator[Exposure]:
    old = {str(r.inputs.get("settingId")): r for r in versions.before.of(type_names.ZONE_SETTING)}
    new = {str(r.inputs.get("settingId")): r for r in versions.after.of(type_names.ZONE_SETTING)}
    for setting in dict.fromkeys([*old, *new]):
        text = _weaker(setting, old.get(setting), new.get(setting))
        if text:
            resource = new.get(setting) or old[setting]
            yield Exposure(kind="rule weakened", subject=resource.name, text=f"the zone's {setting} {text}")
    yield from _paths(versions)


def _weaker(setting: str, old: Resource | None, new: Resource | None) -> str:
    if setting in HARMLESS:
        return ""
    now = new.inputs.get("value") if new else None
    if old is None:
        return f"is {plain(now)}" if str(now) in WEAK.get(setting, ()) else ""
    was = old.inputs.get("value")
    if was == now:
        return ""
    if setting == "security_header":
        return _headers(was, now)
    says = f"is {plain(now)} (before: {plain(was)})"
    if setting == "ciphers":
        fresh = (
            set(now or ()) - set(was or ())
            if isinstance(now, list) and isinstance(was, list) and now
            else {"any"}
        )
        return says if fresh else ""
    if setting == "challenge_ttl":
        return says if now is None or float(now) > float(was or 0) else ""
    order = ORDERS.get(setting)
    if order is None:
        return f"{says}; what that weakens is not known here"
    ranks = [order.index(str(value)) if str(value) in order else None for value in (was, now)]
    if now is None:
        # It stays as it is, and nobody looks after it any longer; the weakest value cannot become weaker.
        return says if ranks[0] != 0 else ""
    return says if ranks[1] is None or ranks[0] is None or ranks[1] < ranks[0] else ""


def _headers(was: Any, now: Any) -> str:
    """HSTS, by its parts."""
    old, new = _hsts(was), _hsts(now)
    if not old.get("enabled"):
        return ""
    if now is None or not new.get("enabled"):
        return f"is {plain(now)} (before: {plain(was)})"
    ages = [float(policy.get("max_age") or policy.get("maxAge") or 0) for policy in (old, new)]
    dropped = any(
        old.get(key) and not new.get(key)
        for key in ("include_subdomains", "includeSubdomains", "nosniff", "preload")
    )
    return f"is {plain(now)} (before: {plain(was)})" if ages[1] < ages[0] or dropped else ""


def _hsts(value: Any) -> dict[str, Any]:
    inner = (
        value.get("strict_transport_security") or value.get("strictTransportSecurity")
        if isinstance(value, dict)
        else None
    )
    return inner if isinstance(inner, dict) else {}


def plain(value: Any) -> str:
    if value is None:
        return "no longer set"
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


_SCOPES = ("none", "incoming", "both")


def _paths(versions: Versions) -> Iterator[Exposure]:
    """Where a path is a boundary, Access, the connector and the app must read it alike."""
    if not any(mixed(versions.new, host) for host in versions.new.hostnames):
        return
    for old, new in versions.earlier(type_names.URL_NORMALIZATION):
        if new is None:
            if not versions.after.of(type_names.URL_NORMALIZATION):
                text = "the edge no longer normalises paths, and a path is a boundary here"
                yield Exposure(kind="rule weakened", subject=old.name, text=text)
            continue
        scopes = [str(r.inputs.get("scope")) for r in (old, new)]
        ranks = [_SCOPES.index(scope) if scope in _SCOPES else -1 for scope in scopes]
        if ranks[1] < ranks[0] or (
            old.inputs.get("type") != new.inputs.get("type") and new.inputs.get("type") != "cloudflare"
        ):
            text = f"the edge normalises paths less ({shown_scope(new)}), and a path is a boundary here"
            yield Exposure(kind="rule weakened", subject=new.name, text=text)


def shown_scope(resource: Resource) -> str:
    return f"scope {resource.inputs.get('scope')}, type {resource.inputs.get('type')}"
