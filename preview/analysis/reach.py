"""Who reaches what: the edge's view of a stack, read from its resources."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from model.naming import Names
from model.paths import PathPattern
from preview.resource_types import tokens
from preview.resources import Evaluation, Resource, referenced

EVERYONE = "everyone on the Internet"
NOBODY = "nobody"
CATCH_ALL = "http_status:404"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One ingress rule. ``path`` is cloudflared's regular expression; None: the whole host.

    ``logins`` are the Access applications that the connector demands a token of, as (policy, application).
    """

    hostname: str
    path: str | None
    service: str
    origin: dict[str, Any]
    logins: tuple[tuple[Resource, Resource], ...]

    @property
    def who(self) -> str:
        return "; ".join(describe(policy, application) for policy, application in self.logins) or EVERYONE

    @property
    def checked(self) -> bool:
        """Does the connector check the login once more?"""
        return bool(self.origin.get("access", {}).get("required"))


@dataclass(frozen=True, kw_only=True)
class Place:
    """What answers at one hostname and path: ``entry`` is None where nothing but the catch-all does.

    ``edge`` is what Access asks for there, as (policy, application); none: Access lets everyone by.
    """

    hostname: str
    path: str
    entry: Entry | None
    edge: tuple[tuple[Resource, Resource], ...]

    @property
    def url(self) -> str:
        return self.hostname + ("" if self.path == "/" else self.path)

    @property
    def guards(self) -> tuple[tuple[Resource, Resource], ...]:
        """The logins that a request needs, wherever they are asked for."""
        if self.entry is None:
            return ()
        return self.edge or self.entry.logins

    @property
    def who(self) -> str:
        if self.entry is None:
            return NOBODY
        return "; ".join(describe(policy, application) for policy, application in self.guards) or EVERYONE


class Reach:
    """The ingress rules of a stack, with who gets to them; what is not listed is answered 404."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._applications = evaluation.of_type(tokens.APPLICATION)
        self._policies = {f"«{policy.name}.id»": policy for policy in evaluation.of_type(tokens.POLICY)}
        by_tag = {f"«{application.name}.aud»": application for application in self._applications}
        self._places: dict[tuple[str, str], Place] = {}
        self.entries: list[Entry] = []
        self.catch_all: str | None = None
        for config in evaluation.of_type(tokens.INGRESS):
            for rule in config.inputs.get("config", {}).get("ingresses", []):
                if "hostname" not in rule:
                    self.catch_all = rule["service"]
                    continue
                origin = rule.get("originRequest", {})
                tags = (
                    origin.get("access", {}).get("audTags", [])
                    if origin.get("access", {}).get("required")
                    else []
                )
                logins = tuple(login for tag in tags if tag in by_tag for login in self._logins(by_tag[tag]))
                self.entries.append(
                    Entry(
                        hostname=rule["hostname"],
                        path=rule.get("path"),
                        service=rule["service"],
                        origin=origin,
                        logins=logins,
                    )
                )

    @functools.cached_property
    def _by_host(self) -> dict[str, list[tuple[re.Pattern[str] | None, Entry]]]:
        hosts: dict[str, list[tuple[re.Pattern[str] | None, Entry]]] = {}
        for entry in self.entries:
            pattern = re.compile(entry.path) if entry.path is not None else None
            hosts.setdefault(entry.hostname, []).append((pattern, entry))
        return hosts

    @property
    def hostnames(self) -> list[str]:
        return sorted(self._by_host)

    def samples(self, hostname: str) -> Iterator[str]:
        """Paths that between them meet every rule of the host, on either side of its edges."""
        yield "/"
        for _, entry in self._by_host.get(hostname, []):
            if entry.path:
                pattern = PathPattern.from_regex(entry.path)
                yield pattern.literal
                yield (
                    pattern.literal + {"exact": "/below", "below": "/below", "prefix": "-more"}[pattern.kind]
                )

    def at(self, hostname: str, path: str) -> Place:
        """What a request for this (decoded) path meets."""
        place = self._places.get((hostname, path))
        if place is None:
            asked = (rule for name in _covering(hostname) for rule in self._by_host.get(name, []))
            found = next((entry for pattern, entry in asked if pattern is None or pattern.search(path)), None)
            if found and found.service == CATCH_ALL:
                found = None
            place = Place(
                hostname=hostname, path=path, entry=found, edge=self._edge(hostname, path) if found else ()
            )
            self._places[hostname, path] = place
        return place

    def met(self, entry: Entry) -> Place:
        """What a request that this very rule answers meets."""
        path = PathPattern.from_regex(entry.path).literal if entry.path else "/"
        answers = entry if entry.service != CATCH_ALL else None
        return Place(hostname=entry.hostname, path=path, entry=answers, edge=self._edge(entry.hostname, path))

    def _edge(self, hostname: str, path: str) -> tuple[tuple[Resource, Resource], ...]:
        """The logins of the most specific application whose destination covers the place."""
        best: tuple[tuple[bool, int], Resource] | None = None
        for host in _covering(hostname)[:2]:  # Access's wildcard stands for one level
            for uri, application in self._destinations.get(host, []):
                if _covers(uri, path):
                    rank = (not host.startswith("*."), len(uri))
                    if best is None or rank > best[0]:
                        best = rank, application
        return (
            tuple(login for login in self._logins(best[1]) if login[0].inputs["decision"] != "bypass")
            if best
            else ()
        )

    @functools.cached_property
    def _destinations(self) -> dict[str, list[tuple[str, Resource]]]:
        """The applications' paths by hostname."""
        found: dict[str, list[tuple[str, Resource]]] = {}
        for application in self._applications:
            for destination in application.inputs.get("destinations", []):
                host, slash, path = destination.get("uri", "").partition("/")
                found.setdefault(host, []).append((slash + path, application))
        return found

    def _logins(self, application: Resource) -> tuple[tuple[Resource, Resource], ...]:
        listed = application.inputs.get("policies", [])
        return tuple(
            (self._policies[item["id"]], application) for item in listed if item.get("id") in self._policies
        )


def _covering(hostname: str) -> tuple[str, ...]:
    """The names that a rule for this hostname may stand under, the exact one first."""
    labels = hostname.split(".")
    return (hostname, *("*." + ".".join(labels[n:]) for n in range(1, len(labels) - 1)))


def _covers(pattern: str, path: str) -> bool:
    """Access's reading of a destination's path: `*` stands for any text; without one, the path and all below it."""
    if not pattern:
        return True
    if "*" in pattern:
        return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), path) is not None
    return path == pattern or path.startswith(pattern.rstrip("/") + "/")


def describe(policy: Resource, application: Resource) -> str:
    """Who a policy lets in, in words."""
    names = Names.of_urn(policy.urn)
    text = ", ".join(_rule(rule, names) for rule in policy.inputs.get("includes", []))
    requires = [_rule(rule, names) for rule in policy.inputs.get("requires", [])]
    if requires:
        text += ", each with " + " and ".join(requires)
    excludes = [_rule(rule, names) for rule in policy.inputs.get("excludes", [])]
    if excludes:
        text += ", never " + ", ".join(excludes)
    if policy.inputs.get("mfaConfig"):
        text += ", second factor"
    if policy.inputs.get("decision") == "allow":
        text += f", session {application.inputs.get('sessionDuration', '24h')}"
    return text


def _token(reference: str, names: Names) -> str:
    """A service token by its key in the stack file; one of another origin by its id."""
    return names.access.service_token_key(referenced(reference) or "") or reference


def _rule(rule: dict[str, Any], names: Names) -> str:
    ((kind, body),) = rule.items()
    words: dict[str, Callable[[dict[str, Any]], str]] = {
        "email": lambda b: b["email"],
        "emailDomain": lambda b: "@" + b["domain"],
        "everyone": lambda b: "anyone who logs in",
        "serviceToken": lambda b: "service token " + _token(b["tokenId"], names),
        "githubOrganization": lambda b: "GitHub " + b["name"] + ("/" + b["team"] if "team" in b else ""),
        "oidc": lambda b: f"{b['claimName']}={b['claimValue']}",
        "geo": lambda b: "from " + b["countryCode"],
        "ip": lambda b: "from " + b["ip"],
        "group": lambda b: "Access group " + b["id"],
        "authMethod": lambda b: b["authMethod"],
    }
    return str(words[kind](body)) if kind in words else kind


def rule_texts(policy: Resource, key: str) -> set[str]:
    """The rules under `includes`, `requires` or `excludes`, each in words."""
    return {_rule(rule, Names.of_urn(policy.urn)) for rule in policy.inputs.get(key) or []}
