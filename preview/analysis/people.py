"""The rules of Access, by which people and machines are told apart: as text, and whether one lets in less than another."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from model.naming import Names
from preview.resources import Resource, referenced

Rule = Mapping[str, Any]

_UNREADABLE: Rule = {"a rule that cannot be read": {}}


@dataclass(frozen=True, kw_only=True)
class Admission:
    """Those whom one rule of a policy lets in, with what else the policy asks of them."""

    decision: str
    rule: Rule
    requires: tuple[Rule, ...]
    excludes: tuple[Rule, ...]
    factors: frozenset[str] | None

    def within(self, other: Admission) -> bool:
        """Does everyone whom this lets in pass ``other`` as well?"""
        return (
            (self.decision == other.decision or other.decision == "bypass")
            and rule_within(self.rule, other.rule)
            and all(any(rule_within(mine, asked) for mine in self.requires) for asked in other.requires)
            and all(any(rule_within(kept, mine) for mine in self.excludes) for kept in other.excludes)
            and (other.factors is None or (self.factors is not None and self.factors <= other.factors))
        )


def admissions(policies: Sequence[Resource]) -> list[Admission]:
    """Of every policy that lets somebody in."""
    return [
        Admission(
            decision=str(policy.inputs.get("decision")),
            rule=rule,
            requires=tuple(rules(policy.inputs, "requires")),
            excludes=tuple(rules(policy.inputs, "excludes")),
            factors=factors(policy.inputs.get("mfaConfig")),
        )
        for policy in policies
        if policy.inputs.get("decision") != "deny"
        for rule in rules(policy.inputs, "includes")
    ]


def rules(inputs: Mapping[str, Any], key: str) -> list[Rule]:
    """The rules under `includes`, `requires` or `excludes`; what is not known yet is a rule of its own."""
    value = inputs.get(key)
    if value in (None, "", [], {}):
        return []
    return [rule for rule in value if isinstance(rule, Mapping)] if isinstance(value, list) else [_UNREADABLE]


def factors(config: Any) -> frozenset[str] | None:
    """The second factors that one may choose from; None: none is asked for."""
    if not isinstance(config, Mapping) or not config or config.get("mfaDisabled") is True:
        return None
    return frozenset(map(str, config.get("allowedAuthenticators") or ("any",)))


def rule_within(rule: Rule, other: Rule) -> bool:
    """Does everyone who fits ``rule`` fit ``other``? Where it cannot be known, no."""
    if rule == other or "everyone" in other:
        return True
    if not rule or not other:
        return False
    (kind, body), (outer, wide) = next(iter(rule.items())), next(iter(other.items()))
    if kind == "email" and outer == "email":
        return str(body.get("email")).lower() == str(wide.get("email")).lower()
    if kind == "email" and outer == "emailDomain":
        return str(body.get("email")).lower().endswith("@" + str(wide.get("domain")).lower().lstrip("@"))
    if kind == "emailDomain" and outer == "emailDomain":
        return str(body.get("domain")).lower() == str(wide.get("domain")).lower()
    if kind == "githubOrganization" and outer == "githubOrganization":
        same = {key: body.get(key) for key in ("name", "identityProviderId")}
        return "team" not in wide and same == {key: wide.get(key) for key in same}
    if kind == "ip" and outer == "ip":
        return _range_within(str(body.get("ip")), str(wide.get("ip")))
    if kind == "geo" and outer == "geo":
        return bool(body.get("countryCode") == wide.get("countryCode"))
    return kind == "serviceToken" and outer == "anyValidServiceToken"


def _range_within(inner: str, outer: str) -> bool:
    try:
        one, other = ipaddress.ip_network(inner, strict=False), ipaddress.ip_network(outer, strict=False)
    except ValueError:
        return False
    return one.version == other.version and one.subnet_of(other)  # type: ignore[arg-type]


def describe(policy: Resource, application: Resource) -> str:
    """Who a policy lets in, as text."""
    names = Names.of_urn(policy.urn)
    text = ", ".join(rule_text(rule, names) for rule in rules(policy.inputs, "includes"))
    requires = [rule_text(rule, names) for rule in rules(policy.inputs, "requires")]
    if requires:
        text += ", each with " + " and ".join(requires)
    excludes = [rule_text(rule, names) for rule in rules(policy.inputs, "excludes")]
    if excludes:
        text += ", never " + ", ".join(excludes)
    if factors(policy.inputs.get("mfaConfig")) is not None:
        text += ", second factor"
    if policy.inputs.get("decision") == "allow":
        text += f", session {application.inputs.get('sessionDuration', '24h')}"
    return f"all but {text}" if policy.inputs.get("decision") == "deny" else text


def _token(reference: str, names: Names) -> str:
    """A service token by its key in the stack file; one of another origin by its id."""
    return names.access.service_token_key(referenced(reference) or "") or reference


def rule_text(rule: Rule, names: Names) -> str:
    """One rule (`ops@example.com`, `@example.com`, `from 10.0.0.0/8`); ``names`` are those of the stack that it stands in."""
    if not rule:
        return "a rule that cannot be read"
    kind, body = next(iter(rule.items()))
    said: dict[str, Callable[[Mapping[str, Any]], str]] = {
        "email": lambda b: b["email"],
        "emailDomain": lambda b: "@" + b["domain"],
        "everyone": lambda b: "anyone who logs in",
        "anyValidServiceToken": lambda b: "any service token of the account",
        "serviceToken": lambda b: "service token " + _token(b["tokenId"], names),
        "githubOrganization": lambda b: "GitHub " + b["name"] + ("/" + b["team"] if "team" in b else ""),
        "oidc": lambda b: f"{b['claimName']}={b['claimValue']}",
        "geo": lambda b: "from " + b["countryCode"],
        "ip": lambda b: "from " + b["ip"],
        "group": lambda b: "Access group " + b["id"],
        "authMethod": lambda b: b["authMethod"],
    }
    try:
        return str(said[kind](body))
    except (KeyError, TypeError):
        return kind
