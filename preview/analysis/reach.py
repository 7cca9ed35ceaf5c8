"""Who reaches what: the edge's view of a stack, read from its resources."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from model.paths import PathPattern
from preview.analysis.people import describe
from preview.resource_types import type_names
from preview.resources import Evaluation, Resource

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
    def answers(self) -> bool:
        """Does anything stand behind it? With `http_status:410` the connector answers by itself."""
        return not self.service.startswith("http_status:")

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
        self._applications = evaluation.of_type(type_names.ACCESS_APPLICATION)
        self._policies = {
            f"«{policy.name}.id»": policy for policy in evaluation.of_type(type_names.ACCESS_POLICY)
        }
        by_tag = {f"«{application.name}.aud»": application for application in self._applications}
        self._places: dict[tuple[str, str], Place] = {}
        self.entries: list[Entry] = []
        self.catch_all: str | None = None
        for config in evaluation.of_type(type_names.TUNNEL_CONFIGURATION):
            for rule in ingresses(config) or ():
                if "hostname" not in rule:
                    self.catch_all = str(rule.get("service"))
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
            if found and not found.answers:
                found = None
            place = Place(
                hostname=hostname, path=path, entry=found, edge=self._edge(hostname, path) if found else ()
            )
            self._places[hostname, path] = place
        return place

    def status(self, hostname: str, path: str) -> str:
        """With what the connector answers by itself at a place where nothing of the stack's does."""
        asked = (rule for name in _covering(hostname) for rule in self._by_host.get(name, []))
        found = next((entry for pattern, entry in asked if pattern is None or pattern.search(path)), None)
        return (found.service if found else self.catch_all or CATCH_ALL).removeprefix("http_status:")

    def met(self, entry: Entry) -> Place:
        """What a request that this very rule answers meets."""
        path = PathPattern.from_regex(entry.path).literal if entry.path else "/"
        answers = entry if entry.answers else None
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
        if best is None:
            return ()
        logins = self._logins(best[1])
        return () if any(_lets_all_by(policy) for policy, _ in logins) else logins

    @functools.cached_property
    def _destinations(self) -> dict[str, list[tuple[str, Resource]]]:
        """The applications' paths by hostname."""
        found: dict[str, list[tuple[str, Resource]]] = {}
        for application in self._applications:
            for uri in destinations(application):
                host, slash, path = uri.partition("/")
                found.setdefault(host, []).append((slash + path, application))
        return found

    def _logins(self, application: Resource) -> tuple[tuple[Resource, Resource], ...]:
        policies = application.inputs.get("policies")
        listed = [item for item in policies if isinstance(item, dict)] if isinstance(policies, list) else []
        return tuple((policy, application) for item in listed if (policy := self._policy(item, application)))

    def _policy(self, item: dict[str, Any], application: Resource) -> Resource | None:
        """A policy of the stack, or one that stands in the application itself. Of another's nothing is known but its id."""
        if item.get("id") in self._policies:
            return self._policies[item["id"]]
        if "decision" not in item and "id" not in item:
            return None
        inputs = {"includes": [{f"the policy {item['id']}": {}}], **item} if "id" in item else item
        name = str(item.get("name") or item.get("id"))
        urn = f"{application.urn}#{name}"
        options = {**application.options, "custom": False}
        return Resource(
            urn,
            type_names.ACCESS_POLICY,
            name,
            application.urn,
            {"decision": "allow", **inputs},
            inputs,
            options,
        )


def _covering(hostname: str) -> tuple[str, ...]:
    """The names that a rule for this hostname may stand under, the exact one first."""
    labels = hostname.split(".")
    return (hostname, *("*." + ".".join(labels[n:]) for n in range(1, len(labels) - 1)))


def ingresses(config: Resource) -> list[dict[str, Any]] | None:
    """The rules of a tunnel, in order; None where they are not known yet."""
    inner = config.inputs.get("config")
    listed = inner.get("ingresses", []) if isinstance(inner, dict) else None if inner else []
    if not isinstance(listed, list):
        return None
    return [rule for rule in listed if isinstance(rule, dict)]


def destinations(application: Resource) -> list[str]:
    """The hosts, or hosts with paths, that an application stands before, in whichever of the three notations."""
    given = application.inputs.get("destinations")
    listed = [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []
    named = [str(item["uri"]) for item in listed if item.get("uri")]
    return named or [
        *application.inputs.get("selfHostedDomains", []),
        *([application.inputs["domain"]] if application.inputs.get("domain") else []),
    ]


def _lets_all_by(policy: Resource) -> bool:
    """Does a policy ask nothing of anybody? One that lets by some, from an address say, guards the place from the rest."""
    inputs = policy.inputs
    if inputs.get("decision") != "bypass":
        return False
    includes = inputs.get("includes")
    named = includes if isinstance(includes, list) else []
    return not inputs.get("requires") and (not named or any("everyone" in rule for rule in named))


def _covers(pattern: str, path: str) -> bool:
    """Access's reading of a destination's path: `*` stands for any text; without one, the path and all below it."""
    if not pattern:
        return True
    if "*" in pattern:
        return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), path) is not None
    return path == pattern or path.startswith(pattern.rstrip("/") + "/")
