"""What a rule of the zone does to the requests that it matches, by its action, and when it does less than before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from preview.analysis.exposures.expressions import parse
from preview.analysis.exposures.versions import dicts, listed, shown, texts

Rule = Mapping[str, Any]

_SECURITY_HEADERS = {
    "content-security-policy",
    "cross-origin-embedder-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "permissions-policy",
    "referrer-policy",
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
}
_OPENING_HEADERS = {
    "access-control-allow-credentials",
    "access-control-allow-origin",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "set-cookie",
}
_SENSITIVITY = ("off", "low", "medium", "default", "high")
_STRENGTH = ("log", "js_challenge", "managed_challenge", "challenge", "block")

# Rate limits --------------------------------------------------------------------------------------------------------------


def limit_looser(old: Rule, new: Rule) -> str:
    """Why a rate limit lets more through; "" if it lets through no more."""
    was, now = old["ratelimit"], new["ratelimit"]
    fields = [set(texts(limit.get("characteristics"))) for limit in (was, now)]
    finer = sorted(fields[1] - fields[0])
    if finer:
        return f"counts by {listed(sorted(fields[1]))} (before: {listed(sorted(fields[0]))})"
    counts = [_number(limit, "requestsPerPeriod") for limit in (was, now)]
    periods = [_number(limit, "period") or 1 for limit in (was, now)]
    if counts[1] > counts[0] or counts[1] * periods[0] > counts[0] * periods[1]:
        said = [
            f"{shown_number(count)} requests in {shown_number(period)}s"
            for count, period in zip(counts, periods, strict=True)
        ]
        return f"allows {said[1]} (before: {said[0]})"
    if _number(now, "mitigationTimeout") < _number(was, "mitigationTimeout"):
        blocked = [shown_number(_number(limit, "mitigationTimeout")) for limit in (now, was)]
        return f"blocks for {blocked[0]}s (before: {blocked[1]}s)"
    if now.get("requestsToOrigin") is True and was.get("requestsToOrigin") is not True:
        return "counts only what the edge has no copy of"
    counting = [str(limit.get("countingExpression") or "") for limit in (was, now)]
    if (
        counting[0] != counting[1]
        and counting[1]
        and (not counting[0] or not parse(counting[0]).within(parse(counting[1])))
    ):
        return f"counts other requests: {counting[1]} (before: {counting[0] or 'all that match'})"
    rest = {
        "characteristics",
        "requestsPerPeriod",
        "period",
        "mitigationTimeout",
        "requestsToOrigin",
        "countingExpression",
    }
    others = sorted(key for key in {*was, *now} - rest if was.get(key) != now.get(key))
    return f"counts otherwise: {listed(others)}" if others else ""


def _number(limit: Mapping[str, Any], key: str) -> float:
    try:
        return float(limit.get(key) or 0)
    except (TypeError, ValueError):
        return 0


def shown_number(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


# Actions ------------------------------------------------------------------------------------------------------------------


def acts_less(old: Rule, new: Rule) -> str:
    """Of a rule whose action stays and whose parameters change."""
    was, now = old.get("actionParameters") or {}, new.get("actionParameters") or {}
    if was == now:
        return ""
    action = new.get("action")
    found = {
        "skip": _skips,
        "execute": _executes,
        "rewrite": _rewrites,
        "set_config": _configures,
        "set_cache_settings": _caches,
        "block": lambda *_: iter(()),
    }.get(str(action), _does_otherwise)
    return "; ".join(found(was, now))


def new_rule(rule: Rule, phase: str) -> str:
    """What a rule that was not there opens; "" for one that only guards."""
    if rule.get("enabled") is False:
        return ""
    action, parameters = rule.get("action"), rule.get("actionParameters") or {}
    where = rule.get("expression")
    if action == "skip":
        return f"a new rule lets requests skip the others where {where}"
    if action in (
        "log",
        "block",
        "challenge",
        "js_challenge",
        "managed_challenge",
        "compress_response",
        "serve_error",
        "score",
    ):
        return ""
    if action == "execute":
        return "; ".join(_executes({"id": parameters.get("id")}, parameters))
    if action == "rewrite":
        return "; ".join(_rewrites({}, parameters, fresh=True))
    if action == "set_config":
        return "; ".join(_configures({}, parameters))
    if action == "set_cache_settings":
        return "; ".join(_caches({}, parameters))
    if action == "redirect":
        return f"a new rule sends requests elsewhere where {where}"
    if action == "route":
        return f"a new rule leads requests to another origin where {where}"
    return f"what a new rule does ({action}{', ' + phase if phase else ''}) is not known here"


def _does_otherwise(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    del old, new
    yield "does something else with the request"


def _skips(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    fresh = sorted(_skipped(new) - _skipped(old))
    if fresh:
        yield f"also skips {listed(fresh)}"


def _skipped(parameters: Mapping[str, Any]) -> set[str]:
    found = {
        f"{key} {value}" for key in ("phases", "products", "rulesets") for value in texts(parameters.get(key))
    }
    if parameters.get("ruleset"):
        found.add("the rest of its ruleset")
    rules = parameters.get("rules")
    for ruleset, ids in rules.items() if isinstance(rules, Mapping) else ():
        found |= {f"rule {rule} of {ruleset}" for rule in texts(ids)}
    return found


def _executes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    if old.get("id") != new.get("id"):
        yield f"runs another ruleset: {new.get('id')} (before: {old.get('id')})"
        return
    if old.get("version") != new.get("version") and new.get("version") not in (None, "latest"):
        yield f"runs a fixed version of its ruleset: {new.get('version')}"
    was, now = _overrides(old), _overrides(new)
    for name in dict.fromkeys([*was, *now]):
        weakest = _effect(now.get(name)), _effect(was.get(name))
        for text, less in (
            ("is switched off", weakest[0][0] < weakest[1][0]),
            (
                f"does {(now.get(name) or {}).get('action') or 'what it does by itself'}",
                weakest[0][1] < weakest[1][1],
            ),
            (
                f"is less sensitive: {(now.get(name) or {}).get('sensitivityLevel') or 'default'}",
                weakest[0][2] < weakest[1][2],
            ),
        ):
            if less:
                yield f"{name} {text}"
        scores = [_number(entry or {}, "scoreThreshold") for entry in (was.get(name), now.get(name))]
        if scores[1] > scores[0] > 0 or (scores[1] and not scores[0]):
            yield f"{name} acts from a score of {shown_number(scores[1])}"


def _overrides(parameters: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    overrides = parameters.get("overrides")
    if not isinstance(overrides, Mapping):
        return {}
    found: dict[str, Mapping[str, Any]] = {}
    if any(key in overrides for key in ("action", "enabled", "sensitivityLevel")):
        found["its whole ruleset"] = overrides
    for rule in dicts(overrides.get("rules")):
        found[f"rule {rule.get('id')}"] = rule
    for category in dicts(overrides.get("categories")):
        found[f"the category {category.get('category')}"] = category
    return found


def _effect(entry: Mapping[str, Any] | None) -> tuple[int, int, int]:
    """(on, strength, sensitivity); what an override leaves out is as Cloudflare has it, which counts as on and blocking."""
    entry = entry or {}
    action, level = entry.get("action"), str(entry.get("sensitivityLevel") or "default")
    return (
        0 if entry.get("enabled") is False else 1,
        _STRENGTH.index(action) if action in _STRENGTH else len(_STRENGTH) - 1,
        _SENSITIVITY.index(level) if level in _SENSITIVITY else 0,
    )


def _rewrites(old: Mapping[str, Any], new: Mapping[str, Any], fresh: bool = False) -> Iterator[str]:
    if old.get("uri") != new.get("uri") and new.get("uri"):
        yield f"requests are rewritten to {shown(new['uri'])}, after Access and the firewall have read them"
    was, now = _headers(old), _headers(new)
    for name in dict.fromkeys([*was, *now]):
        if was.get(name) == now.get(name):
            continue
        operation = (now.get(name) or {}).get("operation")
        safe = name.lower() in _SECURITY_HEADERS
        if operation == "remove":
            if safe:
                yield f"the header {name} is taken away"
        elif operation is None:
            if (was.get(name) or {}).get("operation") != "remove" and name.lower() not in _OPENING_HEADERS:
                yield f"the header {name} is no longer set"
        elif name.lower() in _OPENING_HEADERS:
            yield f"the header {name} is set: pages elsewhere may do more"
        elif not fresh and name in was and not _as_safe(name, was[name], now[name]):
            yield f"the header {name} is another"


def _as_safe(name: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    del name
    return was.get("operation") == "remove" and now.get("operation") == "set"


def _headers(parameters: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    headers = parameters.get("headers")
    if isinstance(headers, Mapping):
        return {str(name): value for name, value in headers.items() if isinstance(value, Mapping)}
    return {str(item.get("name")): item for item in dicts(headers)}


_CONFIG_ORDERS = {
    "securityLevel": ("off", "essentially_off", "low", "medium", "high", "under_attack"),
    "ssl": ("off", "flexible", "full", "strict", "origin_pull"),
}
_CONFIG_GUARDS = (
    "bic",
    "hotLinkProtection",
    "emailObfuscation",
    "automaticHttpsRewrites",
    "serverSideExcludes",
)
_CONFIG_HARMLESS = {
    "autominify",
    "contentConverter",
    "disableApps",
    "disablePayPerCrawl",
    "disableRum",
    "disableZaraz",
    "fonts",
    "mirage",
    "opportunisticEncryption",
    "polish",
    "rocketLoader",
    "sxg",
}


def _configures(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(old.keys() | new.keys()):
        was, now = old.get(key), new.get(key)
        if was == now or key in _CONFIG_HARMLESS:
            continue
        if key in _CONFIG_ORDERS:
            order = _CONFIG_ORDERS[key]
            ranks = [order.index(value) if value in order else None for value in (was, now)]
            strong = ranks[1] is not None and (ranks[1] > ranks[0] if ranks[0] is not None else ranks[1] >= 3)
            if not strong and not (now is None and ranks[0] is not None and ranks[0] <= 2):
                yield f"{key} is {shown(now)} (before: {shown(was)})"
        elif key in _CONFIG_GUARDS:
            if now is False or (now is None and was is True):
                yield f"{key} is {shown(now)} (before: {shown(was)})"
        else:
            yield f"{key} is {shown(now)}: what that opens is not known here"


def _caches(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    if new.get("cache") is True and old.get("cache") is not True:
        yield "answers are kept at the edge, and one visitor may get another's"
        return
    if old.get("cache") is False and new.get("cache") is not False:
        yield "answers may be kept at the edge again, and one visitor may get another's"
        return
    keys = [json.dumps(parameters.get("cacheKey"), sort_keys=True) for parameters in (old, new)]
    if new.get("cache") is True and keys[0] != keys[1]:
        yield "answers are kept by another key, and one visitor may get another's"
    if new.get("cacheReserve") and new.get("cacheReserve") != old.get("cacheReserve"):
        yield "answers are kept for long at the edge"
