"""What the stack's identities may do: roles, users and groups, each by all the policies that it has.

A statement that moves from one policy to another gives nothing, and what the stack makes new is its own role's to use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from preview.analysis.exposures.documents import Grant, grants, more, no_longer_denied
from preview.analysis.exposures.versions import Lookup, Versions, dicts, listed, placeholder, texts
from preview.changes import Exposure
from preview.resource_types import type_names
from preview.resources import MASK, bare

_ROLE = "aws:iam/role:Role"
_POLICY = "aws:iam/policy:Policy"
_PROFILE = "aws:iam/instanceProfile:InstanceProfile"
_INLINE = {
    type_names.ROLE_POLICY: "role",
    "aws:iam/userPolicy:UserPolicy": "user",
    "aws:iam/groupPolicy:GroupPolicy": "group",
}
_ATTACHED = {
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ("role",),
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": ("user",),
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": ("group",),
    "aws:iam/policyAttachment:PolicyAttachment": ("roles", "users", "groups"),
}
_SERVICE_POLICY = re.compile(r"^arn:aws[a-z-]*:iam::aws:policy/service-role/(?!AmazonEC2|AmazonSSM)")
"""Managed policies that AWS writes for one service's own role, not for machines."""


@dataclass(frozen=True)
class Held:
    """What one identity may do by one policy; ``source`` names the resource that says so."""

    source: str
    grant: Grant


def permissions(versions: Versions) -> Iterator[Exposure]:
    before, after = _held(versions.before, versions.as_now), _held(versions.after)
    renamed = {f"«{old.name}": f"«{new.name}" for old, new in versions.pairs(_ROLE) if old.name != new.name}
    before = {_renamed(owner, renamed): held for owner, held in before.items()}
    for owner, held in after.items():
        yield from _gained(owner, before.get(owner), held, versions)
    yield from _taken(versions)
    yield from _trusted(versions)
    yield from _limits(versions)


def _renamed(owner: str, renamed: dict[str, str]) -> str:
    return next((new for old, new in renamed.items() if owner == old), owner)


def _owner(reference: object) -> str:
    """An identity, however it is named: `«NAME` for one of the stack's, else its name or ARN."""
    name = placeholder(reference)
    return f"«{name}" if name else str(reference).rpartition("/")[2]


def _held(lookup: Lookup, as_now: Callable[[Any], Any] = lambda text: text) -> dict[str, list[Held]]:
    region = lookup.evaluation.config.get("aws:region", "")

    def read(document: Any) -> tuple[Grant, ...]:
        return grants(as_now(bare(document)), region)

    documents = {policy.name: read(policy.raw.get("policy")) for policy in lookup.of(_POLICY)}
    found: dict[str, list[Held]] = {}

    def attach(owner: str, source: str, arn: str) -> None:
        made = documents.get(placeholder(arn))
        for grant in made if made is not None else (_managed(arn),):
            found.setdefault(owner, []).append(Held(source, grant))

    for token, key in _INLINE.items():
        for policy in lookup.of(token):
            held = [Held(policy.name, grant) for grant in read(policy.raw.get("policy"))]
            found.setdefault(_owner(policy.inputs.get(key)), []).extend(held)
    for token, keys in _ATTACHED.items():
        for attachment in lookup.of(token):
            for key in keys:
                for owner in texts(attachment.inputs.get(key)):
                    attach(_owner(owner), attachment.name, str(attachment.inputs.get("policyArn")))
    for role in lookup.of(_ROLE):
        own = f"«{role.name}"
        for inline in dicts(bare(role.raw.get("inlinePolicies"))):
            found.setdefault(own, []).extend(Held(role.name, grant) for grant in read(inline.get("policy")))
        for arn in texts(role.inputs.get("managedPolicyArns")):
            attach(own, role.name, arn)
    return found


def _managed(arn: str) -> Grant:
    return Grant(effect="Allow", action="everything", resource=f"the policy {arn}")


def _gained(
    owner: str, before: list[Held] | None, after: list[Held], versions: Versions
) -> Iterator[Exposure]:
    known = [held.grant for held in before or ()]
    fresh = more(known, [held.grant for held in after])
    created = owner.removeprefix("«") in versions.created
    says = "the machines' role" if _of_machines(owner, versions) else owner.removeprefix("«")
    for source in dict.fromkeys(held.source for held in after):
        own = {held.grant for held in after if held.source == source}
        gained = [
            grant
            for grant in fresh
            if grant in own
            and (grant.but or grant.action.lower() not in _GIVES_NOTHING)
            and not _own_new_part(grant, versions)
            and not (created and _ordinary(grant, owner, versions))
        ]
        if not gained:
            continue
        if _hidden(source, versions):
            text = f"{says} gains what a secret policy says"
        else:
            managed = [grant.resource for grant in gained if grant.action == "everything"]
            plain = [grant for grant in gained if grant.action != "everything"]
            text = f"{says} gains " + " and ".join(managed)
            if plain:
                what = listed(sorted(g.action if not g.but else f"all but {g.action}" for g in plain))
                where = listed(sorted({g.resource for g in plain}))
                text += f"{' and ' if managed else ''}{what} on {where}"
        yield Exposure(kind="permission", subject=source, text=text)
    for grant in no_longer_denied(known, [held.grant for held in after]):
        text = f"{says} is no longer denied {grant.label}"
        yield Exposure(kind="permission", subject=owner.removeprefix("«"), text=text)


def _of_machines(owner: str, versions: Versions) -> bool:
    return any(_owner(profile.inputs.get("role")) == owner for profile in versions.after.of(_PROFILE))


def _hidden(source: str, versions: Versions) -> bool:
    return any(
        r.inputs.get("policy") == MASK for r in versions.after.evaluation.resources if r.name == source
    )


_GIVES_NOTHING = (
    "cloudwatch:putmetricdata",
    "ecr:getauthorizationtoken",
    "sts:getcalleridentity",
    "xray:puttelemetryrecords",
    "xray:puttracesegments",
)
"""Actions that read and change nothing of anybody's: AWS binds them to no resource."""

_TO_IDENTITIES = ("sts:", "iam:", "*", "organizations:")


def _own_new_part(grant: Grant, versions: Versions) -> bool:
    """Is it about something that this very change makes: the stack's own new parameter, bucket, log group?"""
    name = placeholder(grant.resource)
    if _new_parameters(grant, versions):
        return True
    return name in versions.created and not grant.but and not grant.action.lower().startswith(_TO_IDENTITIES)


def _new_parameters(grant: Grant, versions: Versions) -> bool:
    """Is it about the path of the stack's own parameters, of which this very change makes the first?"""
    _, found, path = grant.resource.partition(":parameter/")
    if not found or grant.but or not path.startswith("drawbridge/") or path.count("*") != path.endswith("/*"):
        return False
    below = [
        resource
        for resource in versions.after.of(type_names.PARAMETER)
        if str(resource.inputs.get("name", "")).startswith(f"/{path.removesuffix('*')}")
    ]
    had = versions.before.of(type_names.PARAMETER)
    return bool(below) and not had and grant.action.lower().startswith("ssm:get")


def _ordinary(grant: Grant, owner: str, versions: Versions) -> bool:
    """Of a new identity: what is bound to the stack's own resources, to a condition, or is AWS's own policy for a service."""
    if grant.but or grant.action.lower().startswith(_TO_IDENTITIES):
        return False
    if _SERVICE_POLICY.match(grant.resource.removeprefix("the policy ")):
        return not _of_machines(owner, versions)
    if "«" in grant.resource or grant.conditions:
        return True
    evaluation = versions.after.evaluation
    return f"{evaluation.project}-{evaluation.stack}" in grant.resource


# Who may take a role ------------------------------------------------------------------------------------------------------


def _trusted(versions: Versions) -> Iterator[Exposure]:
    for old, new in versions.later(_ROLE):
        trusts = [
            grants(as_now(bare(role.raw.get("assumeRolePolicy")))) if role else ()
            for role, as_now in ((old, versions.as_now), (new, lambda text: text))
        ]
        fresh = [
            grant
            for grant in more(*trusts)
            # A new role for a service of AWS is taken by whoever the stack gives it to.
            if not (old is None and grant.principal.startswith("Service:"))
        ]
        if fresh:
            who = listed([grant.principal or "somebody" for grant in fresh])
            text = f"{new.name} may be taken by {who}"
            loosened = {g.principal for g in fresh} & {g.principal for g in trusts[0]}
            yield Exposure(
                kind="permission",
                subject=new.name,
                text=f"{text}, under fewer conditions" if loosened else text,
            )
        for grant in no_longer_denied(*trusts):
            text = f"{new.name} is no longer kept from {grant.principal or 'somebody'}"
            yield Exposure(kind="permission", subject=new.name, text=text)


def _limits(versions: Versions) -> Iterator[Exposure]:
    for old, new in versions.pairs(_ROLE):
        was, now = old.inputs.get("permissionsBoundary"), new.inputs.get("permissionsBoundary")
        if was and was != now:
            text = f"{new.name}: " + (
                f"another boundary limits it: {now}" if now else "no boundary limits it any longer"
            )
            yield Exposure(kind="permission", subject=new.name, text=text)
        hours = [int(role.inputs.get("maxSessionDuration") or 3600) for role in (old, new)]
        if hours[1] > hours[0]:
            text = f"{new.name}: whoever takes it keeps it for {hours[1]} seconds (before: {hours[0]})"
            yield Exposure(kind="permission", subject=new.name, text=text)


def _taken(versions: Versions) -> Iterator[Exposure]:
    """Machines and others that take another role, which is not among the stack's new parts."""
    for old, new in versions.pairs(_PROFILE):
        roles = [_owner(profile.inputs.get("role")) for profile in (old, new)]
        renamed = {f"«{a.name}": f"«{b.name}" for a, b in versions.pairs(_ROLE)}
        if roles[0] != roles[1] and renamed.get(roles[0]) != roles[1]:
            text = f"{new.name}: the machines take the role {roles[1].removeprefix('«')} (before: {roles[0].removeprefix('«')})"
            yield Exposure(kind="permission", subject=new.name, text=text)
    for old, new in versions.pairs(type_names.LAUNCH_TEMPLATE, type_names.INSTANCE):
        profiles = [r.inputs.get("iamInstanceProfile") for r in (old, new)]
        names = [
            placeholder(next(iter(p.values()), "")) or str(next(iter(p.values()), ""))
            if isinstance(p, dict)
            else str(p or "")
            for p in profiles
        ]
        same = {a.name: b.name for a, b in versions.pairs(_PROFILE)}
        if (
            names[1]
            and names[0] != names[1]
            and same.get(names[0]) != names[1]
            and names[1] not in versions.created
        ):
            text = f"{new.name}: the machines take the profile {names[1]} (before: {names[0] or 'none'})"
            yield Exposure(kind="permission", subject=new.name, text=text)
