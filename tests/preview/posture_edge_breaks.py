"""One change of the example image2model for each rule on networks, the edge and its logins, and the findings."""

from __future__ import annotations

from preview.resource_types import type_names as types
from tests.preview.posture_edits import (
    ADMINS,
    GONE,
    INGRESS,
    USERS,
    WORKLOAD,
    Change,
    P,
    add,
    both,
    drop,
    edit,
)

OPENED = edit(
    types.TUNNEL_CONFIGURATION, "config.ingresses.1.originRequest.access", GONE
)  # models.example.com without a login

# (rule, the change, the findings of that rule: resource and detail)
EDGE_BREAKS: list[tuple[str, Change, list[tuple[str, str]]]] = [
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
        edit(types.ACCESS_APPLICATION, "destinations.0.uri", "other.example.com", "models.example.com"),
        [(INGRESS, "models.example.com: no application covers it")],
    ),
    (
        "application-policy",
        edit(types.ACCESS_APPLICATION, "policies", [], "models.example.com"),
        [(f"{P}-access-app-models.example.com", "no policy")],
    ),
    (
        "application-policy",
        edit(types.ACCESS_APPLICATION, "policies.0.precedence", 2, "models.example.com"),
        [(f"{P}-access-app-models.example.com", "precedences [2]")],
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
                f"{P}-access-app-admin.example.com",
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
        edit(types.ACCESS_APPLICATION, "sameSiteCookieAttribute", "none", "models.example.com"),
        [(f"{P}-access-app-models.example.com", "other sites may send the cookie")],
    ),
    (
        "login-cookie",
        edit(types.ACCESS_APPLICATION, "httpOnlyCookieAttribute", False, "models.example.com"),
        [(f"{P}-access-app-models.example.com", "scripts can read the cookie")],
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
]
