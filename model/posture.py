"""The ids of the posture's rules: what a stack file may suppress.

The rules themselves are in `preview.posture.rules`, a file a subject as here; each registers under one of these ids.
"""

from __future__ import annotations

RULE_IDS: tuple[str, ...] = (
    # network
    "inbound-cidr",
    "workload-inbound",
    "ssh-endpoint",
    "default-group",
    "public-address",
    "egress-open",
    "egress-extra",
    "flow-logs",
    # entrances
    "other-entrance",
    "resource-policy-public",
    # tunnel
    "catch-all",
    "hostname-dns",
    "dns-unproxied",
    "origin-tls",
    "tunnel-managed",
    # access
    "access-decision",
    "application-policy",
    "access-everyone",
    "access-by-address",
    "admin-mfa",
    "session-long",
    "service-token-long",
    "login-cookie",
    "access-any-token",
    "access-cors",
    "identity-provider-http",
    # edge
    "shared-host-paths",
    "public-waf",
    "public-rate-limit",
    "zone-tls",
    "ruleset-identity",
    # machines
    "imds",
    "ssh-key",
    "disk-encryption",
    "release-order",
    "single-machine",
    # identity
    "iam-wildcard",
    "iam-trust",
    # containers
    "image-mutable",
    "image-digest",
    "container-privileged",
    "container-socket",
    "container-host-namespace",
    "container-host-network",
    "container-device",
    "container-capability",
    "container-unconfined",
    "container-host-mount",
    "user-data-unread",
    # database
    "database-public",
    "database-tls",
    "database-password",
    "backups-short",
    "final-snapshot",
    "single-zone",
    # storage
    "state-encryption",
    "backups",
    "deletion-protection",
    "files-transit",
    # secrets
    "secret-in-open",
    "secret-in-output",
    "credential-in-text",
    "secret-in-env",
    "parameter-plain",
    "secret-file",
    "user-data-secrets",
    # watching
    "log-retention",
    "logs-leave",
    "alerts",
    # ownership
    "ownership",
)
