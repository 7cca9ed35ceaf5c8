"""One change of the example image2model for each rule on containers, entrances, logins, DNS and clusters, and the findings."""

from __future__ import annotations

import base64
import json
from typing import Any

from preview.resource_types import type_names as types
from preview.resources import Secret
from tests.preview.posture_edits import TEMPLATE, Change, P, add, edit, policy, service

CLUSTER = "aws:rds/cluster:Cluster"
IDP = types.IDENTITY_PROVIDER
USERS = f"{P}-access-policy-users"
APP = f"{P}-access-app-models.example.com"


def backend(text: str) -> list[tuple[str, str]]:
    return [(TEMPLATE, f"service backend {text}")]


def everyone(**more: Any) -> str:
    statement = {"Sid": "Mine", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


MORE_BREAKS: list[tuple[str, Change, list[tuple[str, str]]]] = [
    # Containers
    ("container-privileged", service(privileged=True), backend("is privileged")),
    ("container-privileged", service(privileged="${PRIVILEGED:-true}"), backend("is privileged")),
    (
        "container-socket",
        service(volumes=["/var/run/docker.sock:/var/run/docker.sock:ro"]),
        backend("mounts /var/run/docker.sock"),
    ),
    (
        "container-socket",
        service(volumes=[{"type": "bind", "source": "/run/containerd/containerd.sock", "target": "/c.sock"}]),
        backend("mounts /run/containerd/containerd.sock"),
    ),
    (
        "container-socket",
        service(volumes=["${SOCKET:-/run/docker.sock}:/docker.sock"]),
        backend("mounts /run/docker.sock"),
    ),
    ("container-socket", service(use_api_socket=True), backend("uses the engine's API socket")),
    ("container-host-namespace", service(pid="host"), backend("has pid: host")),
    ("container-host-namespace", service(ipc="host"), backend("has ipc: host")),
    ("container-host-namespace", service(userns_mode="host"), backend("has userns_mode: host")),
    ("container-host-network", service(network_mode="host"), backend("has network_mode: host")),
    ("container-host-network", service(networks=["host"]), backend("joins the network host")),
    ("container-device", service(devices=["/dev/kvm:/dev/kvm"]), backend("has the device /dev/kvm:/dev/kvm")),
    ("container-device", service(devices=[{"source": "/dev/sda"}]), backend("has the device /dev/sda")),
    ("container-device", service(device_cgroup_rules=["b 8:* rmw"]), backend("has the device b 8:* rmw")),
    ("container-capability", service(cap_add=["SYS_ADMIN", "CHOWN"]), backend("has SYS_ADMIN")),
    ("container-capability", service(cap_add=["CAP_net_admin"]), backend("has NET_ADMIN")),
    ("container-capability", service(cap_add=["ALL"]), backend("has ALL")),
    (
        "container-unconfined",
        service(security_opt=["no-new-privileges:true", "seccomp=unconfined"]),
        backend("has seccomp=unconfined"),
    ),
    (
        "container-unconfined",
        service(security_opt=["apparmor:unconfined"]),
        backend("has apparmor:unconfined"),
    ),
    ("container-unconfined", service(security_opt=["label=disable"]), backend("has label=disable")),
    ("container-host-mount", service(volumes=["/:/host:ro"]), backend("mounts /")),
    ("container-host-mount", service(volumes=["/proc:/host/proc"]), backend("mounts /proc, writable")),
    (
        "container-host-mount",
        service(volumes=["//etc/./drawbridge:/s:ro"]),
        backend("mounts /etc/drawbridge"),
    ),
    (
        "container-host-mount",
        service(volumes=["/etc/localtime:/etc/localtime"]),
        backend("mounts /etc/localtime, writable"),
    ),
    (
        "container-host-mount",
        service(
            volumes=["logs:/logs"],
            top={"volumes": {"logs": {"driver_opts": {"type": "none", "o": "bind", "device": "/var/log"}}}},
        ),
        backend("mounts /var/log, writable"),
    ),
    (
        "container-host-mount",
        service(secrets=["s"], top={"secrets": {"s": {"file": "/etc/drawbridge/secrets.json"}}}),
        backend("mounts /etc/drawbridge/secrets.json"),
    ),
    (
        "user-data-unread",
        edit(
            types.LAUNCH_TEMPLATE,
            "userData",
            base64.b64encode(b"#!/bin/sh\ndocker run --privileged app").decode(),
        ),
        [(TEMPLATE, "is no #cloud-config, or not in a known encoding")],
    ),
    # Entrances
    (
        "other-entrance",
        add("aws:apprunner/service:Service", "t", serviceName="t"),
        [(f"{P}-t", "a service of App Runner")],
    ),
    (
        "other-entrance",
        add("cloudflare:index/workersScript:WorkersScript", "t", scriptName="t"),
        [(f"{P}-t", "a script at the edge")],
    ),
    (
        "other-entrance",
        add("aws:apigateway/restApi:RestApi", "t", endpointConfiguration={"types": "REGIONAL"}),
        [(f"{P}-t", "an API with a public endpoint")],
    ),
    (
        "resource-policy-public",
        add("aws:s3/bucketPolicy:BucketPolicy", "t", policy=everyone()),
        [(f"{P}-t", "Mine allows everyone")],
    ),
    (
        "resource-policy-public",
        add("aws:sqs/queuePolicy:QueuePolicy", "t", policy=everyone(Principal={"AWS": ["*"]})),
        [(f"{P}-t", "Mine allows everyone")],
    ),
    (
        "resource-policy-public",
        add("aws:lambda/permission:Permission", "t", principal="*"),
        [(f"{P}-t", "everyone may invoke the function")],
    ),
    # DNS, logins
    (
        "dns-unproxied",
        add(types.DNS_RECORD, "t", name="old.example.com", type="A", content="203.0.113.7", proxied=False),
        [(f"{P}-t", "old.example.com is 203.0.113.7")],
    ),
    (
        "dns-unproxied",
        add(types.DNS_RECORD, "t", name="www.example.com", type="CNAME", content="app.pages.dev"),
        [(f"{P}-t", "www.example.com is app.pages.dev")],
    ),
    (
        "access-any-token",
        edit(types.ACCESS_POLICY, "includes", [{"anyValidServiceToken": {}}], "policy-users"),
        [(USERS, "every service token of the account")],
    ),
    (
        "access-cors",
        edit(
            types.ACCESS_APPLICATION,
            "corsHeaders",
            {"allowAllOrigins": True, "allowCredentials": True},
            "models.example.com",
        ),
        [(APP, "every origin, with credentials")],
    ),
    (
        "identity-provider-http",
        add(
            IDP,
            "t",
            type="oidc",
            config={"tokenUrl": "http://id.example.com/token", "authUrl": "https://id.example.com/"},
        ),
        [(f"{P}-t", "tokenUrl: http://id.example.com/token")],
    ),
    # Roles and databases
    (
        "iam-wildcard",
        edit(types.ROLE_POLICY, "policy", policy({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::*"})),
        [(f"{P}-host-policy", "Mine allows s3:GetObject on every resource")],
    ),
    (
        "iam-wildcard",
        edit(
            "aws:iam/role:Role",
            "inlinePolicies",
            [{"name": "i", "policy": policy({"Action": "*", "Resource": "*"})}],
        ),
        [(f"{P}-host-role", "Mine allows *"), (f"{P}-host-role", "Mine allows * on every resource")],
    ),
    (
        "iam-wildcard",
        add(
            "aws:iam/policyAttachment:PolicyAttachment",
            "t",
            policyArn="arn:aws:iam::aws:policy/AdministratorAccess",
        ),
        [(f"{P}-t", "attaches AdministratorAccess")],
    ),
    (
        "deletion-protection",
        add(CLUSTER, "t", deletionProtection=False),
        [(f"{P}-t", "not protected by AWS"), (f"{P}-t", "not protected by Pulumi")],
    ),
    (
        "final-snapshot",
        add(CLUSTER, "t", storageEncrypted=True),
        [(f"{P}-t", "skipFinalSnapshot is not false")],
    ),
    (
        "database-public",
        add("aws:rds/clusterInstance:ClusterInstance", "t", publiclyAccessible=True),
        [(f"{P}-t", "publiclyAccessible True")],
    ),
    (
        "state-encryption",
        add("aws:elasticache/replicationGroup:ReplicationGroup", "t"),
        [(f"{P}-t", "atRestEncryptionEnabled is not true")],
    ),
    (
        "parameter-plain",
        add(types.PARAMETER, "t", type="String", value=Secret("hunter2hunter2")),
        [(f"{P}-t", "type String")],
    ),
]

# What looks like the above, and is none of it.
HARMLESS: list[tuple[str, Change]] = [
    ("container-privileged", service(privileged=False)),
    ("container-socket", service(volumes=["./docker.sock.md:/docs:ro"])),
    ("container-host-namespace", service(ipc="service:redis", pid="service:redis")),
    ("container-host-network", service(network_mode="service:redis")),
    ("container-capability", service(cap_drop=["ALL"], cap_add=["NET_BIND_SERVICE", "CHOWN"])),
    ("container-unconfined", service(security_opt=["no-new-privileges:true"])),
    (
        "container-host-mount",
        service(volumes=["/etc/localtime:/etc/localtime:ro", "./etc:/etc/app", "data:/data"]),
    ),
    (
        "other-entrance",
        add("aws:apigateway/restApi:RestApi", "t", endpointConfiguration={"types": "PRIVATE"}),
    ),
    ("other-entrance", add("aws:lb/loadBalancer:LoadBalancer", "t", internal=True)),
    (
        "resource-policy-public",
        add(
            "aws:s3/bucketPolicy:BucketPolicy",
            "t",
            policy=everyone(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
        ),
    ),
    ("resource-policy-public", add("aws:s3/bucketPolicy:BucketPolicy", "t", policy=everyone(Effect="Deny"))),
    (
        "dns-unproxied",
        add(types.DNS_RECORD, "t", name="_acme-challenge.example.com", type="CNAME", content="x.example.net"),
    ),
    ("dns-unproxied", add(types.DNS_RECORD, "t", name="example.com", type="TXT", content="v=spf1 -all")),
    (
        "access-cors",
        edit(types.ACCESS_APPLICATION, "corsHeaders", {"allowAllOrigins": True}, "models.example.com"),
    ),
]
