"""`drawbridge:firewall`: the zone's rules."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from ..errors import Invalid
from ..rule_language import fault
from .base import Hostname, Name, Path, Section, VariableName, duration, pattern


def _rule_language(expression: str) -> str:
    found = fault(expression)
    if found and found.sure:
        raise Invalid("an expression of Cloudflare's rules language", fix=found.text)
    return expression


class CustomRule(Section):
    """A rule of the zone's custom firewall phase."""

    name: Name = Field(description="Its name, constant for its life.")
    expression: Annotated[
        str, StringConstraints(min_length=1, max_length=4096), AfterValidator(_rule_language)
    ] = Field(description="An expression of the rules language.")
    action: Literal["block", "managed_challenge", "js_challenge", "challenge", "skip", "log"] = Field(
        default="block", description="What is done."
    )
    enabled: bool = Field(default=True, description="Whether it acts.")


class RateLimit(Section):
    """How many requests an address may make, per data centre of Cloudflare."""

    name: Name = Field(description="Its name, constant for its life.")
    path: Path = Field(description="The paths that count, in the notation of routes.")
    hostname: Hostname | None = Field(
        default=None, description="One hostname; none: all of the stack (Free: the whole zone)."
    )
    requests: Annotated[int, Field(ge=1, le=1_000_000)] = Field(description="Requests allowed ...")
    per: duration(1, 86400, "per") = Field(description="... in this time.")  # type: ignore[valid-type]
    block: duration(1, 86400, "block") | None = Field(  # type: ignore[valid-type]
        default=None, description="How long an address is then refused; none: as long as `per`."
    )
    by: Literal["address", "visitor"] = Field(
        default="address",
        description="Who is counted: an address, or a visitor behind a shared one (Business and above).",
    )
    action: Literal["block", "managed_challenge", "js_challenge"] = Field(
        default="block", description="What is done."
    )


class OriginVerify(Section):
    """A secret header, set at the edge, by which the app knows that a request came through it."""

    header: Annotated[str, pattern(r"[A-Za-z][A-Za-z0-9-]{0,63}", "a header's name")] = Field(
        description="The header."
    )
    secret: VariableName = Field(description="The name of the secret or generated variable with its value.")

    @model_validator(mode="after")
    def _is_not_reserved(self) -> OriginVerify:
        if self.header.lower().startswith(("cf-", "x-cf-")):
            raise Invalid(
                "a header that does not begin with cf- or x-cf-, which Cloudflare keeps to itself",
                self.header,
                "choose another name",
                key="header",
            )
        return self


class ZoneSettings(Section):
    """Settings of the whole zone."""

    ssl: Literal["strict", "full", "keep"] = Field(
        default="strict",
        description="To every origin of the zone outside the tunnel, also those that no stack knows: one with a self-signed "
        "certificate then answers 526. `keep`: leave.",
    )
    always_https: bool = Field(default=True, description="Redirect http:// at the edge.")
    min_tls: Literal["1.2", "1.3"] = Field(default="1.2", description="The oldest TLS that visitors may use.")
    hsts: bool = Field(default=False, description="Strict-Transport-Security for a year; hard to take back.")


class Firewall(Section):
    """The zone's rules. Exactly one stack may own them."""

    owner: bool = Field(
        default=True, description="false: another stack owns the zone's rules; this one publishes its own."
    )
    merge: tuple[
        Annotated[
            str, pattern(r"[^/\s]+/[^/\s]+/[^/\s]+", "a stack's full name, organisation/project/stack")
        ],
        ...,
    ] = Field(default=(), description="Owner only: stacks whose published rules are merged into the zone's.")
    managed: bool = Field(
        default=False, description="Cloudflare's managed rules and OWASP's (Pro and above)."
    )
    rules: tuple[CustomRule, ...] = Field(default=(), description="Custom rules.")
    rate_limits: tuple[RateLimit, ...] = Field(default=(), description="Rate limits.")
    origin_verify: OriginVerify | None = Field(default=None, description="A secret header set at the edge.")
    zone: ZoneSettings = Field(default=ZoneSettings(), description="Zone-wide settings, made by the owner.")
