"""Every rule of the posture: a good stack keeps it, one change breaks it, and a suppression accepts it in the open."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from model.posture import RULE_IDS
from model.settings import Suppression
from preview.findings import SEVERITIES, PostureFinding
from preview.posture.judgement import evaluate_posture, evaluate_resources, to_data
from preview.posture.rules import BY_ID, CHECKS, RULES
from preview.report.json_report import to_json
from preview.report.report import build
from preview.report.text import to_text
from preview.resource_types import type_names as types
from preview.resources import Secret
from tests.evaluations import DELIVERIES, EXAMPLES, deployed
from tests.preview.posture_breaks import HARMLESS, MORE_BREAKS
from tests.preview.posture_edits import (
    ADMINS,
    DATABASE,
    GONE,
    INGRESS,
    TEMPLATE,
    USERS,
    WORKLOAD,
    Change,
    P,
    Resources,
    add,
    both,
    drop,
    edit,
    policy,
    written,
)

SUBNETS = "aws:rds/subnetGroup:SubnetGroup"
OPENED = edit(
    types.TUNNEL_CONFIGURATION, "config.ingresses.1.originRequest.access", GONE
)  # models.example.com without a login

# (rule, a change of the example image2model, the findings of that rule: resource and detail)
BREAKS: list[tuple[str, Change, list[tuple[str, str]]]] = [
    (
        "inbound-cidr",
        edit(types.INGRESS_RULE, "cidrIpv4", "0.0.0.0/0", "database-in"),
        [(f"{P}-network-database-in", "tcp/5432 from 0.0.0.0/0")],
    ),
    (
        "inbound-cidr",
        edit(
            types.SECURITY_GROUP,
            "ingress",
            [{"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["10.0.0.0/8"]}],
            "-ssh",
        ),
        [(f"{P}-network-ssh", "tcp/22 from 10.0.0.0/8")],
    ),
    (
        "inbound-cidr",
        add(
            "aws:ec2/securityGroupRule:SecurityGroupRule",
            "old",
            type="ingress",
            protocol="tcp",
            fromPort=443,
            toPort=443,
            prefixListIds=["pl-1"],
            securityGroupId="sg-1",
        ),
        [(f"{P}-old", "tcp/443 from pl-1")],
    ),
    (
        "workload-inbound",
        edit(types.INGRESS_RULE, "securityGroupId", WORKLOAD, "ssh-in"),
        [(f"{P}-network-ssh-in", f"reaches {WORKLOAD}, the group that machines speak from")],
    ),
    (
        "ssh-endpoint",
        edit(types.INGRESS_RULE, "referencedSecurityGroupId", WORKLOAD, "ssh-in"),
        [(f"{P}-network-ssh-in", f"tcp/22 from {WORKLOAD}")],
    ),
    (
        "ssh-endpoint",
        edit(types.INGRESS_RULE, "toPort", 23, "ssh-in"),
        [(f"{P}-network-ssh-in", f"tcp/22 from «{P}-network-endpoint.id»")],
    ),
    (
        "other-entrance",
        add("aws:lb/loadBalancer:LoadBalancer", "lb"),
        [(f"{P}-lb", "a load balancer that faces the Internet")],
    ),
    (
        "other-entrance",
        add("aws:lambda/functionUrl:FunctionUrl", "fn", authorizationType="NONE"),
        [(f"{P}-fn", "a function URL without IAM")],
    ),
    (
        "default-group",
        drop(types.DEFAULT_SECURITY_GROUP),
        [(f"{P}-network-vpc", "its default security group is as AWS made it")],
    ),
    (
        "default-group",
        edit(types.DEFAULT_SECURITY_GROUP, "ingress", GONE),
        [(f"{P}-network-default", "has rules, or leaves them to AWS")],
    ),
    (
        "egress-open",
        edit(types.EGRESS_RULE, "ipProtocol", "-1", "egress-https"),
        [(f"{P}-network-egress-https", "-1/443-443")],
    ),
    (
        "egress-open",
        edit(types.EGRESS_RULE, "toPort", 8443, "egress-https"),
        [(f"{P}-network-egress-https", "tcp/443-8443")],
    ),
    (
        "egress-extra",
        both(
            edit(types.EGRESS_RULE, "fromPort", 587, "egress-https"),
            edit(types.EGRESS_RULE, "toPort", 587, "egress-https"),
        ),
        [
            (
                f"{P}-network-egress-https",
                "tcp/587 to 0.0.0.0/0: HTTPS: registries, package mirrors, AWS and Cloudflare APIs",
            )
        ],
    ),
    (
        "catch-all",
        edit(types.TUNNEL_CONFIGURATION, "config.ingresses.2.service", "http://nginx:80"),
        [(INGRESS, "the last rule is {'service': 'http://nginx:80'}")],
    ),
    (
        "catch-all",
        edit(types.TUNNEL_CONFIGURATION, "config.ingresses.1.hostname", GONE),
        [(INGRESS, "a rule for any hostname: http://nginx:80")],
    ),
    (
        "hostname-dns",
        edit(types.DNS_RECORD, "proxied", False, "admin.example.com"),
        [(f"{P}-tunnel-dns-admin.example.com", "proxied: False")],
    ),
    (
        "hostname-dns",
        edit(types.DNS_RECORD, "name", "old.example.com", "admin.example.com"),
        [
            (f"{P}-tunnel-dns-admin.example.com", "old.example.com has a record and no route"),
            (INGRESS, "admin.example.com has a route and no record"),
        ],
    ),
    (
        "access-decision",
        OPENED,
        [(INGRESS, "models.example.com: an application covers it, and the connector does not check")],
    ),
    (
        "access-decision",
        edit(types.TUNNEL_CONFIGURATION, "config.ingresses.1.originRequest.access.required", False),
        [(INGRESS, "models.example.com: the connector does not insist on the login")],
    ),
    (
        "access-decision",
        edit(types.ACCESS_APPLICATION, "destinations.0.uri", "other.example.com", "users"),
        [(INGRESS, "models.example.com: no application covers it")],
    ),
    (
        "application-policy",
        edit(types.ACCESS_APPLICATION, "policies", [], "users"),
        [(f"{P}-access-app-models-example-com-users", "no policy")],
    ),
    (
        "application-policy",
        edit(types.ACCESS_APPLICATION, "policies.0.precedence", 2, "users"),
        [(f"{P}-access-app-models-example-com-users", "precedences [2]")],
    ),
    (
        "access-everyone",
        edit(types.ACCESS_POLICY, "includes", [{"everyone": {}}], "users"),
        [(USERS, "anyone who can log in at all")],
    ),
    (
        "access-by-address",
        edit(types.ACCESS_POLICY, "includes", [{"ip": {"ip": "203.0.113.0/24"}}], "users"),
        [(USERS, "lets in by ip alone")],
    ),
    (
        "admin-mfa",
        edit(types.ACCESS_POLICY, "mfaConfig", GONE, "admins"),
        [
            (
                f"{P}-access-app-admin-example-com-admins",
                f"admin.example.com: {ADMINS} asks for no second factor",
            )
        ],
    ),
    (
        "session-long",
        edit(types.ACCESS_POLICY, "sessionDuration", "24h1m", "users"),
        [(USERS, "session 24h1m")],
    ),
    (
        "service-token-long",
        add(types.SERVICE_TOKEN, "token", duration="forever"),
        [(f"{P}-token", "duration forever")],
    ),
    (
        "login-cookie",
        edit(types.ACCESS_APPLICATION, "sameSiteCookieAttribute", "none", "users"),
        [(f"{P}-access-app-models-example-com-users", "other sites may send the cookie")],
    ),
    (
        "login-cookie",
        edit(types.ACCESS_APPLICATION, "httpOnlyCookieAttribute", False, "users"),
        [(f"{P}-access-app-models-example-com-users", "scripts can read the cookie")],
    ),
    (
        "shared-host-paths",
        both(
            OPENED,
            edit(types.TUNNEL_CONFIGURATION, "config.ingresses.0.hostname", "models.example.com"),
            drop(types.URL_NORMALIZATION),
        ),
        [(INGRESS, "models.example.com: paths are not normalised, odd spellings are let in")],
    ),
    (
        "public-waf",
        both(OPENED, drop(types.RULESET)),
        [(INGRESS, "models.example.com: this stack makes no managed rules")],
    ),
    (
        "public-rate-limit",
        both(OPENED, drop(types.RULESET)),
        [(INGRESS, "models.example.com: this stack makes no rate limit for it")],
    ),
    (
        "public-rate-limit",
        both(OPENED, edit(types.RULESET, "rules.0.expression", 'http.host eq "admin.example.com"', "limits")),
        [(INGRESS, "models.example.com: this stack makes no rate limit for it")],
    ),
    (
        "zone-tls",
        edit(types.ZONE_SETTING, "value", "1.0", "min-tls-version"),
        [(f"{P}-firewall-min-tls-version", "min_tls_version: 1.0")],
    ),
    (
        "origin-tls",
        edit(types.TUNNEL_CONFIGURATION, "config.ingresses.1.service", "https://nginx:443"),
        [(INGRESS, "models.example.com: https://nginx:443 is not verified")],
    ),
    ("tunnel-managed", edit(types.TUNNEL, "configSrc", "local"), [(f"{P}-tunnel-tunnel", "configSrc local")]),
    (
        "tunnel-managed",
        edit(types.TUNNEL, "tunnelSecret", "c2VjcmV0"),
        [(f"{P}-tunnel-tunnel", "its secret is missing or plain")],
    ),
    (
        "ruleset-identity",
        edit(types.RULESET, "options.deleteBeforeReplace", False, "limits"),
        [(f"{P}-firewall-limits", "is not deleted before it is replaced")],
    ),
    (
        "ruleset-identity",
        edit(types.RULESET, "phase", "http_ratelimit", "managed"),
        [
            (f"{P}-firewall-limits", "another ruleset has phase http_ratelimit too"),
            (f"{P}-firewall-managed", "another ruleset has phase http_ratelimit too"),
        ],
    ),
    (
        "ruleset-identity",
        edit(types.RULESET, "rules.0.ref", GONE, "limits"),
        [(f"{P}-firewall-limits", "refs [None]")],
    ),
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

# What image2model has as it is, and the change that corrects it.
FIXES: list[tuple[str, Change, list[tuple[str, str]]]] = [
    (
        "public-address",
        edit(types.LAUNCH_TEMPLATE, "networkInterfaces.0.associatePublicIpAddress", "false"),
        [(TEMPLATE, "public IPv4 addresses")],
    ),
    (
        "flow-logs",
        add("aws:ec2/flowLog:FlowLog", "flow", vpcId=f"«{P}-network-vpc.id»"),
        [(f"{P}-network-vpc", "no flow log")],
    ),
    (
        "files-transit",
        add(
            "aws:efs/fileSystemPolicy:FileSystemPolicy",
            "tls",
            fileSystemId=f"«{P}-storage-files.id»",
            policy='{"Condition":{"Bool":{"aws:SecureTransport":"false"}}}',
        ),
        [(f"{P}-storage-files", "mounted by plain NFS")],
    ),
    (
        "single-machine",
        edit(types.AUTO_SCALING_GROUP, "minSize", 2),
        [(f"{P}-host-group", "one machine at a time")],
    ),
    ("single-zone", edit(types.DATABASE, "multiAz", True), [(DATABASE, "no standby")]),
    (
        "image-digest",
        edit(types.LAUNCH_TEMPLATE, "userData", GONE),
        [(TEMPLATE, "pinned by tag: backend, cloudflared, frontend, nginx, redis")],
    ),
]


# Two hosts behind logins, whatever the example's own routes are.
ORIGIN = {"noTLSVerify": True}
ROUTES = [
    {"hostname": "models.example.com", "service": "http://nginx:80", "access": "users", "origin": ORIGIN},
    {
        "hostname": "admin.example.com",
        "path": "/api/v1/admin/*",
        "service": "http://backend:8000",
        "access": "admins",
    },
]


def example() -> Resources:
    return list(deployed("image2model", secretDelivery="parameter-store", routes=ROUTES).resources)


def found(rule: str, resources: Resources) -> list[tuple[str, str]]:
    return [(f.resource, f.detail) for f in evaluate_resources(resources, rules=[BY_ID[rule]]).findings]


def test_every_rule_has_one_check_and_one_way_to_break_it() -> None:
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
    assert (list(CHECKS), ids) == (ids, list(RULE_IDS))
    assert {rule for rule, _, _ in [*BREAKS, *MORE_BREAKS, *FIXES]} | {"secret-in-output"} == set(ids)


@pytest.mark.parametrize(
    "rule, change, expected",
    [*BREAKS, *MORE_BREAKS],
    ids=[f"{rule}-{i}" for i, (rule, _, _) in enumerate([*BREAKS, *MORE_BREAKS])],
)
def test_one_change_breaks_the_rule(rule: str, change: Change, expected: list[tuple[str, str]]) -> None:
    assert found(rule, example()) == []
    assert found(rule, change(example())) == expected


@pytest.mark.parametrize("rule, fix, there", FIXES, ids=[rule for rule, _, _ in FIXES])
def test_what_the_example_accepts_is_found_and_can_be_cured(
    rule: str, fix: Change, there: list[tuple[str, str]]
) -> None:
    assert found(rule, example()) == there
    assert found(rule, fix(example())) == []


@pytest.mark.parametrize("delivery", DELIVERIES)
@pytest.mark.parametrize("name", EXAMPLES)
def test_no_example_breaks_a_grave_rule(name: str, delivery: str) -> None:
    counts = evaluate_posture(deployed(name, secretDelivery=delivery)).counts()
    assert (counts["critical"], counts["high"], counts["medium"]) == (0, 0, 0)


def test_the_most_severe_findings_come_first_and_no_stack_at_all_has_none() -> None:
    findings = evaluate_posture(deployed("maycast-recorder")).findings
    assert [f.rule.severity for f in findings] == sorted(
        (f.rule.severity for f in findings), key=SEVERITIES.index
    )
    assert evaluate_resources([]).findings == ()


# --- suppressions -----------------------------------------------------------------------------------------------------


def accept(rule: str, resource: str, **more: Any) -> Suppression:
    return Suppression.model_validate(
        {"rule": rule, "resource": resource, "reason": "Looked at in review 17.", **more}
    )


DAY = datetime.date(2026, 11, 21)


def judged(
    *accepted: Suppression, resources: Resources | None = None
) -> tuple[list[PostureFinding], tuple[str, ...]]:
    rules = [BY_ID["flow-logs"], BY_ID["single-zone"]]
    result = evaluate_resources(resources or example(), accepted, DAY, rules)
    return list(result.findings), result.notes


@pytest.mark.parametrize("resource", [f"{P}-network-vpc", "*-vpc", "*"])
def test_a_suppression_accepts_what_it_names_and_nothing_else(resource: str) -> None:
    findings, notes = judged(accept("flow-logs", resource))
    assert [(f.rule.id, f.accepted, f.open) for f in findings] == [
        ("flow-logs", "Looked at in review 17.", False),
        ("single-zone", "", True),
    ]
    assert notes == ()


def test_a_suppression_that_fits_nothing_is_told() -> None:
    findings, notes = judged(accept("flow-logs", "*-other"))
    assert [f.open for f in findings] == [True, True]
    assert notes == (
        "suppress/0: flow-logs for *-other matches no resource with such a finding; remove it, or fix the resource's name",
    )


def test_a_suppression_ends_after_its_last_day() -> None:
    findings, notes = judged(
        accept("flow-logs", "*", until="2026-11-21"), accept("single-zone", "*", until="2026-11-20")
    )
    assert [(f.rule.id, f.open) for f in findings] == [("flow-logs", False), ("single-zone", True)]
    assert notes == (
        "suppress/1: single-zone for * ended on 2026-11-20; fix what it covered, or decide again",
    )


def test_the_stack_file_suppresses_and_every_report_shows_it() -> None:
    given = [{"rule": "files-transit", "resource": "*-files", "reason": "The uploads are public pictures."}]
    program = deployed("image2model", suppress=given)
    data = json.loads(to_json(build(program)))["posture"]
    assert data["counts"] == {"critical": 0, "high": 0, "medium": 0, "low": 1, "info": 4}
    assert [(f["rule"], f["accepted"]) for f in data["findings"] if f["accepted"]] == [
        ("files-transit", "The uploads are public pictures.")
    ]
    text = " ".join(to_text(build(program)).split())
    assert "mounted by plain NFS. Accepted: The uploads are public pictures." in text
    assert "0 critical, 0 high, 0 medium, 1 low, 4 info; 1 accepted" in text


def test_the_report_gives_each_finding_with_its_rule_in_full() -> None:
    (finding,) = to_data(evaluate_resources(example(), rules=[BY_ID["single-zone"]]))["findings"]
    rule = BY_ID["single-zone"]
    assert finding == {
        "rule": "single-zone",
        "severity": "info",
        "title": "The database runs in one zone",
        "resource": DATABASE,
        "detail": "no standby",
        "why": rule.why,
        "fix": rule.fix,
        "cure": rule.fix,
        "accepted": None,
    }


@pytest.mark.parametrize(("rule", "change"), HARMLESS)
def test_what_only_looks_like_a_violation_is_none(rule: str, change: Change) -> None:
    assert found(rule, change(example())) == []


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        ({"key": f"«{P}-secrets-API_KEY.result»"}, [("output key", "plain text")]),
        ({"all": {"list": [f"k=«{P}-secrets-API_KEY.result»"]}}, [("output all.list[0]", "plain text")]),
        ({"key": Secret(f"«{P}-secrets-API_KEY.result»")}, []),
    ],
)
def test_a_secret_in_an_output_is_found(outputs: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    judged_ = evaluate_resources(example(), rules=[BY_ID["secret-in-output"]], outputs=outputs)
    assert [(f.resource, f.detail) for f in judged_.findings] == expected
