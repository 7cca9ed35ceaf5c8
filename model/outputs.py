"""The stack's outputs: a contract with the app team, versioned, with a JSON Schema."""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from .edge.hosts import hostnames
from .limits import PLANS
from .stack import Stack

CONTRACT = 1
"""Raised when an output is removed or changes its meaning; an added one does not raise it."""

Values = Literal["kept", "rolling", "listed", "at least"]
"""What readers do with an output's values. ``kept``: another value breaks them. ``rolling``: it is another one after every
release. ``listed``: entries come and go with what they tell of. ``at least``: a smaller one breaks them."""


def _values(how: Values) -> dict[str, Any]:
    return {"x-values": how}


class Outputs(BaseModel):
    """Every output of a stack; what it does not have is absent."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)

    contract: int = Field(description="The version of this contract.")
    urls: dict[str, str] = Field(description="URL of each hostname.")
    websocket_urls: dict[str, str] = Field(description="The same with wss://.")
    cors_origins: list[str] = Field(
        description="The front ends on other domains that the app is to allow (app.frontends)."
    )
    access: dict[str, str] = Field(
        description="Who may reach each route: `hostname/path` to an access entry or `public`.",
        json_schema_extra=_values("listed"),
    )
    audiences: dict[str, str] = Field(
        description="Audience (aud) that the app can check in Cf-Access-Jwt-Assertion, by application."
    )
    access_issuer: str = Field(description="Issuer of these tokens; its keys are at /cdn-cgi/access/certs.")
    login_callback: str = Field(description="The redirect URL to register with an identity provider.")
    service_tokens: dict[str, dict[str, str]] = Field(
        description="clientId and clientSecret of each service token (secret)."
    )
    upload_limit_mb: int = Field(
        alias="uploadLimitMB",
        description="The largest request body that Cloudflare's plan lets through.",
        json_schema_extra=_values("at least"),
    )
    database_host: str | None = Field(
        default=None, description="The database's endpoint; reachable by the machines alone."
    )
    database_name: str | None = Field(default=None, description="The app's database.")
    database_role: str | None = Field(default=None, description="The app's role.")
    tunnel_id: str = Field(description="The tunnel.")
    vpc_id: str = Field(description="The VPC.")
    workload_security_group_id: str = Field(
        description="The machines' group; admit it to what they should reach."
    )
    auto_scaling_group: str = Field(
        description="The current group of machines.", json_schema_extra=_values("rolling")
    )
    log_group: str | None = Field(default=None, description="The CloudWatch log group, if logs go there.")
    firewall_rules: dict[str, Any] = Field(
        description="This stack's rules, for the zone's owner to merge.", json_schema_extra=_values("listed")
    )

    @classmethod
    def values_by_name(cls) -> dict[str, Values]:
        """By the output's name: what its readers do with its values."""
        found: dict[str, Values] = {}
        for name, field in cls.model_fields.items():
            extra = field.json_schema_extra
            given = extra.get("x-values") if isinstance(extra, dict) else None
            found[field.alias or name] = next((how for how in get_args(Values) if how == given), "kept")
        return found


def known(stack: Stack) -> dict[str, Any]:
    """The outputs that the stack file alone decides."""
    hosts = [host for host in hostnames(stack.routes) if not host.startswith("*.")]
    database = stack.database
    return {
        "contract": CONTRACT,
        "urls": {host: f"https://{host}" for host in hosts},
        "websocketUrls": {host: f"wss://{host}" for host in hosts},
        "corsOrigins": list(stack.app.frontends),
        "access": {f"{route.hostname}{route.path or ''}": route.access for route in stack.routes},
        "accessIssuer": f"https://{stack.cloudflare.team}.cloudflareaccess.com",
        "loginCallback": f"https://{stack.cloudflare.team}.cloudflareaccess.com/cdn-cgi/access/callback",
        "uploadLimitMB": PLANS[stack.cloudflare.plan].body_mb,
        "databaseName": database.name if database else None,
        "databaseRole": database.owner if database else None,
    }
