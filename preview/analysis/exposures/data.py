"""What lies open beside the entrances: machines' addresses and credentials, disks, databases and file systems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from preview.analysis.exposures.network import doors
from preview.analysis.exposures.versions import Lookup, Versions, dicts, on, placeholder, texts
from preview.changes import Exposure
from preview.resource_types import type_names
from preview.resources import Resource

_MACHINES = (
    type_names.LAUNCH_TEMPLATE,
    type_names.INSTANCE,
    "aws:ec2/launchConfiguration:LaunchConfiguration",
)
_CLUSTERS = ("aws:rds/cluster:Cluster", "aws:rds/clusterInstance:ClusterInstance")
_PARAMETERS = ("aws:rds/parameterGroup:ParameterGroup", "aws:rds/clusterParameterGroup:ClusterParameterGroup")


def data(versions: Versions) -> Iterator[Exposure]:
    yield from _anywhere(versions)
    yield from _kept(versions)
    yield from _machines(versions)


# Inputs that open a resource of whatever type -------------------------------------------------------------------------------


def _anywhere(versions: Versions) -> Iterator[Exposure]:
    for change in versions.changes:
        if change.after is None:
            continue
        is_public = on(change.after.inputs.get("publiclyAccessible"))
        was_public = change.before is not None and on(change.before.inputs.get("publiclyAccessible"))
        if is_public and not was_public:
            what = "the database" if change.type in (type_names.DATABASE, *_CLUSTERS) else change.name
            yield Exposure(kind="address", subject=change.name, text=f"{what} gets a public address")


# Databases and file systems ---------------------------------------------------------------------------------------------------

_OFF: tuple[tuple[tuple[str, ...], str, str], ...] = (
    ((type_names.DATABASE, *_CLUSTERS), "storageEncrypted", "the database's storage is no longer encrypted"),
    ((type_names.DATABASE,), "manageMasterUserPassword", "RDS no longer keeps the master password"),
    ((type_names.FILE_SYSTEM,), "encrypted", "the files are no longer encrypted"),
    (("aws:ebs/volume:Volume",), "encrypted", "the disk is no longer encrypted"),
    (
        ("aws:elasticache/replicationGroup:ReplicationGroup",),
        "transitEncryptionEnabled",
        "the cache no longer asks for TLS",
    ),
    (
        ("aws:elasticache/replicationGroup:ReplicationGroup",),
        "atRestEncryptionEnabled",
        "the cache is no longer encrypted",
    ),
)
_UNENCRYPTED = {
    (type_names.DATABASE, "storageEncrypted"): "the database's storage is not encrypted",
    (type_names.FILE_SYSTEM, "encrypted"): "the files are not encrypted",
    ("aws:ebs/volume:Volume", "encrypted"): "the disk is not encrypted",
}
_TLS_SETTINGS = {"rds.force_ssl": ("1",), "require_secure_transport": ("1", "on"), "tls_version": None}


def _kept(versions: Versions) -> Iterator[Exposure]:
    for types, key, text in _OFF:
        for old, new in versions.pairs(*types):
            if on(old.inputs.get(key)) and not on(new.inputs.get(key)):
                yield Exposure(kind="address", subject=new.name, text=text)
    for (token, key), text in _UNENCRYPTED.items():
        for former, new in versions.later(token):
            if former is None and not on(new.inputs.get(key)):
                yield Exposure(kind="address", subject=new.name, text=text)
    for former, new in versions.later(type_names.DATABASE, _CLUSTERS[0]):
        key = "iamDatabaseAuthenticationEnabled"
        if former is not None and on(new.inputs.get(key)) and not on(former.inputs.get(key)):
            text = f"{new.name}: whoever IAM lets may log in to the database"
            yield Exposure(kind="permission", subject=new.name, text=text)
        if (
            former is not None
            and former.inputs.get("domain") != new.inputs.get("domain")
            and new.inputs.get("domain")
        ):
            text = f"{new.name}: another directory says who may log in to the database"
            yield Exposure(kind="login loosened", subject=new.name, text=text)
    for former, new in versions.later(*_PARAMETERS):
        yield from _parameters(former, new)


def _parameters(old: Resource | None, new: Resource) -> Iterator[Exposure]:
    def read(resource: Resource | None) -> dict[str, str]:
        listed = dicts(resource.inputs.get("parameters")) if resource else []
        return {str(item.get("name")): str(item.get("value")) for item in listed}

    was, now = read(old), read(new)
    for name, allowed in _TLS_SETTINGS.items():
        if was.get(name) == now.get(name):
            continue
        weak = now.get(name) is not None and (allowed is None or now[name].lower() not in allowed)
        gone = now.get(name) is None and allowed is None
        if (weak or gone) and not (old is None and allowed is None):
            text = f"{new.name}: the database takes connections with weaker TLS: {name} {now.get(name, 'not set')}"
            yield Exposure(kind="address", subject=new.name, text=text)


# Machines -----------------------------------------------------------------------------------------------------------------


def _machines(versions: Versions) -> Iterator[Exposure]:
    for old, new in versions.later(*_MACHINES):
        for text in _opened(old, new, versions):
            yield Exposure(kind="address", subject=new.name, text=text)


def _opened(old: Resource | None, new: Resource, versions: Versions) -> Iterator[str]:
    was, now = _metadata(old), _metadata(new)
    if now.get("httpEndpoint") != "disabled":
        closed = was.get("httpEndpoint") == "disabled" or old is None
        if now.get("httpTokens") != "required" and (was.get("httpTokens") == "required" or closed):
            yield "the machines' credentials need no session token (IMDSv1)"
        hops = [_hops(options) for options in (was, now)]
        if hops[1] > 1 and (hops[1] > hops[0] or closed):
            yield "containers reach the machines' credentials (hop limit above 1)"
    keys = [resource.inputs.get("keyName") if resource else None for resource in (old, new)]
    if keys[1] and keys[0] != keys[1]:
        yield "a lasting SSH key opens the machines" if not keys[0] else "another SSH key opens the machines"
    if (old is None and not _encrypted(new)) or (old is not None and _encrypted(old) and not _encrypted(new)):
        yield (
            "the machines' disks are not encrypted"
            if old is None
            else "the machines' disks are no longer encrypted"
        )
    if _public(new) and (not _public(old) if old else _may_be_asked(new, versions.after)):
        yield "the machines get public addresses"


def _metadata(resource: Resource | None) -> Mapping[str, Any]:
    """What is not known yet is as AWS has it: without a session token, and one hop."""
    options = resource.inputs.get("metadataOptions") if resource else None
    return options if isinstance(options, Mapping) else {}


def _hops(options: Mapping[str, Any]) -> int:
    try:
        return int(float(options.get("httpPutResponseHopLimit", 1)))
    except (TypeError, ValueError):
        return 2  # not known yet


def _encrypted(resource: Resource) -> bool:
    """Are all disks that it names encrypted? One that names none has the account's default."""
    disks = [
        disk.get("ebs") or {} for disk in dicts(resource.inputs.get("blockDeviceMappings")) if "ebs" in disk
    ]
    disks += dicts(resource.inputs.get("rootBlockDevice")) + dicts(resource.inputs.get("ebsBlockDevices"))
    return bool(disks) and all(on(disk.get("encrypted")) for disk in disks)


def _interfaces(resource: Resource) -> list[Mapping[str, Any]]:
    return [resource.inputs, *dicts(resource.inputs.get("networkInterfaces"))]


def _public(resource: Resource | None) -> bool:
    return resource is not None and any(
        on(part.get("associatePublicIpAddress")) or part.get("ipv6AddressCount")
        for part in _interfaces(resource)
    )


def _may_be_asked(resource: Resource, lookup: Lookup) -> bool:
    """Does one of its security groups admit an address range, or is one of them not known here?"""
    groups = [
        group
        for part in _interfaces(resource)
        for key in ("securityGroups", "vpcSecurityGroupIds")
        for group in texts(part.get(key))
    ]
    if not groups or any(lookup.named(group, type_names.SECURITY_GROUP) is None for group in groups):
        return True
    return any(
        door.kind == "port" and door.group in groups and not placeholder(door.peer) for door in doors(lookup)
    )
