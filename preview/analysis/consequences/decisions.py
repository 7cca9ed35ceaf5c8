"""Whom a policy of Access still lets in: who must be what nobody is, or is kept out again, does not pass."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

from model.countries import COUNTRIES
from model.naming import Names
from preview.analysis.consequences.context import downtime, in_place, new_inputs, old_inputs
from preview.analysis.people import Rule, rule_text, rule_within, rules
from preview.changes import Change, Effect
from preview.resources import Resource


def policy(change: Change) -> Iterator[Effect]:
    assert change.before and change.after
    old, new = old_inputs(change), new_inputs(change)
    people = new.get("decision") != "non_identity"
    out = texts(change.before, "includes") - texts(change.after, "includes")
    machines = sorted(text for text in out if text.startswith("service token"))
    if machines:
        yield downtime(f"no longer let in: {', '.join(machines)}")
    if out - set(machines):
        yield in_place(f"no longer let in: {', '.join(sorted(out - set(machines)))}")
    # People are told of it; a machine cannot become what it is not.
    says = in_place if people else downtime
    required = sorted(texts(change.after, "requires") - texts(change.before, "requires"))
    if required:
        yield says(f"everybody must also be: {', '.join(required)}")
    excluded = sorted(texts(change.after, "excludes") - texts(change.before, "excludes"))
    if excluded:
        yield says(f"shut out: {', '.join(excluded)}")
    if admits(old) and not admits(new):
        yield downtime(f"nobody passes any more: {why_nobody(new)}")
    if new.get("mfaConfig") and not old.get("mfaConfig"):
        yield in_place("everybody is asked for a second factor, and who has enrolled none must do so first")
    if new.get("decision") != old.get("decision"):
        decisions = {
            "allow": "people who log in",
            "non_identity": "machines with a token",
            "bypass": "everyone",
            "deny": "nobody",
        }
        say = downtime if new.get("decision") in ("deny", "non_identity") else in_place
        yield say(f"lets in {decisions.get(str(new.get('decision')), new.get('decision'))} now")
    if hours(new.get("sessionDuration")) < hours(old.get("sessionDuration")):
        yield in_place(
            f"logins end after {new.get('sessionDuration')} (before: {old.get('sessionDuration')})"
        )
    if new.get("approvalRequired") and not old.get("approvalRequired"):
        yield in_place("somebody must approve each login")


def texts(policy_: Resource, key: str) -> set[str]:
    """The rules under `includes`, `requires` or `excludes`, each as text."""
    names = Names.of_urn(policy_.urn)
    return {rule_text(rule, names) for rule in rules(policy_.inputs, key)}


def hours(text: Any) -> float:
    units = {"h": 1.0, "m": 1 / 60, "s": 1 / 3600}
    return sum(float(n) * units[u] for n, u in re.findall(r"([\d.]+)(h|m|s)", str(text or "24h")))


def admits(inputs: Mapping[str, Any]) -> bool:
    """Can anybody at all pass this policy?"""
    return inputs.get("decision") != "deny" and not why_nobody(inputs)


def why_nobody(inputs: Mapping[str, Any]) -> str:
    """Why nobody can pass, whatever the policy decides; "" if somebody may."""
    includes, requires, excludes = (rules(inputs, key) for key in ("includes", "requires", "excludes"))
    for rule in requires:
        if _nowhere(rule):
            return f"no request comes from {_country(rule)}, which is no country's code"
    for position, rule in enumerate(requires):
        if any(_apart(rule, other) for other in requires[position + 1 :]):
            return "nobody can be all that it requires at once"
        if any(rule_within(rule, kept) for kept in excludes):
            return "it keeps out whom it requires, and to be kept out counts more"
    if any("everyone" in rule for rule in excludes):
        return "it keeps out everyone"
    if not includes:
        return "it lets in nobody"
    reasons = [_dead(rule, requires, excludes) for rule in includes]
    return reasons[0] if all(reasons) else ""


def _dead(rule: Rule, requires: list[Rule], excludes: list[Rule]) -> str:
    if _nowhere(rule):
        return f"no request comes from {_country(rule)}, which is no country's code"
    if any(rule_within(rule, kept) for kept in excludes):
        return "whom it lets in it keeps out as well, and to be kept out counts more"
    if any(_apart(rule, asked) for asked in requires):
        return "whom it lets in cannot be what it requires"
    return ""


def _country(rule: Rule) -> str:
    return str((rule.get("geo") or {}).get("countryCode"))


def _nowhere(rule: Rule) -> bool:
    return "geo" in rule and "«" not in _country(rule) and _country(rule).upper() not in COUNTRIES


def _apart(rule: Rule, other: Rule) -> bool:
    """Is it sure that nobody fits both? A person has one address, which lies in one domain, and comes from one place."""
    kinds = {kind for each in (rule, other) for kind in each}
    if kinds <= {"email", "emailDomain"} and kinds:
        return not rule_within(rule, other) and not rule_within(other, rule)
    if kinds == {"geo"}:
        return _country(rule).upper() != _country(other).upper()
    if kinds == {"ip"}:
        try:
            one, two = (
                ipaddress.ip_network(str(each["ip"].get("ip")), strict=False) for each in (rule, other)
            )
        except ValueError:
            return False
        return not one.overlaps(two)
    return False
