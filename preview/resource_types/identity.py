"""Roles, policies, parameters, secrets, keys."""

from __future__ import annotations

from preview.resource_types import type_names
from preview.resource_types.record import ResourceType, names

TYPES = (
    ResourceType(
        type="aws:iam/instanceProfile:InstanceProfile",
        terraform="aws_iam_instance_profile",
        replaces=names("name namePrefix path"),
        updates=names("role tags"),
        billing="free",
    ),
    ResourceType(
        type="aws:iam/policy:Policy",
        terraform="aws_iam_policy",
        replaces=names("name namePrefix path description"),
        updates=names("delayAfterPolicyCreationInMs policy tags"),
        billing="free",
    ),
    ResourceType(
        type="aws:iam/role:Role",
        terraform="aws_iam_role",
        replaces=names("name namePrefix path"),
        updates=names(
            """
            assumeRolePolicy description forceDetachPolicies inlinePolicies managedPolicyArns
            maxSessionDuration permissionsBoundary tags
            """
        ),
        sets=names("inlinePolicies managedPolicyArns"),
        billing="free",
        renamed={"inlinePolicies": "inline_policy"},
    ),
    ResourceType(
        type=type_names.ROLE_POLICY,
        terraform="aws_iam_role_policy",
        replaces=names("name namePrefix role"),
        updates=names("policy"),
        billing="free",
    ),
    ResourceType(
        type="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        terraform="aws_iam_role_policy_attachment",
        replaces=names("role policyArn"),
        updates=names(""),
        billing="free",
    ),
    ResourceType(
        type="aws:kms/alias:Alias",
        terraform="aws_kms_alias",
        replaces=names("name namePrefix region"),
        updates=names("targetKeyId"),
    ),
    ResourceType(
        type="aws:kms/key:Key",
        terraform="aws_kms_key",
        replaces=names("multiRegion customerMasterKeySpec keyUsage region customKeyStoreId xksKeyId"),
        updates=names(
            """
            bypassPolicyLockoutSafetyCheck deletionWindowInDays description enableKeyRotation isEnabled policy
            rotationPeriodInDays tags
            """
        ),
        holds="the key, and with it all that it encrypts",
        loss="keys",
        billing="priced",
    ),
    ResourceType(
        type="aws:secretsmanager/secret:Secret",
        terraform="aws_secretsmanager_secret",
        replaces=names("name namePrefix region type"),
        updates=names(
            """
            description forceOverwriteReplicaSecret kmsKeyId policy recoveryWindowInDays replicas tags
            """
        ),
        sets=names("replicas"),
        holds="the secret's values",
        loss="secrets",
        billing="priced",
        renamed={"replicas": "replica"},
    ),
    ResourceType(
        type="aws:secretsmanager/secretVersion:SecretVersion",
        terraform="aws_secretsmanager_secret_version",
        replaces=names("secretId secretString secretBinary secretStringWoVersion region"),
        updates=names("secretStringWo versionStages"),
        sets=names("versionStages"),
        billing="free",
    ),
    ResourceType(
        type=type_names.PARAMETER,
        terraform="aws_ssm_parameter",
        replaces=names("name dataType region"),
        updates=names(
            """
            allowedPattern description insecureValue keyId overwrite tags tier type value valueWo
            valueWoVersion
            """
        ),
        changing=names("version"),
        billing="priced",
    ),
)
