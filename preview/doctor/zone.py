"""The zone: is it the one that the stack file tells of, with that plan; what in it does the stack change, and what stops it?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from preview.doctor.answers import Answer
from preview.doctor.context import Context, question
from preview.resource_types import type_names as types

PLANS = ("free", "pro", "business", "enterprise")


@question("cloudflare.zone")
def zone(context: Context) -> Iterator[Answer]:
    wanted, name = context.wanted, "cloudflare.zone"
    found = context.cloudflare.get(f"zones/{wanted.zone}")
    wrong = list(_wrong(found, context))
    yield from wrong
    if not wrong:
        yield Answer(check=name, status="fine", text=f"{wanted.domain} is active, on the plan {wanted.plan}")


def _wrong(found: dict[str, Any], context: Context) -> Iterator[Answer]:
    wanted, name = context.wanted, "cloudflare.zone"
    if found.get("name") != wanted.domain:
        yield Answer(
            check=name,
            status="refused",
            text=f"the zone {wanted.zone} is {found.get('name')}, and the stack file calls it {wanted.domain}",
            fix=f"correct cloudflare.zoneId or cloudflare.zone: {found.get('name')}",
        )
    account = (found.get("account") or {}).get("id")
    if account != wanted.account:
        yield Answer(
            check=name,
            status="refused",
            text=f"the zone belongs to the account {account}, and the stack file names {wanted.account}",
            fix=f"cloudflare.accountId: {account}",
        )
    plan = str((found.get("plan") or {}).get("legacy_id"))
    if plan not in PLANS:
        yield Answer(
            check=name,
            status="unknown",
            text=f"Cloudflare calls the zone's plan {plan!r}, which nothing here knows",
            fix="look at the zone's overview in the dashboard, and set cloudflare.plan",
        )
    elif PLANS.index(plan) < PLANS.index(wanted.plan):
        yield Answer(
            check=name,
            status="refused",
            text=f"the zone is on the plan {plan}, and the stack file says {wanted.plan}, which allows more",
            fix=f"cloudflare.plan: {plan}; `make preview` then says what that plan cannot do",
        )
    elif plan != wanted.plan:
        yield Answer(
            check=name,
            status="warned",
            text=f"the zone is on the plan {plan}, and the stack file says {wanted.plan}: it is held to that plan's limits",
            fix=f"cloudflare.plan: {plan}",
        )
    if found.get("status") != "active":
        servers = ", ".join(found.get("name_servers") or ()) or "those that Cloudflare names"
        yield Answer(
            check=name,
            status="refused",
            text=f"the zone is {found.get('status')}, so no hostname of it is answered by Cloudflare",
            fix=f"set the domain's name servers at its registrar: {servers}",
        )
    if found.get("paused"):
        yield Answer(
            check=name,
            status="refused",
            text="the zone is paused: Cloudflare answers its DNS alone, and a tunnel is reached by the edge alone",
            fix="Overview › Advanced Actions › Enable Cloudflare on Site",
        )


@question("cloudflare.settings")
def settings(context: Context) -> Iterator[Answer]:
    """What the stack sets for the whole zone, other sites of it too, where it is otherwise now."""
    wanted, name = context.wanted, "cloudflare.settings"
    same = True
    for resource in wanted.of(types.ZONE_SETTING):
        setting, value = str(resource.inputs["settingId"]), resource.inputs["value"]
        found = context.cloudflare.get(f"zones/{wanted.zone}/settings/{setting}")
        if found.get("editable") is False:
            same = False
            yield Answer(
                check=name,
                status="refused",
                text=f"{setting} cannot be changed in this zone",
                fix=f"firewall.zone without it, or a plan that has it; it is {found.get('value')!r} now",
            )
        elif not _reads_alike(value, found.get("value")):
            same = False
            yield Answer(
                check=name,
                status="warned",
                text=f"{setting} is {_shown(found.get('value'))} now, and the stack makes it {_shown(value)} for the whole zone",
                fix=f"nothing, if every site of {wanted.domain} can live with that; else firewall.zone, or firewall.owner: false",
            )
    if same and wanted.of(types.ZONE_SETTING):
        yield Answer(check=name, status="fine", text="the zone's settings are what the stack makes them")
    if not wanted.of(types.ZONE_SETTING):
        yield from _kept(context)


def _kept(context: Context) -> Iterator[Answer]:
    """A zone whose settings another owns: one of them can keep the connector's hosts from working at all."""
    found = context.cloudflare.get(f"zones/{context.wanted.zone}/settings/ssl").get("value")
    if found == "off":
        yield Answer(
            check="cloudflare.settings",
            status="warned",
            text="ssl is off in the zone: visitors' logins cross the Internet in plain text",
            fix="SSL/TLS › Overview: Full (strict), by whoever owns the zone",
        )
    else:
        yield Answer(
            check="cloudflare.settings",
            status="fine",
            text=f"the zone's settings are another's; ssl is {found}",
        )


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)


def _reads_alike(wanted: Any, found: Any) -> bool:
    """Whether the zone's value has all that is wanted of it; Cloudflare fills in keys of its own, in snake case."""
    if isinstance(wanted, dict):
        if not isinstance(found, dict):
            return False
        plain = {key.replace("_", "").lower(): value for key, value in found.items()}
        return all(
            _reads_alike(value, plain.get(key.replace("_", "").lower())) for key, value in wanted.items()
        )
    return bool(wanted == found)


QUESTIONS = (zone, settings)
