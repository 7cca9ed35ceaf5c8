"""One change of the example image2model for each rule on machines, data, secrets and alarms, and the findings."""

from __future__ import annotations

from preview.resource_types import type_names as types
from preview.resources import Secret
from tests.preview.posture_edits import (
    DATABASE,
    GONE,
    TEMPLATE,
    Change,
    P,
    add,
    drop,
    edit,
    policy,
    written,
)

SUBNETS = "aws:rds/subnetGroup:SubnetGroup"

# (rule, the change, the findings of that rule: resource and detail)
MACHINE_BREAKS: list[tuple[str, Change, list[tuple[str, str]]]] = [
    (
        "imds",
        edit(types.LAUNCH_TEMPLATE, "metadataOptions", GONE),
        [(TEMPLATE, "hop limit not set"), (TEMPLATE, "httpTokens optional")],
    ),
    ("ssh-key", edit(types.LAUNCH_TEMPLATE, "keyName", "ops"), [(TEMPLATE, "key pair ops")]),
    (
        "disk-encryption",
        edit(types.LAUNCH_TEMPLATE, "blockDeviceMappings.0.ebs.encrypted", "false"),
        [(TEMPLATE, "/dev/sda1 is not encrypted")],
    ),
    (
        "iam-wildcard",
        edit(
            "aws:iam/rolePolicy:RolePolicy",
            "policy",
            policy({"Action": "s3:*", "Resource": "arn:aws:s3:::a/*"}),
        ),
        [(f"{P}-host-policy", "Mine allows s3:*")],
    ),
    (
        "iam-wildcard",
        edit("aws:iam/rolePolicy:RolePolicy", "policy", policy({"Action": "s3:GetObject", "Resource": "*"})),
        [(f"{P}-host-policy", "Mine allows s3:GetObject on every resource")],
    ),
    (
        "iam-wildcard",
        add(
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            "a",
            policyArn="arn:aws:iam::aws:policy/AdministratorAccess",
        ),
        [(f"{P}-a", "attaches AdministratorAccess")],
    ),
    (
        "iam-trust",
        edit(
            "aws:iam/role:Role",
            "assumeRolePolicy",
            policy({"Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}),
        ),
        [(f"{P}-host-role", "anyone may take it")],
    ),
    (
        "image-mutable",
        written("image: nginx:", "image: nginx:latest # "),
        [(TEMPLATE, "service nginx runs nginx:latest")],
    ),
    (
        "release-order",
        edit(types.AUTO_SCALING_GROUP, "options.replaceOnChanges", ["launchTemplate"]),
        [
            (
                f"{P}-host-group",
                "a changed template does not make a new group, or a failed one is taken for done",
            )
        ],
    ),
    (
        "release-order",
        edit(types.AUTO_SCALING_GROUP, "launchTemplate.version", "$Latest"),
        [(f"{P}-host-group", "the template's version floats")],
    ),
    (
        "release-order",
        edit(types.AUTO_SCALING_GROUP, "waitForCapacityTimeout", "10m"),
        [(f"{P}-host-group", "pulumi gives up before a machine may")],
    ),
    (
        "database-public",
        edit(types.DATABASE, "publiclyAccessible", True),
        [(DATABASE, "publiclyAccessible True")],
    ),
    (
        "database-public",
        edit(SUBNETS, "subnetIds.0", f"«{P}-network-public-0.id»"),
        [(f"{P}-database-subnets", "a subnet with a way to the Internet")],
    ),
    (
        "state-encryption",
        edit(types.DATABASE, "storageEncrypted", GONE),
        [(DATABASE, "storageEncrypted is not true")],
    ),
    (
        "state-encryption",
        edit(types.FILE_SYSTEM, "encrypted", False),
        [(f"{P}-storage-files", "encrypted is not true")],
    ),
    ("database-tls", edit(types.DATABASE, "engineVersion", "14.9"), [(DATABASE, "engine version 14")]),
    (
        "database-tls",
        edit(
            "aws:rds/parameterGroup:ParameterGroup", "parameters", [{"name": "rds.force_ssl", "value": "0"}]
        ),
        [(f"{P}-database-postgres16", "rds.force_ssl 0")],
    ),
    (
        "database-password",
        edit(types.DATABASE, "password", Secret("hunter22222")),
        [(DATABASE, "a password of the program's own")],
    ),
    ("backups", edit(types.DATABASE, "backupRetentionPeriod", 0), [(DATABASE, "no automatic backups")]),
    ("backups", drop(types.BACKUP_POLICY), [(f"{P}-storage-files", "no backup policy")]),
    ("backups-short", edit(types.DATABASE, "backupRetentionPeriod", 3), [(DATABASE, "3 days")]),
    (
        "final-snapshot",
        edit(types.DATABASE, "skipFinalSnapshot", True),
        [(DATABASE, "skipFinalSnapshot is not false")],
    ),
    (
        "deletion-protection",
        edit(types.DATABASE, "deletionProtection", False),
        [(DATABASE, "not protected by AWS")],
    ),
    (
        "deletion-protection",
        edit(types.FILE_SYSTEM, "options.protect", False),
        [(f"{P}-storage-files", "not protected by Pulumi")],
    ),
    (
        "secret-in-open",
        add("aws:sns/topic:Topic", "t", displayName=f"«{P}-secrets-API_KEY.result»"),
        [(f"{P}-t", "displayName")],
    ),
    (
        "secret-in-open",
        edit(types.PARAMETER, "value", "plain"),
        [(f"{P}-parameters-ADMIN_API_KEY", "the value of a SecureString")],
    ),
    (
        "credential-in-text",
        add("aws:sns/topic:Topic", "t", displayName="AKIA" + "IOSFODNN7EXAMPLE"),
        [(f"{P}-t", "displayName: AWS access key")],
    ),
    (
        "credential-in-text",
        add("aws:sns/topic:Topic", "t", tags={"db": "postgresql://app:hunter2@db/app"}),
        [(f"{P}-t", "tags.db: password in a URL")],
    ),
    (
        "credential-in-text",
        add("aws:sns/topic:Topic", "t", tags={"k": "-----BEGIN EC PRIVATE KEY-----"}),
        [(f"{P}-t", "tags.k: private key")],
    ),
    (
        "secret-in-env",
        written('"PUBLIC_URL": "https', '"SMTP_PASSWORD": "hunter2", "PUBLIC_URL": "https'),
        [(TEMPLATE, "SMTP_PASSWORD in app.env")],
    ),
    (
        "parameter-plain",
        edit(types.PARAMETER, "type", "String"),
        [(f"{P}-parameters-ADMIN_API_KEY", "type String")],
    ),
    (
        "secret-file",
        written(
            "write_files:\n",
            "write_files:\n- {path: /etc/drawbridge/secrets.json, permissions: '0644', content: '{}'}\n",
        ),
        [(TEMPLATE, "/etc/drawbridge/secrets.json has mode 0644")],
    ),
    (
        "user-data-secrets",
        edit(types.LAUNCH_TEMPLATE, "userData", Secret("x")),
        [(TEMPLATE, "secrets are in user data")],
    ),
    ("log-retention", edit(types.LOG_GROUP, "retentionInDays", GONE), [(f"{P}-host-logs", "kept for ever")]),
    ("log-retention", edit(types.LOG_GROUP, "retentionInDays", 3), [(f"{P}-host-logs", "kept for 3 days")]),
    ("logs-leave", drop(types.LOG_GROUP), [(TEMPLATE, "no log group")]),
    ("alerts", drop("aws:cloudwatch/metricAlarm:MetricAlarm"), [(f"{P}-host-group", "no alarm watches it")]),
    (
        "alerts",
        drop("cloudflare:index/notificationPolicy:NotificationPolicy"),
        [(f"{P}-tunnel-tunnel", "nobody is told when it is down")],
    ),
    ("ownership", add("drawbridge:index:Odd", "odd"), [(f"{P}-odd", "a component inside a component")]),
]
