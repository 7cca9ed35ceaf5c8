"""Types that are named in Terraform's plan or priced. What a change of one does, nobody has looked up: it is unknown."""

from __future__ import annotations

from preview.resource_types.record import ResourceType

TYPES = (
    ResourceType(
        token="aws:autoscaling/schedule:Schedule",
        terraform="aws_autoscaling_schedule",
        billing="free",
    ),
    ResourceType(
        token="aws:budgets/budget:Budget",
        terraform="aws_budgets_budget",
        renamed={
            "costFilters": "cost_filter",
            "notifications": "notification",
            "plannedLimits": "planned_limit",
        },
    ),
    ResourceType(
        token="aws:cloudwatch/dashboard:Dashboard",
        terraform="aws_cloudwatch_dashboard",
        billing="priced",
    ),
    ResourceType(
        token="aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway",
        terraform="aws_egress_only_internet_gateway",
        billing="free",
    ),
    ResourceType(
        token="aws:ec2/eip:Eip",
        terraform="aws_eip",
        billing="priced",
    ),
    ResourceType(
        token="aws:ec2/networkAcl:NetworkAcl",
        terraform="aws_network_acl",
        billing="free",
    ),
    ResourceType(
        token="aws:ec2/securityGroupRule:SecurityGroupRule",
        terraform="aws_security_group_rule",
        billing="free",
    ),
    ResourceType(
        token="aws:ecr/lifecyclePolicy:LifecyclePolicy",
        terraform="aws_ecr_lifecycle_policy",
        billing="free",
    ),
    ResourceType(
        token="aws:ecr/repository:Repository",
        terraform="aws_ecr_repository",
        renamed={"encryptionConfigurations": "encryption_configuration"},
    ),
    ResourceType(
        token="aws:efs/replicationConfiguration:ReplicationConfiguration",
        terraform="aws_efs_replication_configuration",
    ),
    ResourceType(
        token="aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        terraform="aws_iam_openid_connect_provider",
        billing="free",
        renamed={"clientIdLists": "client_id_list", "thumbprintLists": "thumbprint_list"},
    ),
    ResourceType(
        token="aws:lambda/function:Function",
        terraform="aws_lambda_function",
    ),
    ResourceType(
        token="aws:lambda/functionUrl:FunctionUrl",
        terraform="aws_lambda_function_url",
        billing="free",
    ),
    ResourceType(
        token="aws:lambda/permission:Permission",
        terraform="aws_lambda_permission",
        billing="free",
    ),
    ResourceType(
        token="aws:lb/listener:Listener",
        terraform="aws_lb_listener",
        billing="free",
        renamed={"defaultActions": "default_action", "targetGroups": "target_group"},
    ),
    ResourceType(
        token="aws:lb/loadBalancer:LoadBalancer",
        terraform="aws_lb",
        renamed={"subnetMappings": "subnet_mapping"},
    ),
    ResourceType(
        token="aws:lb/targetGroup:TargetGroup",
        terraform="aws_lb_target_group",
        billing="free",
        renamed={"targetFailovers": "target_failover", "targetHealthStates": "target_health_state"},
    ),
    ResourceType(
        token="aws:route53/record:Record",
        terraform="aws_route53_record",
        billing="free",
        renamed={"aliases": "alias"},
    ),
    ResourceType(
        token="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        terraform="aws_s3_bucket_public_access_block",
        billing="free",
    ),
    ResourceType(
        token="aws:sqs/queue:Queue",
        terraform="aws_sqs_queue",
    ),
    ResourceType(
        token="aws:ssm/association:Association",
        terraform="aws_ssm_association",
        billing="free",
    ),
    ResourceType(
        token="aws:ssm/document:Document",
        terraform="aws_ssm_document",
        billing="free",
        renamed={"attachmentsSources": "attachments_source", "parameters": "parameter"},
    ),
)
