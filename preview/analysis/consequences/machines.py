"""What a change of the machines means: whether a release serves throughout, and what the new machines no longer see."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from preview.analysis.consequences.context import (
    Context,
    at,
    changed_inputs,
    downtime,
    effect,
    in_place,
    lost,
    new_inputs,
    number,
    objects,
    old_inputs,
    refused,
    unknown,
)
from preview.analysis.exposures.machine_files import mounts
from preview.changes import Change, Consequence, Effect
from preview.resource_types import type_names
from preview.resource_types.record import names

LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
# Services whose data a later version writes in a way that an earlier one does not read, or the reverse.
_ENGINES = frozenset(
    names(
        """
        postgres postgis timescaledb pgvector mysql mariadb mongo redis valkey keydb elasticsearch
        opensearch clickhouse cassandra rabbitmq nats kafka minio influxdb neo4j couchdb etcd
        meilisearch qdrant weaviate milvus
        """
    )
)


def machines(context: Context, change: Change) -> Iterator[Effect]:
    if change.type == type_names.AUTO_SCALING_GROUP and change.before and change.after:
        yield from _launching(change)
    if change.type == type_names.AUTO_SCALING_GROUP and change.action == "rolling":
        yield effect(Consequence.ROLLING, "a release: new machines serve before the old ones go")
        yield from _release(context, change)
    elif change.type == type_names.AUTO_SCALING_GROUP and change.action == "replaced":
        yield from _left_behind(context)
    elif change.type == type_names.AUTO_SCALING_GROUP and change.action == "updated":
        yield from _size(change)
    elif change.type == type_names.LAUNCH_TEMPLATE:
        yield from _template(context, change)
    elif change.type == "aws:ebs/volume:Volume" and change.action == "updated":
        sizes = number(old_inputs(change).get("size")), number(new_inputs(change).get("size"))
        if sizes[1] < sizes[0]:
            yield refused(f"EBS makes no volume smaller ({sizes[0]:.0f} to {sizes[1]:.0f} GiB)")


def _release(context: Context, change: Change) -> Iterator[Effect]:
    new = new_inputs(change)
    if number(new.get("desiredCapacity") or new.get("minSize")) == 0:
        yield downtime("no machine is left")
    launch = [
        hook
        for hook in objects(new.get("initialLifecycleHooks"))
        if hook.get("lifecycleTransition") == LAUNCHING
    ]
    if not launch:
        yield downtime(
            "a release without its launch hook (host.readiness): old machines go before new ones serve"
        )
    elif any(hook.get("defaultResult") != "ABANDON" for hook in launch):
        yield downtime("its launch hook lets machines pass that never became healthy")
    if str(new.get("waitForCapacityTimeout", "")).strip("s0m") == "" and "waitForCapacityTimeout" in new:
        yield downtime("a release that nobody waits for: old machines go before new ones serve")
    yield from _left_behind(context)
    yield from _health(context)
    yield from _app(context)


def _left_behind(context: Context) -> Iterator[Effect]:
    """What the new machines no longer see, though it is not deleted."""
    old, new = context.machines
    if not new.text:
        return
    kept, left = set(new.specification.get("storage") or []), set(old.specification.get("storage") or [])
    if left - kept:
        volumes = ", ".join(sorted(left - kept))
        yield lost(
            f"the volume {volumes} leaves EFS: the app starts with an empty one on each machine", "files"
        )
    places = [_mounted(machines_.services) for machines_ in (old, new)]
    for volume in sorted(left & kept):
        was = {place for place, name in places[0].items() if name == volume}
        now = {place for place, name in places[1].items() if name == volume}
        for place in sorted(was - now):
            other = places[1].get(place)
            if other or (was and not now):
                what = f"gets {other} in its place" if other else "no longer has it"
                yield lost(
                    f"{place[0]} {what} at {place[1]}: what is in the volume {volume} stays there, unseen",
                    "files",
                )
    names = [at(m.specification, "database", "name") for m in (old, new)]
    if all(names) and names[0] != names[1]:
        yield lost(
            f"the app gets the database {names[1]}, which is empty; what it has in {names[0]} stays there, unread",
            "rows",
        )
        return
    roles = [at(m.specification, "database", "role") for m in (old, new)]
    if all(roles) and roles[0] != roles[1]:
        yield effect(
            Consequence.ROLLING,
            f"the app's role becomes {roles[1]}: the first new machine hands it all that {roles[0]} owns",
        )


def _mounted(services: Mapping[str, dict[str, Any]]) -> dict[tuple[str, str], str]:
    """(service, path in it) → the volume or host path that is mounted there."""
    return {
        (name, item["target"].rstrip("/")): item["source"]
        for name, body in services.items()
        for item in mounts(body)
    }


def _health(context: Context) -> Iterator[Effect]:
    """Can the release still wait for what it routes to?"""
    old, new = context.machines
    routed = {name for entry in context.reach[1].entries if (name := target(entry.service))}
    for name in sorted(routed & old.services.keys() & new.services.keys()):
        checks = [services[name].get("healthcheck") for services in (old.services, new.services)]
        if _checked(checks[0]) and not _checked(checks[1]):
            yield downtime(f"{name} has no health check any more: requests meet it while it starts")
        elif _checked(checks[0]) and checks[0] != checks[1]:
            yield effect(
                Consequence.ROLLING, f"another health check of {name}: it decides when the old machines go"
            )


def _checked(check: Any) -> bool:
    return (
        isinstance(check, dict)
        and not check.get("disable")
        and check.get("test") not in (None, ["NONE"], "NONE")
    )


def _app(context: Context) -> Iterator[Effect]:
    old, new = context.machines
    before, after = list(old.specification.get("once") or []), list(new.specification.get("once") or [])
    for name in sorted(set(before) - set(after)):
        how = "runs on every machine by itself" if name in new.services else "no longer runs"
        yield effect(Consequence.ROLLING, f"{name} is no longer run once before a release serves: it {how}")
    added = sorted(set(after) - set(before))
    if added:
        yield effect(
            Consequence.ROLLING,
            f"{', '.join(added)} runs while the old machines still serve, on the same data",
        )
    volumes = set(new.specification.get("storage") or [])
    mounted = {service for (service, _), volume in _mounted(new.services).items() if volume in volumes}
    for name in sorted(mounted & old.services.keys() & new.services.keys()):
        images = [interpolated(str(m.services[name].get("image", "")), m.env) for m in (old, new)]
        if images[0] != images[1] and any(_engine(image) for image in images) and not _same_line(*images):
            yield unknown(
                f"whether {name} reads its data under {images[1]} as it left it under {images[0]} is not known here"
            )
    for path, (was, now) in sorted(_body_limits(old.text, new.text).items()):
        yield downtime(
            f"{path} lets bodies of {now} through at most (before: {was}): larger uploads are refused"
        )


def _engine(image: str) -> bool:
    return image.rpartition("/")[2].partition(":")[0].partition("@")[0] in _ENGINES


def _same_line(old: str, new: str) -> bool:
    """The same repository, the same major version, and not back: what such engines promise to bear."""
    names = [image.partition("@")[0].rpartition(":") for image in (old, new)]
    versions = [tuple(map(int, re.findall(r"\d+", re.split(r"[-_]", tag)[0]))) for _, _, tag in names]
    return (
        names[0][0] == names[1][0]
        and all(versions)
        and versions[0][0] == versions[1][0]
        and versions[1] >= versions[0]
    )


def interpolated(text: str, env: Mapping[str, str]) -> str:
    """`${NAME}` and `${NAME:-default}` by the machine's variables; what they do not have stays as written."""

    def value(match: re.Match[str]) -> str:
        name, default = match[1] or match[3], match[2]
        return env.get(name) or (default if default is not None else match[0])

    return re.sub(r"\$\{(\w+)(?::?-([^}]*))?[^}]*\}|\$(\w+)", value, text)


def target(service: str) -> str | None:
    """The compose service of `http://nginx:80`; None for `http_status:404`."""
    match = re.match(r"[a-z]+://([^:/]+)", service)
    return match[1] if match else None


_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


def _body_limits(old: str, new: str) -> dict[str, tuple[str, str]]:
    """Paths of nginx's files whose smallest `client_max_body_size` falls, with both."""
    found: dict[str, tuple[str, str]] = {}
    limits = [_limits(text) for text in (old, new)]
    for path in limits[0].keys() & limits[1].keys():
        was, now = (min(listed, key=_octets) for listed in (limits[0][path], limits[1][path]))
        if 0 < _octets(now) < _octets(was) or (_octets(was) == 0 < _octets(now)):
            found[path] = was, now
    return found


def _limits(text: str) -> dict[str, list[str]]:
    path = ""
    found: dict[str, list[str]] = {}
    for line in text.split("\n"):
        head = re.match(r"- path: (\S+)", line)
        path = head[1] if head else path
        size = re.match(r"\s*client_max_body_size\s+(\w+)\s*;", line)
        if size:
            found.setdefault(path, []).append(size[1])
    return found


def _octets(size: str) -> int:
    """0 for what nginx would not take, and for `0`, which is no limit."""
    match = re.fullmatch(r"(\d+)([kKmMgG]?)", size)
    return int(match[1]) * _UNITS[match[2].lower()] if match else 0


def _launching(change: Change) -> Iterator[Effect]:
    """How long a machine may take to be ready: without its completion in that time the group gives it up."""
    times = [
        min(
            (
                number(hook.get("heartbeatTimeout"))
                for hook in objects(inputs.get("initialLifecycleHooks"))
                if str(hook.get("lifecycleTransition")).endswith("_LAUNCHING")
            ),
            default=0,
        )
        for inputs in (old_inputs(change), new_inputs(change))
    ]
    if 0 < times[1] < min(times[0], _SHORTEST_BOOT):
        yield downtime(
            f"a machine has {times[1]:g} s to be ready (before: {times[0]:g} s): packages and images take minutes, and a machine "
            "that takes longer is given up, in this release and after a failure"
        )


def _size(change: Change) -> Iterator[Effect]:
    old, new = old_inputs(change), new_inputs(change)
    counts = [int(number(inputs.get("desiredCapacity") or inputs.get("minSize"))) for inputs in (old, new)]
    if number(new.get("maxSize")) == 0 < number(old.get("maxSize")) or counts[1] == 0 < counts[0]:
        yield downtime("no machine is left")
    elif counts[0] != counts[1]:
        how = "more come" if counts[1] > counts[0] else "the rest drain and go"
        yield in_place(f"{counts[0]} to {counts[1]} machines: {how}")
    if number(new.get("maxSize")) < counts[1]:
        yield refused(f"maxSize {new.get('maxSize')} is below the {counts[1]} machines asked for")


_NAT = "aws:ec2/natGateway:NatGateway"
_SHORTEST_BOOT = 300
"""Seconds in which no machine that fetches packages and images is sure to be ready."""


def _template(context: Context, change: Change) -> Iterator[Effect]:
    if change.action not in ("updated", "replaced"):
        return
    old, new = old_inputs(change), new_inputs(change)
    types = str(old.get("instanceType", "")), str(new.get("instanceType", ""))
    if all(types) and _arm(types[0]) != _arm(types[1]):
        taken_anew = change.action == "replaced" or "imageId" in changed_inputs(change)
        if not taken_anew or (
            old.get("imageId") == new.get("imageId") and str(new.get("imageId")).startswith("ami-")
        ):
            yield refused(
                f"{types[1]} cannot start from the image of {types[0]}, which is kept: no new machine comes up"
            )
        else:
            name = "arm64" if _arm(types[1]) else "amd64"
            yield unknown(
                f"whether every image of the app exists for {name} is not known here: if one does not, the release fails"
            )
    addresses = [
        [
            str(face.get("associatePublicIpAddress")).lower()
            for face in objects(inputs.get("networkInterfaces"))
        ]
        for inputs in (old, new)
    ]
    if "true" in addresses[0] and "true" not in addresses[1] and not context.after.of_type(_NAT):
        yield downtime(
            "new machines have no public address, and no NAT gateway leads out: they reach nothing, and none gets ready"
        )
    disks = objects(new.get("blockDeviceMappings"))
    if any(0 < number(at(disk, "ebs", "volumeSize")) < 8 for disk in disks):
        yield refused("Ubuntu's image has 8 GiB, and a disk cannot be smaller than its image")
    machines = ", and with it the machines (see the group)" if context.released else ""
    if change.action == "updated":
        yield in_place(f"a new version of the template{machines}")


def _arm(type_: str) -> bool:
    """As `model.settings.Host.architecture`: Graviton families carry a `g` after the generation's digit."""
    return bool(re.match(r"a1\.|[a-z]+\d+g", type_))
