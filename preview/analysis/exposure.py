"""What a change opens: places that become reachable, logins that are loosened, rules that are dropped."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from model.naming import Names, is_path_guard
from preview.analysis.reach import EVERYONE, Place, Reach, rule_texts
from preview.changes import Change, Exposure, Kind
from preview.resource_types import tokens
from preview.resources import Evaluation, Resource, Secret, bare, referenced


def exposures(
    before: Evaluation, after: Evaluation, changes: Sequence[Change], reach: tuple[Reach, Reach]
) -> tuple[Exposure, ...]:
    """Everything that ``after`` opens and ``before`` did not. What is closed or tightened is no exposure."""
    found: list[Exposure] = []
    old, new = reach
    found += _places(old, new)
    found += _policies(before, after)
    found += _rules(before, after, new)
    found += _settings(before, after, new)
    found += _ports(before, after)
    found += _permissions(before, after)
    found += _addresses(before, after)
    found += _secrets(before, after, changes)
    return tuple(sorted(set(found)))


# Places -----------------------------------------------------------------------------------------------------------------


def _places(old: Reach, new: Reach) -> Iterator[Exposure]:
    if old.catch_all is not None and new.catch_all != old.catch_all:
        says = f"requests that no route answers get {new.catch_all or 'the last rule'} instead of {old.catch_all}"
        yield Exposure(kind="reachable", subject="catch-all", text=says)
    for hostname in new.hostnames:
        seen: set[tuple[str, str]] = set()
        samples = dict.fromkeys(
            [*new.samples(hostname), *(old.samples(hostname) if hostname in old.hostnames else ())]
        )
        for path in samples:
            before, after = old.at(hostname, path), new.at(hostname, path)
            for exposure in _place(before, after):
                # A rule and what is below it are one change, not two.
                key = exposure.kind, exposure.text.partition(":")[2]
                if key not in seen:
                    seen.add(key)
                    yield exposure


def _place(before: Place, after: Place) -> Iterator[Exposure]:
    if after.entry is None:
        return
    if before.entry is None:
        yield Exposure(
            kind="reachable", subject=after.url, text=f"{after.url} becomes reachable: by {after.who}"
        )
        return
    if _looser(before.guards, after.guards):
        text = f"{after.url} is open to others: {after.who} (before: {before.who})"
        yield Exposure(kind="login loosened", subject=after.url, text=text)
    elif before.guards and after.guards:
        if before.edge and not after.edge:
            text = f"{after.url} loses a check: Access no longer asks at the edge, only the connector does"
            yield Exposure(kind="check dropped", subject=after.url, text=text)
        if before.entry.checked and not after.entry.checked:
            text = f"{after.url} loses a check: the connector no longer checks the login, only the edge does"
            yield Exposure(kind="check dropped", subject=after.url, text=text)
    if before.entry.service != after.entry.service and after.who == EVERYONE and before.who == EVERYONE:
        text = f"{after.url} leads elsewhere: {after.entry.service} (before: {before.entry.service}), for {EVERYONE}"
        yield Exposure(kind="reachable", subject=after.url, text=text)


Logins = Sequence[tuple[Resource, Resource]]


def _looser(before: Logins, after: Logins) -> bool:
    """Do other policies guard the place now, so that others may pass? What changes inside a policy is said by `_policies`."""
    if not before:
        return False
    if not after:
        return True
    kept = {policy.urn: policy for policy, _ in before}
    return any(
        policy.urn not in kept and not any(_within(policy, other) for other in kept.values())
        for policy, _ in after
    )


def _within(policy: Resource, other: Resource) -> bool:
    """Does everyone whom ``policy`` lets in pass ``other`` as well?"""
    return (
        policy.inputs["decision"] == other.inputs["decision"]
        and rule_texts(policy, "includes") <= rule_texts(other, "includes")
        and rule_texts(policy, "requires") >= rule_texts(other, "requires")
        and rule_texts(policy, "excludes") >= rule_texts(other, "excludes")
        and (bool(policy.inputs.get("mfaConfig")) or not other.inputs.get("mfaConfig"))
    )


# Logins -----------------------------------------------------------------------------------------------------------------


def _policies(before: Evaluation, after: Evaluation) -> Iterator[Exposure]:
    longer: set[str] = set()
    for old, new in _pairs(before, after, tokens.POLICY):
        for text in _loosened(old, new):
            longer |= {f"«{new.name}.id»"} if text.startswith("a login lasts") else set()
            yield Exposure(
                kind="login loosened", subject=new.name, text=f"{new.inputs.get('name', new.name)}: {text}"
            )
    for old, new in _pairs(before, after, tokens.APPLICATION):
        name = new.inputs.get("name", new.name)
        said = any(policy.get("id") in longer for policy in new.inputs.get("policies", []))
        if not said and _seconds(new.inputs.get("sessionDuration")) > _seconds(
            old.inputs.get("sessionDuration")
        ):
            text = f"{name}: a login lasts {new.inputs['sessionDuration']} (before: {old.inputs.get('sessionDuration')})"
            yield Exposure(kind="login loosened", subject=new.name, text=text)
        ways = old.inputs.get("allowedIdps"), new.inputs.get("allowedIdps")
        more = sorted(set(ways[1] or ()) - set(ways[0] or ())) if ways[0] and ways[1] else []
        if more or (ways[0] and not ways[1]):
            names = Names.of_urn(new.urn).access
            providers = (
                ", ".join(names.provider_key(referenced(way) or "") or way for way in more)
                or "every provider of the account"
            )
            text = f"{name}: people may also log in with {providers}"
            yield Exposure(kind="login loosened", subject=new.name, text=text)


def _loosened(old: Resource, new: Resource) -> Iterator[str]:
    added = sorted(rule_texts(new, "includes") - rule_texts(old, "includes"))
    if added:
        yield f"also lets in {', '.join(added)}"
    dropped = sorted(rule_texts(old, "requires") - rule_texts(new, "requires"))
    if dropped:
        yield f"no longer requires {', '.join(dropped)}"
    readmitted = sorted(rule_texts(old, "excludes") - rule_texts(new, "excludes"))
    if readmitted:
        yield f"no longer keeps out {', '.join(readmitted)}"
    if old.inputs.get("mfaConfig") and not new.inputs.get("mfaConfig"):
        yield "no longer asks for a second factor"
    if old.inputs.get("decision") != new.inputs.get("decision") and new.inputs.get("decision") in (
        "bypass",
        "non_identity",
    ):
        yield f"decides {new.inputs['decision']} (before: {old.inputs.get('decision')})"
    if _seconds(new.inputs.get("sessionDuration")) > _seconds(old.inputs.get("sessionDuration")):
        yield f"a login lasts {new.inputs['sessionDuration']} (before: {old.inputs.get('sessionDuration')})"


def _seconds(duration: str | None) -> int:
    """Of a Go duration such as `24h` or `1h30m`; the API's default is a day."""
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([hms])", duration or "24h"))


# The zone ---------------------------------------------------------------------------------------------------------------

_ACTIONS = ("log", "js_challenge", "managed_challenge", "challenge", "block")


def _rules(before: Evaluation, after: Evaluation, reach: Reach) -> Iterator[Exposure]:
    old, new = _zone_rules(before), _zone_rules(after)
    for ref, rule in old.items():
        name = rule.get("description") or ref
        text = _weaker(rule, new[ref], reach) if ref in new else _gone(rule, reach)
        if text:
            yield Exposure(kind="rule weakened", subject=ref, text=f"{name}: {text}")
    for ref, rule in new.items():
        if ref not in old and rule.get("action") == "skip" and rule.get("enabled", True):
            text = f"{rule.get('description') or ref}: a new rule lets requests skip the others where {rule['expression']}"
            yield Exposure(kind="rule weakened", subject=ref, text=text)


def _zone_rules(evaluation: Evaluation) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for ruleset in evaluation.of_type(tokens.RULESET):
        listed = bare(ruleset.raw.get("rules", []))
        for rule in listed if isinstance(listed, list) else []:
            found[rule["ref"]] = rule
    return found


def _gone(rule: Mapping[str, Any], reach: Reach) -> str:
    if rule.get("action") == "skip" or rule.get("enabled") is False:
        return ""
    hosts = _hosts(rule["expression"])
    if hosts and not hosts & _routed(reach):
        return ""
    if is_path_guard(rule["ref"]) and not any(_mixed(reach, host) for host in hosts):
        return ""
    return "is dropped"


def _weaker(old: Mapping[str, Any], new: Mapping[str, Any], reach: Reach) -> str:
    if old.get("enabled", True) and not new.get("enabled", True) and old.get("action") != "skip":
        return "is switched off"
    if old["action"] != new["action"]:
        known = old["action"] in _ACTIONS and new["action"] in _ACTIONS
        if not known or _ACTIONS.index(new["action"]) < _ACTIONS.index(old["action"]):
            return f"does {new['action']} (before: {old['action']})"
    guard = is_path_guard(old["ref"])
    uncovered = sorted((_hosts(old["expression"]) - _hosts(new["expression"])) & _routed(reach))
    if guard:
        uncovered = [host for host in uncovered if _mixed(reach, host)]
    if uncovered:
        return f"no longer covers {', '.join(uncovered)}"
    if _without_hosts(old["expression"]) != _without_hosts(new["expression"]) and not guard:
        return f"matches other requests: {new['expression']} (before: {old['expression']})"
    was, now = old.get("ratelimit"), new.get("ratelimit")
    if was and now:
        if now["requestsPerPeriod"] * was["period"] > was["requestsPerPeriod"] * now["period"]:
            counts = [f"{limit['requestsPerPeriod']} requests in {limit['period']}s" for limit in (now, was)]
            return f"allows {counts[0]} (before: {counts[1]})"
        if now.get("mitigationTimeout", 0) < was.get("mitigationTimeout", 0):
            return f"blocks for {now.get('mitigationTimeout', 0)}s (before: {was['mitigationTimeout']}s)"
    if old.get("actionParameters") != new.get("actionParameters") and old["action"] in ("execute", "rewrite"):
        return "does something else with the request"
    return ""


def _hosts(expression: str) -> set[str]:
    listed = [
        name
        for group in re.findall(r"http\.host\)? in \{([^}]*)\}", expression)
        for name in re.findall(r'"([^"]+)"', group)
    ]
    return {
        *listed,
        *(
            "*" + suffix
            for suffix in re.findall(r'ends_with\((?:lower\()?http\.host\)?, "([^"]+)"\)', expression)
        ),
    }


def _without_hosts(expression: str) -> str:
    host = r'(?:http\.host in \{[^}]*\}|ends_with\(http\.host, "[^"]*"\))'
    return re.sub(rf"\({host}(?: or {host})+\)|{host}", "HOSTS", expression)


def _routed(reach: Reach) -> set[str]:
    return set(reach.hostnames)


def _mixed(reach: Reach, hostname: str) -> bool:
    return (
        len(
            {
                reach.at(hostname, path).who
                for path in reach.samples(hostname)
                if reach.at(hostname, path).entry
            }
        )
        > 1
    )


_TLS = ("1.0", "1.1", "1.2", "1.3")
_SSL = ("off", "flexible", "full", "strict")


def _settings(before: Evaluation, after: Evaluation, reach: Reach) -> Iterator[Exposure]:
    old = {r.inputs["settingId"]: r for r in before.of_type(tokens.ZONE_SETTING)}
    new = {r.inputs["settingId"]: r for r in after.of_type(tokens.ZONE_SETTING)}
    for setting, resource in old.items():
        was, now = resource.inputs["value"], new[setting].inputs["value"] if setting in new else None
        if was != now and _setting_weaker(setting, was, now):
            text = f"the zone's {setting} is {_plain(now)} (before: {_plain(was)})"
            yield Exposure(kind="rule weakened", subject=resource.name, text=text)
    for resource in before.of_type(tokens.NORMALIZATION):
        if not after.of_type(tokens.NORMALIZATION) and any(_mixed(reach, host) for host in reach.hostnames):
            text = "the edge no longer normalises paths, and a path is a boundary here"
            yield Exposure(kind="rule weakened", subject=resource.name, text=text)


def _setting_weaker(setting: str, was: Any, now: Any) -> bool:
    for name, order in (("min_tls_version", _TLS), ("ssl", _SSL), ("always_use_https", ("off", "on"))):
        if setting == name and was in order:
            return now is not None and (now not in order or order.index(now) < order.index(was))
    return True


def _plain(value: Any) -> str:
    return (
        "no longer set"
        if value is None
        else value
        if isinstance(value, str)
        else json.dumps(value, sort_keys=True)
    )


# The network, the machines, the values ----------------------------------------------------------------------------------


def _ports(before: Evaluation, after: Evaluation) -> Iterator[Exposure]:
    kinds: tuple[tuple[Kind, str], ...] = (("port", tokens.INBOUND), ("egress", tokens.OUTBOUND))
    for kind, token in kinds:
        known = {_rule_key(rule) for rule in before.of_type(token)}
        for rule in after.of_type(token):
            group, peer, ports = _rule_key(rule)
            if (group, peer, ports) in known or _joins_new_parts(rule, after, before):
                continue
            text = (
                f"{group} admits {peer} on {ports}"
                if kind == "port"
                else f"{group} may speak to {peer} on {ports}"
            )
            yield Exposure(kind=kind, subject=rule.name, text=text)
    for token in (tokens.SECURITY_GROUP, tokens.DEFAULT_GROUP):
        for old, new in _pairs(before, after, token, created=True):
            for key, words in (("ingress", "admits"), ("egress", "may speak to")):
                fresh = [
                    rule
                    for rule in new.inputs.get(key) or []
                    if rule not in ((old.inputs.get(key) or []) if old else [])
                ]
                if fresh:
                    kind = "port" if key == "ingress" else "egress"
                    text = f"{new.name} {words} what it did not: {json.dumps(fresh, sort_keys=True)}"
                    yield Exposure(kind=kind, subject=new.name, text=text)


def _joins_new_parts(rule: Resource, after: Evaluation, before: Evaluation) -> bool:
    """A rule between two groups of the stack of which one is new: the stack's own parts speaking to a new part."""
    groups = {f"«{group.name}.id»" for group in after.of_type(tokens.SECURITY_GROUP)}
    old = {f"«{group.name}.id»" for group in before.of_type(tokens.SECURITY_GROUP)}
    ends = {rule.inputs.get("securityGroupId"), rule.inputs.get("referencedSecurityGroupId")}
    return ends <= groups and not ends <= old


def _rule_key(rule: Resource) -> tuple[str, str, str]:
    data = rule.inputs
    peer = (
        data.get("referencedSecurityGroupId")
        or data.get("cidrIpv4")
        or data.get("cidrIpv6")
        or data.get("prefixListId")
    )
    first, last = data.get("fromPort", "all"), data.get("toPort", "all")
    ports = f"{data.get('ipProtocol')}/{first}" + (f"-{last}" if last != first else "")
    network = Names.of_urn(rule.urn).network
    ends = [str(end) for end in (data.get("securityGroupId"), peer)]
    group, other = (network.label(referenced(end) or "") or end for end in ends)
    return group, other, ports


def _permissions(before: Evaluation, after: Evaluation) -> Iterator[Exposure]:
    regions = [evaluation.config.get("aws:region", "") for evaluation in (before, after)]
    for old, new in _pairs(before, after, tokens.ROLE_POLICY):
        fresh = sorted(_grants(new, regions[1]) - _grants(old, regions[0]))
        gained = sorted({action for action, *_ in fresh})
        if fresh:
            text = f"the machines' role gains {', '.join(gained)} on {', '.join(sorted({place for _, place, _ in fresh}))}"
            yield Exposure(kind="permission", subject=new.name, text=text)


def _grants(policy: Resource, region: str) -> set[tuple[str, str, str]]:
    """(action, resource, condition) of every allowing statement, wherever the stack's own region is."""
    try:
        statements = json.loads(str(bare(policy.raw.get("policy", "{}")))).get("Statement", [])
    except ValueError:
        return set()
    found: set[tuple[str, str, str]] = set()
    for statement in statements:
        if statement.get("Effect") == "Allow":
            for action in _listed(statement.get("Action")):
                for place in _listed(statement.get("Resource")):
                    found.add(
                        (
                            action,
                            place.replace(f":{region}:", ":REGION:"),
                            json.dumps(statement.get("Condition"), sort_keys=True),
                        )
                    )
    return found


def _listed(value: Any) -> list[str]:
    return list(value) if isinstance(value, list) else [str(value)]


def _addresses(before: Evaluation, after: Evaluation) -> Iterator[Exposure]:
    checks: tuple[tuple[str, str, Any, str], ...] = (
        (tokens.DATABASE, "publiclyAccessible", True, "the database gets a public address"),
        (tokens.DATABASE, "storageEncrypted", False, "the database's storage is no longer encrypted"),
        (tokens.DATABASE, "manageMasterUserPassword", False, "RDS no longer keeps the master password"),
        (tokens.FILES, "encrypted", False, "the files are no longer encrypted"),
    )
    for token, key, bad, text in checks:
        for old, new in _pairs(before, after, token):
            if old.inputs.get(key) != new.inputs.get(key) and new.inputs.get(key, False) is bad:
                yield Exposure(kind="address", subject=new.name, text=text)
    for old, new in _pairs(before, after, tokens.TEMPLATE):
        was, now = old.inputs.get("metadataOptions", {}), new.inputs.get("metadataOptions", {})
        if was.get("httpTokens") == "required" != now.get("httpTokens"):
            yield Exposure(
                kind="address",
                subject=new.name,
                text="the machines' credentials need no session token (IMDSv1)",
            )
        if now.get("httpPutResponseHopLimit", 1) > was.get("httpPutResponseHopLimit", 1):
            yield Exposure(
                kind="address",
                subject=new.name,
                text="containers reach the machines' credentials (hop limit above 1)",
            )
        if new.inputs.get("keyName") and not old.inputs.get("keyName"):
            yield Exposure(kind="address", subject=new.name, text="a lasting SSH key opens the machines")
        disks = [
            [disk.get("ebs", {}).get("encrypted") for disk in r.inputs.get("blockDeviceMappings", [])]
            for r in (old, new)
        ]
        if "true" in disks[0] and set(disks[1]) != {"true"}:
            yield Exposure(
                kind="address", subject=new.name, text="the machines' disks are no longer encrypted"
            )


def _secrets(before: Evaluation, after: Evaluation, changes: Sequence[Change]) -> Iterator[Exposure]:
    """Values that a `Secret` held before and that now stand in the open."""
    pairs = [(c.name, c.before.raw, c.after.raw) for c in changes if c.before and c.after]
    for subject, old, new in [*pairs, ("outputs", before.raw_outputs, after.raw_outputs)]:
        known = {text for text in _texts(old, secret=True) if len(text) > 8}
        if known & set(_texts(new, secret=False)):
            yield Exposure(
                kind="secret",
                subject=subject,
                text=f"{subject}: a value that was secret with Pulumi is plain",
            )


def _texts(value: Any, *, secret: bool, inside: bool = False) -> Iterator[str]:
    """The texts inside secrets, or those outside of them."""
    if isinstance(value, Secret):
        yield from _texts(value.value, secret=secret, inside=True)
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item, secret=secret, inside=inside)
    elif isinstance(value, str) and inside == secret:
        yield value


def _pairs(
    before: Evaluation, after: Evaluation, token: str, created: bool = False
) -> Iterator[tuple[Any, Resource]]:
    """(before, after) of every resource of a type that both have; with ``created``, (None, after) too."""
    old = {resource.urn: resource for resource in before.of_type(token)}
    for resource in after.of_type(token):
        if resource.urn in old or created:
            yield old.get(resource.urn), resource
