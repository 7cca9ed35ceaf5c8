"""Files, volumes, buckets and backups."""

from __future__ import annotations

from preview.resource_types import type_names
from preview.resource_types.record import ResourceType, names

TYPES = (
    ResourceType(
        type="aws:backup/plan:Plan",
        terraform="aws_backup_plan",
        replaces=names("name region"),
        updates=names("advancedBackupSettings rules tags"),
        sets=names("rules advancedBackupSettings"),
        renamed={
            "advancedBackupSettings": "advanced_backup_setting",
            "copyActions": "copy_action",
            "rules": "rule",
        },
    ),
    ResourceType(
        type="aws:backup/selection:Selection",
        terraform="aws_backup_selection",
        replaces=names("iamRoleArn planId name resources selectionTags conditions notResources region"),
        updates=names(""),
        sets=names("conditions notResources resources selectionTags"),
        billing="free",
        renamed={
            "conditions": "condition",
            "selectionTags": "selection_tag",
            "stringLikes": "string_like",
            "stringNotLikes": "string_not_like",
        },
    ),
    ResourceType(
        type="aws:backup/vault:Vault",
        terraform="aws_backup_vault",
        replaces=names("name kmsKeyArn region"),
        updates=names("forceDestroy tags"),
        holds="the backups in the vault",
        loss="backups",
    ),
    ResourceType(
        type="aws:ebs/volume:Volume",
        terraform="aws_ebs_volume",
        replaces=names(
            """
            availabilityZone encrypted kmsKeyId snapshotId region multiAttachEnabled outpostArn
            volumeInitializationRate
            """
        ),
        updates=names("finalSnapshot iops size tags throughput type"),
        holds="what is on the volume",
        loss="files",
        billing="priced",
    ),
    ResourceType(
        type="aws:ec2/volumeAttachment:VolumeAttachment",
        terraform="aws_volume_attachment",
        replaces=names("deviceName instanceId volumeId region"),
        updates=names("forceDetach skipDestroy stopInstanceBeforeDetaching"),
        billing="free",
    ),
    ResourceType(
        type="aws:efs/accessPoint:AccessPoint",
        terraform="aws_efs_access_point",
        replaces=names("fileSystemId posixUser rootDirectory region"),
        updates=names("tags"),
        billing="free",
    ),
    ResourceType(
        type=type_names.BACKUP_POLICY,
        terraform="aws_efs_backup_policy",
        replaces=names("fileSystemId region"),
        updates=names("backupPolicy"),
        billing="priced",
    ),
    ResourceType(
        type=type_names.FILE_SYSTEM,
        terraform="aws_efs_file_system",
        replaces=names("creationToken encrypted kmsKeyId performanceMode availabilityZoneName region"),
        updates=names("lifecyclePolicies protection provisionedThroughputInMibps tags throughputMode"),
        holds="every file of the volumes in `app.storage`",
        loss="files",
        state="files",
        billing="priced",
        renamed={"lifecyclePolicies": "lifecycle_policy"},
    ),
    ResourceType(
        type="aws:efs/fileSystemPolicy:FileSystemPolicy",
        terraform="aws_efs_file_system_policy",
        replaces=names("fileSystemId region"),
        updates=names("bypassPolicyLockoutSafetyCheck policy"),
        billing="free",
    ),
    ResourceType(
        type=type_names.MOUNT_TARGET,
        terraform="aws_efs_mount_target",
        replaces=names("fileSystemId subnetId ipAddress region ipAddressType ipv6Address"),
        updates=names("securityGroups"),
        sets=names("securityGroups"),
        needed="the machines of its zone lose their files until the new target answers",
        billing="free",
    ),
    ResourceType(
        type="aws:s3/bucket:Bucket",
        terraform="aws_s3_bucket",
        replaces=names("bucket bucketPrefix objectLockEnabled region bucketNamespace"),
        updates=names(
            """
            accelerationStatus acl corsRules forceDestroy grants lifecycleRules logging
            objectLockConfiguration policy replicationConfiguration requestPayer
            serverSideEncryptionConfiguration tags versioning website
            """
        ),
        holds="the bucket's objects",
        loss="objects",
        renamed={
            "corsRules": "cors_rule",
            "grants": "grant",
            "lifecycleRules": "lifecycle_rule",
            "transitions": "transition",
            "noncurrentVersionTransitions": "noncurrent_version_transition",
        },
    ),
)
