"""What stands at Cloudflare where the stack wants its own: a tunnel's name, records, Access applications, rulesets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from preview.doctor.answers import Answer, Taken
from preview.doctor.context import Context, question
from preview.resource_types import type_names as types

TAKE_OVER = "to take it over: `--imports import.json`, and the command that this prints"
_ALIAS_TYPES = ("A", "AAAA", "CNAME")


@question("cloudflare.tunnel")
def tunnel(context: Context) -> Iterator[Answer]:
    account, name = context.wanted.account, "cloudflare.tunnel"
    for resource in context.wanted.of(types.TUNNEL):
        wanted = str(resource.inputs["name"])
        found = context.cloudflare.all(f"accounts/{account}/cfd_tunnel", name=wanted, is_deleted="false")
        others = [one for one in found if one.get("name") == wanted and not context.state.has(one["id"])]
        for one in others:
            yield Answer(
                check=name,
                status="refused",
                text=f"there is a tunnel {wanted} already ({one['id']}, {one.get('status', 'of unknown status')})",
                fix="delete it, if nothing uses it (Zero Trust › Networks › Tunnels), or rename the project or the stack",
            )
        if not others:
            yield Answer(check=name, status="fine", text=f"no other tunnel is called {wanted}")


@question("cloudflare.dns")
def dns(context: Context) -> Iterator[Answer]:
    zone, name, free = context.wanted.zone, "cloudflare.dns", 0
    for resource in context.wanted.of(types.DNS_RECORD):
        host = str(resource.inputs["name"])
        found = [
            one
            for one in context.cloudflare.all(f"zones/{zone}/dns_records", name=host)
            if str(one.get("name", "")).lower() == host
            and one.get("type") in (*_ALIAS_TYPES, "NS")
            and not context.state.has(one["id"])
        ]
        if not found:
            free += 1
            continue
        listed = ", ".join(f"{one['type']} {one.get('content')}" for one in found)
        only = found[0] if len(found) == 1 and found[0]["type"] in _ALIAS_TYPES else None
        yield Answer(
            check=name,
            status="refused",
            text=f"{host} has a record already: {listed}",
            fix=f"{TAKE_OVER} (`pulumi up` then points it at the tunnel: visitors go over to the new place at once); or delete it"
            if only
            else f"delete all but one, and ask again; or delete all: DNS › Records › {host}",
            taken=Taken(types.DNS_RECORD, resource.name, f"{zone}/{only['id']}") if only else None,
        )
    if free:
        yield Answer(
            check=name, status="fine", text=f"{free} hostnames have no record yet, or the stack's own"
        )


def claimed(application: dict[str, Any]) -> set[str]:
    """The places that an Access application claims, in the API's newer form and in its older ones."""
    found = {str(one.get("uri")) for one in application.get("destinations") or () if isinstance(one, dict)}
    found |= {str(one) for one in application.get("self_hosted_domains") or ()}
    if application.get("domain"):
        found.add(str(application["domain"]))
    return {place.removesuffix("/").lower() for place in found}


@question("cloudflare.access")
def access(context: Context) -> Iterator[Answer]:
    account, name = context.wanted.account, "cloudflare.access"
    wanted = list(context.wanted.destinations)
    if not wanted:
        return
    others = [
        one
        for one in context.cloudflare.all(f"accounts/{account}/access/apps")
        if not context.state.has(one.get("id"))
    ]
    offered: set[str] = set()
    taken = 0
    for resource, uri in wanted:
        for one in others:
            if uri.removesuffix("/").lower() not in claimed(one):
                continue
            taken += 1
            # One application cannot become two.
            free = one["id"] not in offered and resource.name not in offered
            offered |= {one["id"], resource.name}
            yield Answer(
                check=name,
                status="refused",
                text=f"{uri} belongs to the Access application {one.get('name')!r} ({one['id']}) already",
                fix=f"{TAKE_OVER} (its policies become the stack's); or delete it: Zero Trust › Access controls › Applications"
                if free
                else "it goes with the one above; else delete it: Zero Trust › Access controls › Applications",
                taken=Taken(types.ACCESS_APPLICATION, resource.name, f"accounts/{account}/{one['id']}")
                if free
                else None,
            )
    if not taken:
        yield Answer(
            check=name, status="fine", text=f"no other Access application claims the {len(wanted)} places"
        )


@question("cloudflare.rulesets")
def rulesets(context: Context) -> Iterator[Answer]:
    """A zone has one entry-point ruleset a phase; one made by hand, in the dashboard, is one."""
    zone, name = context.wanted.zone, "cloudflare.rulesets"
    wanted = context.wanted.of(types.RULESET)
    if not wanted:
        return
    found = [
        one
        for one in context.cloudflare.all(f"zones/{zone}/rulesets")
        if one.get("kind") == "zone" and not context.state.has(one.get("id"))
    ]
    taken = 0
    for resource in wanted:
        phase = str(resource.inputs["phase"])
        for one in found:
            if one.get("phase") != phase:
                continue
            taken += 1
            whole = context.cloudflare.get(f"zones/{zone}/rulesets/{one['id']}")
            rules = whole.get("rules") or []
            listed = "; ".join(str(rule.get("description") or rule.get("expression")) for rule in rules[:5])
            yield Answer(
                check=name,
                status="refused",
                text=f"the zone has rules of the phase {phase} already ({one['id']}, {len(rules)} rules"
                + (f": {listed}" if listed else "")
                + ")",
                fix=f"{TAKE_OVER} (its rules are replaced by the stack's: write those that you need under firewall.rules or "
                "firewall.rateLimits first); or firewall: {owner: false}, if somebody else owns the zone's rules",
                taken=Taken(types.RULESET, resource.name, f"zones/{zone}/{one['id']}"),
            )
    if not taken:
        yield Answer(check=name, status="fine", text="the zone has no other rules of the stack's phases")


QUESTIONS = (tunnel, dns, access, rulesets)
