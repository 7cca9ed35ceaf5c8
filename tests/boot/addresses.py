"""Addresses and names of the world outside the machines."""

from __future__ import annotations

GATEWAY = "10.77.0.1"
METADATA = "169.254.169.254"
SECRET_KEY = "a/secret+key"
ROLE = "drawbridge-prod-host-role"
GROUP = "drawbridge-prod-host-group-1a2b3c4"
NAMES = (
    "amazonaws.com",
    "docker.io",
    "docker.com",
    "ghcr.io",
    "quay.io",
    "debian.org",
    "ubuntu.com",
    "argotunnel.com",
    "cloudflareaccess.com",
)
