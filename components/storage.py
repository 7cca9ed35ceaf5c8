"""Storage: the compose volumes that outlive a machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from model import naming

from .network import Network

NFS = 2049


@dataclass(frozen=True, kw_only=True)
class StorageArgs:
    """Where the file system can be mounted, and whether it is kept when the stack is destroyed."""

    network: Network
    protect: bool


class Storage(pulumi.ComponentResource):
    """An encrypted, backed-up EFS file system that the workload's group alone can mount."""

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("drawbridge:index:Storage", name, {}, opts)
        network, protect = args.network, args.protect
        child = pulumi.ResourceOptions(parent=self)
        names = naming.Storage(name)
        group = network.group("storage", "EFS: NFS from the machines alone")
        self.paths: Final = network.admit(
            "storage", source=network.workload_group.id, target=group.id, port=NFS
        )
        system = aws.efs.FileSystem(
            names.file_system,
            encrypted=True,
            throughput_mode="elastic",
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )
        aws.efs.BackupPolicy(
            names.backup, file_system_id=system.id, backup_policy={"status": "ENABLED"}, opts=child
        )
        targets = [
            aws.efs.MountTarget(
                names.mount_target(index),
                file_system_id=system.id,
                subnet_id=subnet,
                security_groups=[group.id],
                opts=child,
            )
            for index, subnet in enumerate(network.vpc.private_subnet_ids)
        ]
        # The name resolves only in zones that have a mount target, so whoever reads it waits for them.
        self.dns_name: Final[pulumi.Output[str]] = pulumi.Output.all(
            system.dns_name, *(t.id for t in targets)
        ).apply(lambda v: str(v[0]))
        self.register_outputs({})
