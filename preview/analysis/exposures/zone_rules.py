"""Rules of the zone: what is dropped, comes later, acts less, or lets through other requests."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from typing import Any

from model.naming import is_path_guard
from preview.analysis.exposures.expressions import Expression, parse
from preview.analysis.exposures.rule_actions import acts_less, limit_looser, new_rule
from preview.analysis.exposures.versions import Versions
from preview.analysis.reach import Reach
from preview.changes import Exposure
from preview.resource_types import type_names
from preview.resources import Evaluation, bare

Rule = Mapping[str, Any]

ACTIONS = ("log", "js_challenge", "managed_challenge", "challenge", "block")
_GUARDING = (*ACTIONS[1:], "execute")
_REQUESTS = (
    "http_request_firewall_custom",
    "http_ratelimit",
    "http_request_firewall_managed",
    "ddos_l7",
    "http_request_sbfm",
)
_QUIET_PHASES = ("http_response_compression", "http_custom_errors", "http_log_custom_fields")


_NO_REQUEST: Rule = {"expression": "false"}


def zone_rules(versions: Versions) -> Iterator[Exposure]:
    old, new = _phases(versions.before.evaluation), _phases(versions.after.evaluation)
    for phase in dict.fromkeys([*old, *new]):
        if phase in _QUIET_PHASES:
            continue
        before, after = old.get(phase, {}), new.get(phase, {})
        pairs = _paired(before, after)
        for ref, rule in before.items():
            text = (
                _weaker(rule, after[pairs[ref]], versions)
                if ref in pairs
                else _gone(rule, after, phase, versions)
            )
            if text:
                yield _weakened(pairs.get(ref, ref), rule, text)
        fresh = [ref for ref in after if ref not in pairs.values()]
        for ref in fresh:
            text = new_rule(after[ref], phase)
            if text:
                yield _weakened(ref, after[ref], text)
        yield from _order(before, after, pairs)


def _weakened(ref: str, rule: Rule, text: str) -> Exposure:
    return Exposure(kind="rule weakened", subject=ref, text=f"{rule.get('description') or ref}: {text}")


def _phases(evaluation: Evaluation) -> dict[str, dict[str, Rule]]:
    """By phase: its rules by their `ref`, in order."""
    found: dict[str, dict[str, Rule]] = {}
    for ruleset in evaluation.of_type(type_names.RULESET):
        listed = bare(ruleset.raw.get("rules", []))
        phase = found.setdefault(str(ruleset.inputs.get("phase")), {})
        for rule in listed if isinstance(listed, list) else []:
            if isinstance(rule, Mapping):
                # What has no `ref` of its own is known by what it does.
                phase[str(rule.get("ref") or rule.get("description") or _does(rule))] = rule
    return found


def _does(rule: Rule) -> str:
    """A rule without its names."""
    return json.dumps(
        {k: v for k, v in rule.items() if k not in ("ref", "description", "id")}, sort_keys=True
    )


def _paired(before: Mapping[str, Rule], after: Mapping[str, Rule]) -> dict[str, str]:
    """Each earlier rule's `ref` with the later one's: the same, or that of a rule which does the very same by another name."""
    found = {ref: ref for ref in before if ref in after}
    for ref, rule in before.items():
        if ref not in found:
            twin = next(
                (
                    r
                    for r, other in after.items()
                    if r not in before and r not in found.values() and _does(other) == _does(rule)
                ),
                None,
            )
            if twin is not None:
                found[ref] = twin
    return found


def _on(rule: Rule) -> bool:
    return rule.get("enabled", True) is not False


@functools.lru_cache(maxsize=512)
def _read(text: str) -> Expression:
    return parse(text)


def _expression(rule: Rule) -> Expression:
    return _read(str(rule.get("expression", "true")))


# One rule -----------------------------------------------------------------------------------------------------------------


def _gone(rule: Rule, after: Mapping[str, Rule], phase: str, versions: Versions) -> str:
    if not _on(rule) or rule.get("action") in ("skip", "log"):
        return ""
    if phase in _REQUESTS and not _hosts_left(rule, _NO_REQUEST, versions):
        return ""
    if any(_stands_in(other, rule, versions) for other in after.values()):
        return ""
    if phase not in _REQUESTS:
        return _other_gone(rule, phase)
    return "is dropped"


def _other_gone(rule: Rule, phase: str) -> str:
    """A rule of another phase than the firewall's: does what it did matter to anybody's safety?"""
    if phase in ("http_request_cache_settings", "http_request_dynamic_redirect", "http_request_origin"):
        parameters = rule.get("actionParameters") or {}
        return "is dropped" if parameters.get("cache") is False else ""
    return "is dropped"


def _stands_in(other: Rule, rule: Rule, versions: Versions) -> bool:
    """Does another rule, switched on, do at least as much to all of the same requests?"""
    if not _on(other) or _rank(other) is None or _rank(rule) is None or _rank(other) < _rank(rule):  # type: ignore[operator]
        return False
    if bool(rule.get("ratelimit")) != bool(other.get("ratelimit")) and other.get("ratelimit"):
        return False
    if rule.get("ratelimit") and other.get("ratelimit") and limit_looser(rule, other):
        return False
    return not _hosts_left(rule, other, versions)


def _rank(rule: Rule) -> int | None:
    action = rule.get("action")
    return ACTIONS.index(action) if action in ACTIONS else None


def _weaker(old: Rule, new: Rule, versions: Versions) -> str:
    skips = old.get("action") == "skip"
    if _on(old) and not _on(new):
        return "" if skips or old.get("action") == "log" else "is switched off"
    if not _on(new):
        return ""
    if not _on(old):
        return new_rule(new, "") if new.get("action") not in _GUARDING else ""
    if old.get("action") != new.get("action"):
        ranks = _rank(old), _rank(new)
        if ranks[0] is None or ranks[1] is None or ranks[1] < ranks[0]:
            return f"does {new.get('action')} (before: {old.get('action')})"
    covered = _uncovered(old, new, versions)
    if covered:
        return covered
    if old.get("ratelimit") and new.get("ratelimit"):
        looser = limit_looser(old, new)
        if looser:
            return looser
    elif old.get("ratelimit") != new.get("ratelimit"):
        return "counts requests, and lets some through" if new.get("ratelimit") else ""
    return acts_less(old, new)


def _uncovered(old: Rule, new: Rule, versions: Versions) -> str:
    """Requests that the rule no longer sees; for one that lets through, those that it sees now."""
    if old.get("expression") == new.get("expression"):
        return ""
    matches = f"matches other requests: {new.get('expression')} (before: {old.get('expression')})"
    if new.get("action") in _GUARDING or new.get("action") == old.get("action") == "rewrite":
        left = _hosts_left(old, new, versions)
        if not left:
            return ""
        read = _expression(new)
        gone = [host for host in left if not read.for_host(host).alternatives]
        if gone:
            return f"no longer covers {', '.join(gone)}"
        # The guard's own text is the program's: a later version of it refuses other spellings.
        return "" if is_path_guard(str(old.get("ref", ""))) else matches
    if new.get("action") == "log":
        return ""
    return "" if _expression(new).within(_expression(old)) else matches


def _hosts_left(old: Rule, new: Rule, versions: Versions) -> list[str]:
    """The hosts some of whose requests the old rule saw and the new one does not; `any host` where it names none."""
    read, other = _expression(old), _expression(new)
    routed = set(versions.new.hostnames)
    gone = set(versions.old.hostnames) - routed
    named = read.hosts | other.hosts
    if is_path_guard(str(old.get("ref", ""))):
        # The guard is for hosts where a path is a boundary.
        candidates = {host for host in (read.hosts & routed) if mixed(versions.new, host)}
    else:
        candidates = (named | routed) - gone
    left = [host for host in sorted(candidates) if not read.for_host(host).within(other.for_host(host))]
    if left or is_path_guard(str(old.get("ref", ""))):
        return left
    if read.hosts:
        return []
    return [] if read.within(other) or candidates else ["any host"]


def mixed(reach: Reach, hostname: str) -> bool:
    """Do different people get in at different paths of a host?"""
    places = [reach.at(hostname, path) for path in reach.samples(hostname)]
    return len({place.who for place in places if place.entry}) > 1


# Order --------------------------------------------------------------------------------------------------------------------


def _order(
    before: Mapping[str, Rule], after: Mapping[str, Rule], pairs: Mapping[str, str]
) -> Iterator[Exposure]:
    """The first rule that ends a request decides, and what skips the rest leaves out what comes after it."""
    earlier = {later: position for position, ref in enumerate(before) if (later := pairs.get(ref))}
    order = list(after)
    for place, ref in enumerate(order):
        rule = after[ref]
        if not _on(rule) or not _lets_by(rule):
            continue
        for other in order[place + 1 :]:
            guard = after[other]
            if other not in earlier or not _on(guard) or not _stops_more(guard, rule):
                continue
            came_after = ref in earlier and earlier[ref] > earlier[other]
            is_new = ref not in earlier and rule.get("action") != "skip"
            if (came_after or is_new) and not _expression(rule).apart(_expression(guard)):
                name = guard.get("description") or other
                yield _weakened(ref, rule, f"comes before {name}, which these requests no longer meet")
                break


def _lets_by(rule: Rule) -> bool:
    return rule.get("action") == "skip" or (_rank(rule) or 0) > 0


def _stops_more(guard: Rule, rule: Rule) -> bool:
    if rule.get("ratelimit") or guard.get("ratelimit"):
        return False
    if rule.get("action") == "skip":
        return guard.get("action") in _GUARDING
    return (_rank(guard) or 0) > (_rank(rule) or 0)
