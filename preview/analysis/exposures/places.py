"""Places: hostnames and paths that become reachable, for others, or with a check less."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from preview.analysis.exposures.versions import Versions
from preview.analysis.people import admissions, rule_within, rules
from preview.analysis.reach import EVERYONE, Place, ingresses
from preview.changes import Exposure
from preview.resource_types import type_names
from preview.resources import Resource

Logins = Sequence[tuple[Resource, Resource]]


def places(versions: Versions) -> Iterator[Exposure]:
    old, new = versions.old, versions.new
    served = bool(new.entries) or new.catch_all is not None
    if served and old.catch_all is not None and new.catch_all != old.catch_all:
        says = f"requests that no route answers get {new.catch_all or 'the last rule'} instead of {old.catch_all}"
        yield Exposure(kind="reachable", subject="catch-all", text=says)
    for before_, after_ in versions.later(type_names.TUNNEL_CONFIGURATION):
        if ingresses(after_) is None and (before_ is None or ingresses(before_) is not None):
            text = f"{after_.name}: which places its rules open is not known here"
            yield Exposure(kind="unknown", subject=after_.name, text=text)
    same = {after.urn: before.urn for before, after in versions.pairs(type_names.ACCESS_POLICY)}
    for hostname in new.hostnames:
        seen: set[tuple[str, str]] = set()
        samples = dict.fromkeys(
            [*new.samples(hostname), *(old.samples(hostname) if hostname in old.hostnames else ())]
        )
        for path in samples:
            for exposure in _place(old.at(hostname, path), new.at(hostname, path), same):
                # A rule and what is below it are one change, not two.
                key = exposure.kind, exposure.text.partition(":")[2]
                if key not in seen:
                    seen.add(key)
                    yield exposure


def _place(before: Place, after: Place, same: Mapping[str, str]) -> Iterator[Exposure]:
    if after.entry is None:
        return
    if before.entry is None:
        yield Exposure(
            kind="reachable", subject=after.url, text=f"{after.url} becomes reachable: by {after.who}"
        )
        return
    if looser(before.guards, after.guards, same):
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
    for text in _origin(before, after):
        yield Exposure(kind="check dropped", subject=after.url, text=f"{after.url}: {text}")


def looser(before: Logins, after: Logins, same: Mapping[str, str]) -> bool:
    """Do other policies guard the place now, so that others may pass? What changes inside a policy is said by `logins`."""
    if not before:
        return False
    if not after:
        return True
    kept = {policy.urn for policy, _ in before}
    known = admissions([policy for policy, _ in before])
    fresh = admissions([p for p, _ in after if same.get(p.urn, p.urn) not in kept])
    if any(not any(admission.within(other) for other in known) for admission in fresh):
        return True
    refused = [_denied(logins) for logins in (before, after)]
    return any(not any(rule_within(rule, other) for other in refused[1]) for rule in refused[0])


def _denied(logins: Logins) -> list[Mapping[str, object]]:
    return [
        rule
        for policy, _ in logins
        if policy.inputs.get("decision") == "deny"
        for rule in rules(policy.inputs, "includes")
    ]


_SECURE = ("https://", "wss://")


def _origin(before: Place, after: Place) -> Iterator[str]:
    """How the connector speaks to the service behind it."""
    assert before.entry and after.entry
    old, new = before.entry, after.entry
    if new.origin.get("noTlsVerify") is True and old.origin.get("noTlsVerify") is not True:
        if new.service.startswith(_SECURE):
            yield f"the certificate of {new.service} is no longer checked"
    elif old.service.startswith(_SECURE) and not new.service.startswith((*_SECURE, "http_status:")):
        yield f"the connector speaks to {new.service} without TLS (before: {old.service})"
    if new.origin.get("proxyType") and new.origin.get("proxyType") != old.origin.get("proxyType"):
        yield f"the connector is a proxy ({new.origin['proxyType']}) to whatever its machine reaches"
    if new.service in ("bastion", "socks-proxy") and new.service != old.service:
        yield "the connector leads to whatever its machine reaches"
    if old.checked and new.checked:
        tags = [set(entry.origin.get("access", {}).get("audTags", [])) for entry in (old, new)]
        known = {f"«{application.name}.aud»" for _, application in new.logins}
        if tags[1] - tags[0] - known:
            yield "the connector takes the logins of an application that is not known here"
        teams = [entry.origin.get("access", {}).get("teamName") for entry in (old, new)]
        if teams[0] != teams[1]:
            yield f"the connector takes the logins of another team: {teams[1]} (before: {teams[0]})"
