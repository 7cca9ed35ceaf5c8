"""Terraform's names of providers, types and attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from preview.resource_types.registry import record_of
from preview.resources import Resource

PROVIDERS = {
    "aws": "registry.terraform.io/hashicorp/aws",
    "cloudflare": "registry.terraform.io/cloudflare/cloudflare",
    "random": "registry.terraform.io/hashicorp/random",
}


def package_of(resource: Resource) -> str:
    """`aws` of `aws:ec2/vpc:Vpc`."""
    return resource.type.partition(":")[0]


def terraform_type(type_name: str) -> str | None:
    """`aws:ec2/vpc:Vpc` is aws_vpc; None for what is not known."""
    package, _, rest = type_name.partition(":")
    name = _snake(rest.rpartition(":")[2])
    if package in ("cloudflare", "random"):
        return name if package == "random" else f"cloudflare_{name}"
    # AWS's names follow no rule that the SDK knows; Cloudflare's and random's do.
    return record_of(type_name).terraform or None


def is_cloud(resource: Resource) -> bool:
    return package_of(resource) not in ("drawbridge", "pulumi")


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def attribute_name(key: str, renamed: Mapping[str, str]) -> str:
    return renamed.get(key) or _snake(key)


def has_blocks(resource: Resource) -> bool:
    """Cloudflare's provider has nested attributes, which are plain objects; AWS's and random's have blocks."""
    return not resource.type.startswith("cloudflare:")
