"""Machines: templates, groups, instances."""

from __future__ import annotations

from preview.resource_types import type_names
from preview.resource_types.record import ResourceType, names

TYPES = (
    ResourceType(
        type=type_names.AUTO_SCALING_GROUP,
        terraform="aws_autoscaling_group",
        replaces=names("name namePrefix region"),
        updates=names(
            """
            availabilityZoneDistribution availabilityZones capacityRebalance capacityReservationSpecification
            defaultCooldown defaultInstanceWarmup desiredCapacity desiredCapacityType enabledMetrics
            forceDelete forceDeleteWarmPool healthCheckGracePeriod healthCheckType
            ignoreFailedScalingActivities initialLifecycleHooks instanceLifecyclePolicy
            instanceMaintenancePolicy instanceRefresh launchConfiguration launchTemplate loadBalancers
            maxInstanceLifetime maxSize metricsGranularity minElbCapacity minSize mixedInstancesPolicy
            placementGroup protectFromScaleIn serviceLinkedRoleArn suspendedProcesses tags targetGroupArns
            terminationPolicies trafficSources vpcZoneIdentifiers waitForCapacityTimeout waitForElbCapacity
            warmPool
            """
        ),
        sets=names(
            """
            availabilityZones enabledMetrics initialLifecycleHooks loadBalancers suspendedProcesses tags
            targetGroupArns trafficSources vpcZoneIdentifiers
            """
        ),
        needed="the old machines go before new ones serve",
        billing="priced",
        renamed={
            "initialLifecycleHooks": "initial_lifecycle_hook",
            "overrides": "override",
            "tags": "tag",
            "trafficSources": "traffic_source",
            "vpcZoneIdentifiers": "vpc_zone_identifier",
        },
    ),
    ResourceType(
        type="aws:autoscaling/lifecycleHook:LifecycleHook",
        terraform="aws_autoscaling_lifecycle_hook",
        replaces=names("name autoscalingGroupName region"),
        updates=names(
            """
            defaultResult heartbeatTimeout lifecycleTransition notificationMetadata notificationTargetArn
            roleArn
            """
        ),
        billing="free",
    ),
    ResourceType(
        type="aws:autoscaling/policy:Policy",
        terraform="aws_autoscaling_policy",
        replaces=names("name autoscalingGroupName region"),
        updates=names(
            """
            adjustmentType cooldown enabled estimatedInstanceWarmup metricAggregationType
            minAdjustmentMagnitude policyType predictiveScalingConfiguration scalingAdjustment stepAdjustments
            targetTrackingConfiguration
            """
        ),
        sets=names("stepAdjustments"),
        renamed={"metricDimensions": "metric_dimension", "stepAdjustments": "step_adjustment"},
    ),
    ResourceType(
        type=type_names.INSTANCE,
        terraform="aws_instance",
        replaces=names(
            """
            ami associatePublicIpAddress availabilityZone subnetId privateIp keyName ebsOptimized tenancy
            rootBlockDevice.encrypted rootBlockDevice.kmsKeyId region cpuOptions ebsBlockDevices
            enclaveOptions ephemeralBlockDevices hibernation hostResourceGroupArn instanceMarketOptions
            launchTemplate networkInterfaces placementGroup placementGroupId placementPartitionNumber
            primaryNetworkInterface securityGroups
            """
        ),
        updates=names(
            """
            capacityReservationSpecification creditSpecification disableApiStop disableApiTermination
            forceDestroy getPasswordData iamInstanceProfile instanceInitiatedShutdownBehavior instanceType
            maintenanceOptions metadataOptions monitoring rootBlockDevice secondaryPrivateIps sourceDestCheck
            tags userData userDataBase64 volumeTags vpcSecurityGroupIds
            """
        ),
        sets=names(
            """
            ebsBlockDevices ephemeralBlockDevices ipv6Addresses networkInterfaces secondaryPrivateIps
            securityGroups vpcSecurityGroupIds
            """
        ),
        needed="the machine is gone before another one serves",
        billing="priced",
        renamed={
            "ebsBlockDevices": "ebs_block_device",
            "ephemeralBlockDevices": "ephemeral_block_device",
            "networkInterfaces": "network_interface",
        },
    ),
    ResourceType(
        type=type_names.LAUNCH_TEMPLATE,
        terraform="aws_launch_template",
        replaces=names("name namePrefix region"),
        updates=names(
            """
            blockDeviceMappings capacityReservationSpecification cpuOptions creditSpecification defaultVersion
            description disableApiStop disableApiTermination ebsOptimized enclaveOptions hibernationOptions
            iamInstanceProfile imageId instanceInitiatedShutdownBehavior instanceMarketOptions
            instanceRequirements instanceType kernelId keyName licenseSpecifications maintenanceOptions
            metadataOptions monitoring networkInterfaces networkPerformanceOptions placement
            privateDnsNameOptions ramDiskId securityGroupNames tagSpecifications tags updateDefaultVersion
            userData vpcSecurityGroupIds
            """
        ),
        sets=names("networkInterfaces.securityGroups securityGroupNames vpcSecurityGroupIds"),
        changing=names("latestVersion defaultVersion"),
        billing="free",
        renamed={"licenseSpecifications": "license_specification"},
    ),
)
