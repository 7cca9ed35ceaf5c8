"""Inputs whose change in place is judged by a question of this package, or is noticed by nobody. Any other is unknown.

Only the types that people depend on are listed: of every other, what `preview.resource_types` takes for an update is noticed by
nobody.
"""

from __future__ import annotations

from preview.analysis.consequences.context import Context
from preview.changes import Change
from preview.property_paths import top
from preview.resource_types import type_names
from preview.resource_types.record import names

_ALWAYS = frozenset(names("tags tagsAll description comment"))

JUDGED: dict[str, frozenset[str]] = {
    type_names.DATABASE: frozenset(
        names(
            """
            instanceClass engineVersion port identifier identifierPrefix allocatedStorage maxAllocatedStorage iops
            storageThroughput storageType multiAz parameterGroupName dbSubnetGroupName vpcSecurityGroupIds
            caCertIdentifier blueGreenUpdate
            backupRetentionPeriod backupWindow maintenanceWindow copyTagsToSnapshot deletionProtection skipFinalSnapshot
            finalSnapshotIdentifier deleteAutomatedBackups autoMinorVersionUpgrade allowMajorVersionUpgrade applyImmediately
            enabledCloudwatchLogsExports monitoringInterval monitoringRoleArn performanceInsightsEnabled
            performanceInsightsRetentionPeriod performanceInsightsKmsKeyId databaseInsightsMode publiclyAccessible
            iamDatabaseAuthenticationEnabled dedicatedLogVolume upgradeStorageConfig
            """
        )
    ),
    type_names.AUTO_SCALING_GROUP: frozenset(
        names(
            """
            minSize maxSize desiredCapacity launchTemplate initialLifecycleHooks healthCheckType healthCheckGracePeriod
            waitForCapacityTimeout enabledMetrics metricsGranularity vpcZoneIdentifiers defaultCooldown defaultInstanceWarmup
            ignoreFailedScalingActivities terminationPolicies capacityRebalance
            """
        )
    ),
    type_names.FILE_SYSTEM: frozenset(
        names("throughputMode provisionedThroughputInMibps lifecyclePolicies protection")
    ),
    type_names.TUNNEL: frozenset(names("name tunnelSecret")),
    type_names.TUNNEL_CONFIGURATION: frozenset(names("config source")),
    type_names.DNS_RECORD: frozenset(names("content name ttl settings proxied")),
    type_names.ACCESS_APPLICATION: frozenset(
        names(
            """
            allowedIdps appLauncherVisible autoRedirectToIdentity corsHeaders destinations domain enableBindingCookie
            httpOnlyCookieAttribute logoUrl name pathCookieAttribute policies sameSiteCookieAttribute serviceAuth401Redirect
            sessionDuration skipInterstitial type customDenyMessage customDenyUrl
            """
        )
    ),
    type_names.ACCESS_POLICY: frozenset(
        names(
            """
            approvalRequired approvalGroups decision excludes includes mfaConfig name requires sessionDuration
            purposeJustificationPrompt purposeJustificationRequired
            """
        )
    ),
    type_names.SERVICE_TOKEN: frozenset(
        names("clientSecretVersion duration enabled name previousClientSecretExpiresAt")
    ),
    type_names.VPC: frozenset(names("")),
    type_names.SUBNET: frozenset(names("mapPublicIpOnLaunch")),
}


def unjudged(change: Change) -> list[str]:
    """The inputs that changed in place and that nobody here has a word for."""
    known = JUDGED.get(change.type)
    if known is None:
        return []
    inputs = dict.fromkeys(
        top(difference.path) for difference in change.differences if difference.about_input
    )
    return [name for name in inputs if name not in known and name not in _ALWAYS]


_STANDS_ALONE = frozenset(
    names(
        """
        aws:s3/bucket:Bucket aws:s3/bucketV2:BucketV2 aws:sns/topic:Topic aws:sqs/queue:Queue aws:dynamodb/table:Table
        aws:cloudwatch/dashboard:Dashboard aws:cloudwatch/metricAlarm:MetricAlarm aws:cloudwatch/logGroup:LogGroup
        aws:ecr/repository:Repository aws:iam/role:Role aws:iam/policy:Policy aws:kms/key:Key aws:kms/alias:Alias
        aws:secretsmanager/secret:Secret aws:secretsmanager/secretVersion:SecretVersion aws:ssm/parameter:Parameter
        aws:budgets/budget:Budget aws:backup/vault:Vault
        """
    )
)
"""Types of which a new one changes nothing for what is there already. What it opens, the exposures say."""
_SETTINGS_OF = {
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "bucket",
    "aws:s3/bucketVersioning:BucketVersioning": "bucket",
    "aws:s3/bucketVersioningV2:BucketVersioningV2": "bucket",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "bucket",
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": "bucket",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "bucket",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "bucket",
    "aws:s3/bucketLogging:BucketLogging": "bucket",
    "aws:s3/bucketMetric:BucketMetric": "bucket",
    "aws:sqs/redrivePolicy:RedrivePolicy": "queueUrl",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "repository",
}
"""Settings of something else, by the input that names it: on a new one nobody misses what they take away."""


def harmless_when_new(context: Context, change: Change) -> bool:
    """Is a new resource of this type noticed by nobody?"""
    if change.type in _STANDS_ALONE:
        return True
    key = _SETTINGS_OF.get(change.type)
    if key is None or change.after is None:
        return False
    reads = change.after.options.get("propertyDependencies", {}).get(key, ())
    owners = [context.steps[urn] for urn in reads if urn in context.steps]
    return bool(owners) and all(owner.action == "created" for owner in owners)
