"""What the providers do with a changed input, as data (pulumi-aws 7.51, pulumi-cloudflare 6.23, pulumi-random 4.21).

Sources: `ForceNew` in terraform-provider-aws's schemas and `RequiresReplace` plan modifiers in terraform-provider-cloudflare
and terraform-provider-random, which the Pulumi providers bridge. A type that is not in `REPLACING` is unknown.
"""

from __future__ import annotations

REPLACING: dict[str, tuple[str, ...]] = {
    # Network
    "aws:ec2/vpc:Vpc": ("cidrBlock", "region"),
    "aws:ec2/subnet:Subnet": ("vpcId", "cidrBlock", "availabilityZone", "region"),
    "aws:ec2/internetGateway:InternetGateway": ("region",),
    "aws:ec2/routeTable:RouteTable": ("vpcId", "region"),
    "aws:ec2/route:Route": ("routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock", "region"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": ("subnetId", "gatewayId", "region"),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ("vpcId", "region"),
    "aws:ec2/securityGroup:SecurityGroup": ("name", "namePrefix", "description", "vpcId", "region"),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ("securityGroupId", "region"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": ("securityGroupId", "region"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("vpcId", "serviceName", "vpcEndpointType", "region"),
    "aws:ec2/natGateway:NatGateway": ("allocationId", "subnetId", "connectivityType", "privateIp", "region"),
    "aws:ec2/flowLog:FlowLog": (
        "vpcId",
        "trafficType",
        "logDestination",
        "logDestinationType",
        "iamRoleArn",
        "region",
    ),
    "aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint": (
        "subnetId",
        "securityGroupIds",
        "preserveClientIp",
        "ipAddressType",
        "region",
    ),
    # Machines
    "aws:ec2/launchTemplate:LaunchTemplate": ("name", "namePrefix", "region"),
    "aws:autoscaling/group:Group": ("name", "namePrefix", "region"),
    "aws:autoscaling/lifecycleHook:LifecycleHook": ("name", "autoscalingGroupName", "region"),
    "aws:autoscaling/policy:Policy": ("name", "autoscalingGroupName", "region"),
    "aws:ec2/instance:Instance": (
        "ami",
        "associatePublicIpAddress",
        "availabilityZone",
        "subnetId",
        "privateIp",
        "keyName",
        "ebsOptimized",
        "tenancy",
        "rootBlockDevice.encrypted",
        "rootBlockDevice.kmsKeyId",
        "region",
    ),
    "aws:ebs/volume:Volume": ("availabilityZone", "encrypted", "kmsKeyId", "snapshotId", "region"),
    "aws:ec2/volumeAttachment:VolumeAttachment": ("deviceName", "instanceId", "volumeId", "region"),
    # Storage
    "aws:efs/fileSystem:FileSystem": (
        "creationToken",
        "encrypted",
        "kmsKeyId",
        "performanceMode",
        "availabilityZoneName",
        "region",
    ),
    "aws:efs/mountTarget:MountTarget": ("fileSystemId", "subnetId", "ipAddress", "region"),
    "aws:efs/accessPoint:AccessPoint": ("fileSystemId", "posixUser", "rootDirectory", "region"),
    "aws:efs/fileSystemPolicy:FileSystemPolicy": ("fileSystemId", "region"),
    "aws:efs/backupPolicy:BackupPolicy": ("fileSystemId", "region"),
    "aws:s3/bucket:Bucket": ("bucket", "bucketPrefix", "objectLockEnabled", "region"),
    # Database
    "aws:rds/instance:Instance": (
        "identifier",
        "identifierPrefix",
        "engine",
        "dbName",
        "username",
        "availabilityZone",
        "storageEncrypted",
        "kmsKeyId",
        "snapshotIdentifier",
        "restoreToPointInTime",
        "characterSetName",
        "timezone",
        "region",
    ),
    "aws:rds/subnetGroup:SubnetGroup": ("name", "namePrefix", "region"),
    "aws:rds/parameterGroup:ParameterGroup": ("name", "namePrefix", "family", "description", "region"),
    # Identity and secrets
    "aws:iam/role:Role": ("name", "namePrefix", "path"),
    "aws:iam/rolePolicy:RolePolicy": ("name", "namePrefix", "role"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ("role", "policyArn"),
    "aws:iam/policy:Policy": ("name", "namePrefix", "path", "description"),
    "aws:iam/instanceProfile:InstanceProfile": ("name", "namePrefix", "path"),
    "aws:ssm/parameter:Parameter": ("name", "dataType", "region"),
    "aws:secretsmanager/secret:Secret": ("name", "namePrefix", "region"),
    "aws:secretsmanager/secretVersion:SecretVersion": (
        "secretId",
        "secretString",
        "secretBinary",
        "secretStringWoVersion",
        "region",
    ),
    "aws:kms/key:Key": ("multiRegion", "customerMasterKeySpec", "keyUsage", "region"),
    "aws:kms/alias:Alias": ("name", "namePrefix", "region"),
    # Watching and keeping
    "aws:cloudwatch/logGroup:LogGroup": ("name", "namePrefix", "logGroupClass", "region"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("name", "region"),
    "aws:cloudwatch/eventRule:EventRule": ("name", "namePrefix", "eventBusName", "region"),
    "aws:cloudwatch/eventTarget:EventTarget": ("rule", "targetId", "eventBusName", "region"),
    "aws:sns/topic:Topic": ("name", "namePrefix", "fifoTopic", "region"),
    "aws:sns/topicPolicy:TopicPolicy": ("arn", "region"),
    "aws:sns/topicSubscription:TopicSubscription": ("topic", "protocol", "endpoint", "region"),
    "aws:backup/vault:Vault": ("name", "kmsKeyArn", "region"),
    "aws:backup/plan:Plan": ("name", "region"),
    "aws:backup/selection:Selection": (
        "iamRoleArn",
        "planId",
        "name",
        "resources",
        "selectionTags",
        "conditions",
        "notResources",
        "region",
    ),
    # Cloudflare
    "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared": ("accountId", "configSrc"),
    "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig": (
        "accountId",
        "tunnelId",
    ),
    "cloudflare:index/dnsRecord:DnsRecord": ("zoneId", "type"),
    "cloudflare:index/ruleset:Ruleset": ("kind", "name", "phase", "zoneId", "accountId"),
    "cloudflare:index/zoneSetting:ZoneSetting": ("zoneId", "settingId"),
    "cloudflare:index/urlNormalizationSettings:UrlNormalizationSettings": ("zoneId",),
    "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication": ("accountId", "zoneId"),
    "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy": ("accountId",),
    "cloudflare:index/zeroTrustAccessGroup:ZeroTrustAccessGroup": ("accountId", "zoneId"),
    "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken": ("accountId", "zoneId"),
    "cloudflare:index/zeroTrustAccessIdentityProvider:ZeroTrustAccessIdentityProvider": (
        "accountId",
        "zoneId",
        "type",
    ),
    "cloudflare:index/notificationPolicy:NotificationPolicy": ("accountId",),
    # Random: every input is part of what was drawn. `*` stands for all inputs.
    "random:index/randomBytes:RandomBytes": ("*",),
    "random:index/randomId:RandomId": ("*",),
    "random:index/randomInteger:RandomInteger": ("*",),
    "random:index/randomPassword:RandomPassword": ("*",),
    "random:index/randomPet:RandomPet": ("*",),
    "random:index/randomString:RandomString": ("*",),
    "random:index/randomUuid:RandomUuid": ("*",),
}
"""Inputs by type whose change replaces the resource; any other is updated in place.

A dotted path names a nested input; lists are looked through (`"rootBlockDevice.encrypted"`).
"""

CHANGING: dict[str, tuple[str, ...]] = {
    "aws:ec2/launchTemplate:LaunchTemplate": ("latestVersion", "defaultVersion"),
    "aws:ssm/parameter:Parameter": ("version",),
    "cloudflare:index/ruleset:Ruleset": ("version",),
    "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken": ("clientSecret",),
}
"""Outputs by type that an update in place changes. Every other output stays until the resource is replaced."""

SETS: frozenset[str] = frozenset(
    {
        "vpcZoneIdentifiers",
        "vpcSecurityGroupIds",
        "subnetIds",
        "securityGroups",
        "securityGroupIds",
        "allowedIdps",
    }
)
"""Inputs whose order says nothing to the provider."""
