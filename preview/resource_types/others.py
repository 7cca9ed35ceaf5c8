"""Types that are named in Terraform's plan or priced. What a change of one does, nobody has looked up: it is unknown."""

from __future__ import annotations

from preview.resource_types.record import ResourceType

TYPES = (
    ResourceType(
        type="aws:autoscaling/schedule:Schedule",
        terraform="aws_autoscaling_schedule",
        billing="free",
    ),
    ResourceType(
        type="aws:budgets/budget:Budget",
        terraform="aws_budgets_budget",
        renamed={
            "costFilters": "cost_filter",
            "notifications": "notification",
            "plannedLimits": "planned_limit",
        },
    ),
    ResourceType(
        type="aws:cloudwatch/dashboard:Dashboard",
        terraform="aws_cloudwatch_dashboard",
        billing="priced",
    ),
    ResourceType(
        type="aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway",
        terraform="aws_egress_only_internet_gateway",
        billing="free",
    ),
    ResourceType(
        type="aws:ec2/eip:Eip",
        terraform="aws_eip",
        billing="priced",
    ),
    ResourceType(
        type="aws:ec2/networkAcl:NetworkAcl",
        terraform="aws_network_acl",
        billing="free",
    ),
    ResourceType(
        type="aws:ec2/securityGroupRule:SecurityGroupRule",
        terraform="aws_security_group_rule",
        billing="free",
    ),
    ResourceType(
        type="aws:ecr/lifecyclePolicy:LifecyclePolicy",
        terraform="aws_ecr_lifecycle_policy",
        billing="free",
    ),
    ResourceType(
        type="aws:ecr/repository:Repository",
        terraform="aws_ecr_repository",
        renamed={"encryptionConfigurations": "encryption_configuration"},
    ),
    ResourceType(
        type="aws:efs/replicationConfiguration:ReplicationConfiguration",
        terraform="aws_efs_replication_configuration",
    ),
    ResourceType(
        type="aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        terraform="aws_iam_openid_connect_provider",
        billing="free",
        renamed={"clientIdLists": "client_id_list", "thumbprintLists": "thumbprint_list"},
    ),
    ResourceType(
        type="aws:lambda/function:Function",
        terraform="aws_lambda_function",
    ),
    ResourceType(
        type="aws:lambda/functionUrl:FunctionUrl",
        terraform="aws_lambda_function_url",
        billing="free",
    ),
    ResourceType(
        type="aws:lambda/permission:Permission",
        terraform="aws_lambda_permission",
        billing="free",
    ),
    ResourceType(
        type="aws:lb/listener:Listener",
        terraform="aws_lb_listener",
        billing="free",
        renamed={"defaultActions": "default_action", "targetGroups": "target_group"},
    ),
    ResourceType(
        type="aws:lb/loadBalancer:LoadBalancer",
        terraform="aws_lb",
        renamed={"subnetMappings": "subnet_mapping"},
    ),
    ResourceType(
        type="aws:lb/targetGroup:TargetGroup",
        terraform="aws_lb_target_group",
        billing="free",
        renamed={"targetFailovers": "target_failover", "targetHealthStates": "target_health_state"},
    ),
    ResourceType(
        type="aws:route53/record:Record",
        terraform="aws_route53_record",
        billing="free",
        renamed={"aliases": "alias"},
    ),
    ResourceType(
        type="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        terraform="aws_s3_bucket_public_access_block",
        billing="free",
    ),
    ResourceType(
        type="aws:sqs/queue:Queue",
        terraform="aws_sqs_queue",
    ),
    ResourceType(
        type="aws:ssm/association:Association",
        terraform="aws_ssm_association",
        billing="free",
    ),
    ResourceType(
        type="aws:ssm/document:Document",
        terraform="aws_ssm_document",
        billing="free",
        renamed={"attachmentsSources": "attachments_source", "parameters": "parameter"},
    ),
)
