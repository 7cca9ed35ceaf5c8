"""The database."""

from __future__ import annotations

from preview.resource_types import type_names
from preview.resource_types.record import ResourceType, names

TYPES = (
    ResourceType(
        type=type_names.DATABASE,
        terraform="aws_db_instance",
        replaces=names(
            """
            engine dbName username availabilityZone storageEncrypted kmsKeyId snapshotIdentifier
            restoreToPointInTime characterSetName timezone region backupTarget customIamInstanceProfile
            engineLifecycleSupport ncharCharacterSetName s3Import
            """
        ),
        updates=names(
            """
            allocatedStorage allowMajorVersionUpgrade applyImmediately autoMinorVersionUpgrade
            backupRetentionPeriod backupWindow blueGreenUpdate caCertIdentifier copyTagsToSnapshot
            customerOwnedIpEnabled databaseInsightsMode dbSubnetGroupName dedicatedLogVolume
            deleteAutomatedBackups deletionProtection domain domainAuthSecretArn domainDnsIps domainFqdn
            domainIamRoleName domainOu enabledCloudwatchLogsExports engineVersion finalSnapshotIdentifier
            iamDatabaseAuthenticationEnabled identifier identifierPrefix instanceClass iops licenseModel
            maintenanceWindow manageMasterUserPassword masterUserSecretKmsKeyId maxAllocatedStorage
            monitoringInterval monitoringRoleArn multiAz networkType optionGroupName parameterGroupName
            password passwordWo passwordWoVersion performanceInsightsEnabled performanceInsightsKmsKeyId
            performanceInsightsRetentionPeriod port publiclyAccessible replicaMode replicateSourceDb
            skipFinalSnapshot storageThroughput storageType tags upgradeStorageConfig vpcSecurityGroupIds
            """
        ),
        sets=names("domainDnsIps enabledCloudwatchLogsExports vpcSecurityGroupIds"),
        holds="the database and all that is in it",
        loss="rows",
        state="database",
        billing="priced",
        renamed={"listenerEndpoints": "listener_endpoint", "masterUserSecrets": "master_user_secret"},
    ),
    ResourceType(
        type="aws:rds/parameterGroup:ParameterGroup",
        terraform="aws_db_parameter_group",
        replaces=names("name namePrefix family description region"),
        updates=names("parameters skipDestroy tags"),
        sets=names("parameters"),
        billing="free",
        renamed={"parameters": "parameter"},
    ),
    ResourceType(
        type="aws:rds/subnetGroup:SubnetGroup",
        terraform="aws_db_subnet_group",
        replaces=names("name namePrefix region"),
        updates=names("description subnetIds tags"),
        sets=names("subnetIds"),
        billing="free",
    ),
)
