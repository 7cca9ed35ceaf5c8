"""A change for each finding of the example image2model that removes it."""

from __future__ import annotations

from preview.resource_types import type_names as types
from tests.preview.posture_edits import (
    DATABASE,
    GONE,
    TEMPLATE,
    Change,
    P,
    add,
    edit,
)

# What image2model has as it is, and the change that corrects it.
FIXES: list[tuple[str, Change, list[tuple[str, str]]]] = [
    (
        "public-address",
        edit(types.LAUNCH_TEMPLATE, "networkInterfaces.0.associatePublicIpAddress", "false"),
        [(TEMPLATE, "public IPv4 addresses")],
    ),
    (
        "flow-logs",
        add("aws:ec2/flowLog:FlowLog", "flow", vpcId=f"«{P}-network-vpc.id»"),
        [(f"{P}-network-vpc", "no flow log")],
    ),
    (
        "files-transit",
        add(
            "aws:efs/fileSystemPolicy:FileSystemPolicy",
            "tls",
            fileSystemId=f"«{P}-storage-files.id»",
            policy='{"Condition":{"Bool":{"aws:SecureTransport":"false"}}}',
        ),
        [(f"{P}-storage-files", "mounted by plain NFS")],
    ),
    (
        "single-machine",
        edit(types.AUTO_SCALING_GROUP, "minSize", 2),
        [(f"{P}-host-group", "one machine at a time")],
    ),
    ("single-zone", edit(types.DATABASE, "multiAz", True), [(DATABASE, "no standby")]),
    (
        "image-digest",
        edit(types.LAUNCH_TEMPLATE, "userData", GONE),
        [(TEMPLATE, "pinned by tag: backend, cloudflared, frontend, nginx, redis")],
    ),
]
