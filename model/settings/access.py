"""`drawbridge:access`: who may pass."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ..countries import COUNTRIES
from ..errors import Invalid
from .base import Cidr, Domain, Email, Name, Section, Text, Uuid, duration, pattern


def _mfa(value: Any) -> Any:
    if value is not True and value is not False and value != "provider":
        raise ValueError("true, false or provider")
    return value


def _country(code: str) -> str:
    if code not in COUNTRIES:
        raise ValueError("a country's code of ISO 3166-1, such as JP")
    return code


def _joined_by_and(field: str, why: str) -> Invalid:
    return Invalid(
        key="require",
        problem=f"nobody passes: Access joins the values under `require` by AND, and for {field} {why}",
        fix="make an Access group that includes each of them, of which one fit is enough, and write its id under "
        "`require: {groups: [...]}`",
    )


def _overlap(
    one: ipaddress.IPv4Network | ipaddress.IPv6Network, other: ipaddress.IPv4Network | ipaddress.IPv6Network
) -> bool:
    return one.version == other.version and one.overlaps(other)


class GithubGroup(Section):
    """An organisation at GitHub, or a team of it."""

    organization: Text = Field(description="The organisation.")
    team: Text | None = Field(default=None, description="A team of it.")
    provider: Name = Field(
        default="github", description="The identity provider (of type github) that knows it."
    )


class Claim(Section):
    """A claim that an OIDC provider makes of a person."""

    claim: Text = Field(description="The claim's name; the provider lists it under `claims`.")
    value: Text = Field(description="The value it must have.")
    provider: Name = Field(description="The identity provider (of type oidc).")


class People(Section):
    """Whom a rule speaks of; a person who fits one line fits."""

    emails: tuple[Email, ...] = Field(default=(), description="Single addresses.")
    domains: tuple[Domain, ...] = Field(default=(), description="All addresses of a mail domain.")
    groups: tuple[Uuid, ...] = Field(default=(), description="Ids of Access groups of the account.")
    github: tuple[GithubGroup, ...] = Field(default=(), description="Organisations or teams at GitHub.")
    claims: tuple[Claim, ...] = Field(default=(), description="Claims of an OIDC provider.")
    countries: tuple[
        Annotated[
            str, pattern(r"[A-Z][A-Z1]", "a country's two-letter code in capitals"), AfterValidator(_country)
        ],
        ...,
    ] = Field(default=(), description="Countries that the request comes from.")
    ips: tuple[Cidr, ...] = Field(default=(), description="Address ranges that the request comes from.")
    everyone: bool = Field(default=False, description="Anyone who can log in at all.")

    @property
    def empty(self) -> bool:
        return self == People()

    @property
    def only_network(self) -> bool:
        """True if nothing but addresses and countries is named: no identity is asked for."""
        return not (self.emails or self.domains or self.groups or self.github or self.claims or self.everyone)


class AccessPolicy(Section):
    """Who may pass: people who log in, or machines with a service token."""

    allow: People = Field(default=People(), description="Who is let in; one fit is enough.")
    require: People = Field(
        default=People(), description="What each of them must also be; every line must fit."
    )
    deny: People = Field(default=People(), description="Who is kept out all the same.")
    service_tokens: tuple[Name, ...] = Field(
        default=(), description="Machines: a service token is made for each name. Not together with people."
    )
    mfa: Annotated[Any, BeforeValidator(_mfa, json_schema_input_type=bool | Literal["provider"])] = Field(
        default=False,
        description="true: Cloudflare's own second factor, with any provider. `provider`: the identity provider's, which "
        "must report it (amr); GitHub, Google and one-time PIN do not.",
    )
    session: duration(60, 30 * 86400, "session") = Field(  # type: ignore[valid-type]
        default=24 * 3600, description="How long a login lasts."
    )
    token_days: Annotated[int, Field(ge=1, le=365)] = Field(
        default=365,
        description="Service tokens end so many days after they were made, or were given another duration; nothing renews them.",
    )
    providers: tuple[Name, ...] = Field(
        default=(), description="Identity providers offered; none named: all of the account."
    )
    cross_site: bool = Field(
        default=False,
        description="The front ends of app.frontends may call with the visitor's login: Access answers their preflights, and its "
        "cookie goes along from other sites.",
    )
    auto_redirect: bool = Field(default=False, description="Skip the choice of provider; needs exactly one.")

    @model_validator(mode="after")
    def _is_one_of_two(self) -> AccessPolicy:
        if self.service_tokens:
            if not (self.allow.empty and self.require.empty and self.deny.empty):
                raise Invalid(
                    problem="people and serviceTokens in one entry: a program cannot log in",
                    fix="make two entries",
                )
            if self.mfa or self.providers or self.auto_redirect or self.cross_site:
                raise Invalid(
                    problem="serviceTokens have no login, which mfa, providers, autoRedirect and crossSite are about",
                    fix="leave these out",
                )
        elif self.allow.empty:
            raise Invalid(
                problem="this entry lets nobody in", fix="name people under `allow`, or serviceTokens"
            )
        elif self.allow.only_network:
            raise Invalid(
                key="allow",
                problem="countries and ips alone ask nobody to log in",
                fix="name people in `allow`, and put these in `require`",
            )
        for field in ("countries", "emails", "domains"):
            if len(getattr(self.require, field)) > 1:
                raise _joined_by_and(field, "nobody is two of them")
        networks = [ipaddress.ip_network(ip) for ip in self.require.ips]
        if any(not _overlap(one, other) for one in networks for other in networks):
            raise _joined_by_and("ips", "no address lies in all of these ranges")
        if self.auto_redirect and len(self.providers) != 1:
            raise Invalid(
                "exactly one provider with autoRedirect",
                self.providers,
                "with several, Access must let the visitor choose: leave autoRedirect out, or name one",
                key="providers",
            )
        return self
