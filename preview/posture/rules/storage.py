"""What holds data: encryption, backups, protection."""

from __future__ import annotations

from preview.posture.program import Program
from preview.posture.read import number
from preview.posture.rule import Broken, rule
from preview.posture.rules.database import CLUSTERS
from preview.resource_types.type_names import BACKUP_POLICY, DATABASE, FILE_SYSTEM


@rule(
    id="state-encryption",
    severity="high",
    title="A database or file system is not encrypted at rest",
    promise="Databases and files are encrypted at rest",
    why="Snapshots and backups are copies; encryption can be switched on at creation alone.",
    fix="`storage_encrypted` (RDS) or `encrypted` (EFS) true.",
)
def state_encryption(program: Program) -> Broken:
    for database in program.of(DATABASE, *CLUSTERS):
        if database.inputs.get("storageEncrypted") is not True:
            yield database.name, "storageEncrypted is not true"
    for files in program.of(FILE_SYSTEM):
        if files.inputs.get("encrypted") is not True:
            yield files.name, "encrypted is not true"
    for cache in program.of("aws:elasticache/replicationGroup:ReplicationGroup"):
        if str(cache.inputs.get("atRestEncryptionEnabled")).lower() != "true":
            yield cache.name, "atRestEncryptionEnabled is not true"


@rule(
    id="backups",
    severity="high",
    title="A database or file system is not backed up",
    promise="Databases and files are backed up",
    why="Deletion protection does not help against a wrong UPDATE.",
    fix="`database.backupDays` of 1 or more; an EFS backup policy that is ENABLED.",
)
def backups(program: Program) -> Broken:
    for database in program.of(DATABASE, *CLUSTERS):
        if not number(database.inputs.get("backupRetentionPeriod")):
            yield database.name, "no automatic backups"
    kept = {
        policy.inputs.get("fileSystemId")
        for policy in program.of(BACKUP_POLICY)
        if (policy.inputs.get("backupPolicy") or {}).get("status") == "ENABLED"
    }
    for files in program.of(FILE_SYSTEM):
        if f"«{files.name}.id»" not in kept:
            yield files.name, "no backup policy"


@rule(
    id="deletion-protection",
    severity="high",
    title="A resource that holds data is not protected from deletion",
    promise="What holds state is protected from deletion",
    why="A renamed resource or a mistyped `destroy` would take the data with it.",
    fix="`drawbridge:protect: true`: Pulumi's `protect`, and AWS's deletion protection for the database.",
)
def deletion_protection(program: Program) -> Broken:
    for resource in program.of(DATABASE, FILE_SYSTEM, *CLUSTERS):
        if not resource.options.get("protect"):
            yield resource.name, "not protected by Pulumi"
    for database in program.of(DATABASE, *CLUSTERS):
        if database.inputs.get("deletionProtection") is not True:
            yield database.name, "not protected by AWS"


@rule(
    id="files-transit",
    severity="low",
    title="Files are not encrypted on their way to the machines",
    promise="Files are encrypted on the way to the machines",
    why="NFS is plain inside the VPC; Ubuntu's archive has no helper that would mount EFS over TLS.",
    fix="Encrypt in the app what must not be read inside the VPC, or suppress this with the reason.",
)
def files_transit(program: Program) -> Broken:
    safe = {
        policy.inputs.get("fileSystemId")
        for policy in program.of("aws:efs/fileSystemPolicy:FileSystemPolicy")
        if "aws:SecureTransport" in str(policy.inputs.get("policy"))
    }
    for files in program.of(FILE_SYSTEM):
        if f"«{files.name}.id»" not in safe:
            yield files.name, "mounted by plain NFS"
