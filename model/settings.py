"""The stack file's sections as typed, frozen settings: what each key is called, what it takes, what it defaults to.

Only what one section can know is checked here; what holds between sections is `model.checks`.
Keys are camelCase, as everywhere in Pulumi's configuration; unknown keys are errors.
"""

from __future__ import annotations

import datetime
import difflib
import ipaddress
import posixpath
import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import idna
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel

from . import posture, units
from .limits import HEARTBEAT_SECONDS, Plan
from .paths import PathPattern


class Section(BaseModel):
    """Frozen, unknown keys refused, camelCase keys."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        arbitrary_types_allowed=True,
        coerce_numbers_to_str=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )


def _rule(pattern: str, rule: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(rule)
        return value

    return AfterValidator(check)


def _duration(low: int, high: int, meaning: str) -> Any:
    """A duration field: written as `30s`, held as whole seconds."""

    def parse(value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError("a duration is a number and a unit (s, m, h or d), as in 30s, 1m30s or 24h")
        result = units.seconds(value)
        if not low <= result <= high:
            raise ValueError(f"{meaning} is between {units.go_duration(low)} and {units.go_duration(high)}")
        return result

    schema: Any = {"type": "string", "pattern": r"^(\d+(s|m|h|d))+$"}
    return Annotated[int, BeforeValidator(parse, json_schema_input_type=str), Field(json_schema_extra=schema)]


def _hostname(value: str) -> str:
    host = value.removeprefix("*.")
    try:
        ascii_form = idna.encode(host).decode() if not host.isascii() else host
    except idna.IDNAError as error:
        raise ValueError("a hostname is a DNS name") from error
    if host != ascii_form:
        raise ValueError(f"write an internationalised hostname in its ASCII form, {ascii_form}")
    labels = host.split(".")
    well_formed = len(host) <= 253 and len(labels) > 1 and not host.endswith(".")
    if not well_formed or not all(re.fullmatch(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", label) for label in labels):
        raise ValueError("a hostname is a lower-case DNS name such as app.example.com, or *.example.com")
    return value


def _service(value: str) -> str:
    if re.fullmatch(r"http_status:[1-5]\d\d", value):
        return value
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        raise ValueError("a service is http://NAME:PORT of a service in the compose file") from error
    if parts.scheme not in ("http", "https", "tcp", "ws", "wss") or not parts.hostname:
        raise ValueError("a service is http://NAME:PORT of a service in the compose file, or http_status:404")
    if parts.path or parts.query or parts.fragment or parts.username:
        raise ValueError(
            "a service has no path: the connector cannot rewrite one; put the path in the route's `path`"
        )
    if port is None:
        raise ValueError("a service names its port, as in http://nginx:80")
    return value


def _email(value: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[a-z0-9-]+(\.[a-z0-9-]+)+", value) or value != value.lower():
        raise ValueError(
            "an email address, in lower case (Access stores it so, and would show a change at every run)"
        )
    return value


def _cidr(value: str) -> str:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError as error:
        raise ValueError("an address range in CIDR form, such as 203.0.113.7/32") from error
    if str(network) != value:
        raise ValueError(f"write the range in canonical form, {network} (the APIs store it so)")
    return value


def _relative_path(value: str) -> str:
    if value.startswith("/") or not value or ".." in value.split("/") or "\\" in value or value.endswith("/"):
        raise ValueError("a relative path inside the project, without ..")
    if posixpath.normpath(value) != value:
        raise ValueError(f"a path in its plain form, {posixpath.normpath(value)}")
    return value


def _origin(value: str) -> str:
    parts = urlsplit(value)
    if (
        not re.fullmatch(r"https://[a-z0-9.-]+(:\d{1,5})?", value)
        or not parts.hostname
        or "." not in parts.hostname
    ):
        raise ValueError(
            "an origin as browsers send it: https://HOST, in lower case, without a path or a / at the end"
        )
    return value


def _path_pattern(value: Any) -> Any:
    return PathPattern.parse(value) if isinstance(value, str) else value


def _ami(value: str) -> str:
    if not re.fullmatch(r"ami-[0-9a-f]{8,17}", value):
        raise ValueError("an image id such as ami-0123456789abcdef0")
    return value


def _mfa(value: Any) -> Any:
    if value is not True and value is not False and value != "provider":
        raise ValueError("true, false or `provider`")
    return value


def _text_value(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        raise ValueError(
            'write it in quotes ("true"): YAML words change their spelling on the way to a variable'
        )
    return value


Hex32 = Annotated[
    str, _rule(r"[0-9a-f]{32}", "32 hexadecimal digits, from the zone's overview page in the dashboard")
]
Uuid = Annotated[str, _rule(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a UUID in lower case")]
Name = Annotated[
    str,
    _rule(r"[a-z][a-z0-9-]{0,30}", "a name has lower-case letters, digits and -, at most 31, a letter first"),
]
VariableName = Annotated[
    str, _rule(r"[A-Za-z_][A-Za-z0-9_]*", "a variable's name has letters, digits and _, and no digit first")
]
VariableValue = Annotated[str, BeforeValidator(_text_value)]
Hostname = Annotated[str, AfterValidator(_hostname)]
ServiceUrl = Annotated[str, AfterValidator(_service)]
Email = Annotated[str, AfterValidator(_email)]
Cidr = Annotated[str, AfterValidator(_cidr)]
RelativePath = Annotated[str, AfterValidator(_relative_path)]
Path = Annotated[
    PathPattern,
    BeforeValidator(_path_pattern, json_schema_input_type=str),
    Field(json_schema_extra={"type": "string", "pattern": r"^/[^*]*\*?$"}),
]
Identifier = Annotated[
    str, _rule(r"[a-z_][a-z0-9_]{0,62}", "a PostgreSQL name has lower-case letters, digits and _, at most 63")
]
ZoneName = Annotated[str, _rule(r"[a-z0-9-]+-\d+[a-z]", "an availability zone such as ap-northeast-1a")]
Origin = Annotated[str, AfterValidator(_origin)]
Domain = Annotated[str, AfterValidator(_hostname)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]


# --- cloudflare -------------------------------------------------------------------------------------------------------


class Cloudflare(Section):
    """The account, and the one zone that every hostname of the stack lies in."""

    account_id: Hex32 = Field(description="The account's id.")
    zone_id: Hex32 = Field(description="The zone's id.")
    zone: Domain = Field(description="The zone's name; every hostname lies in it.")
    plan: Plan = Field(
        description="The zone's plan. What you ask for is checked against it before the API is asked."
    )
    team: Annotated[
        str, _rule(r"[a-z0-9][a-z0-9-]{0,62}", "the team name alone, as in TEAM.cloudflareaccess.com")
    ] = Field(description="The Zero Trust team: TEAM.cloudflareaccess.com.")


# --- app --------------------------------------------------------------------------------------------------------------


class Generated(Section):
    """A secret that is made once and kept, encrypted, in the stack's state."""

    bytes: Annotated[int, Field(ge=16, le=512)] | None = Field(
        default=None,
        description="Random bytes, before encoding: 32 unless it says otherwise. Not with `letters`.",
    )
    encoding: Literal["hex", "base64", "base64url", "letters"] = Field(
        default="hex",
        description="How they are written. `base64url` is - and _ for + and /, without = (safe in a URL); `letters` are letters "
        "and digits.",
    )
    length: Annotated[int, Field(ge=22, le=512)] | None = Field(
        default=None,
        description="`letters`: how many, 32 unless it says otherwise; 22 are as hard to guess as 16 bytes.",
    )
    rotation: str = Field(default="1", description="Any text; another text makes a new value.")

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Generated:
        if self.encoding == "letters" and self.bytes is not None:
            raise ValueError("letters are counted, not encoded: give length, not bytes")
        if self.encoding != "letters" and self.length is not None:
            raise ValueError(
                f"{self.encoding} writes bytes: give bytes, not length (hex is two characters a byte)"
            )
        return self


class Registry(Section):
    """A private registry that the machines log in to."""

    server: Annotated[str, _rule(r"[a-z0-9.-]+(:\d+)?", "a registry's host, such as ghcr.io")] = Field(
        description="Its host, such as ghcr.io."
    )
    username: Text | None = Field(default=None, description="The user that logs in; not for ECR.")
    password: VariableName | None = Field(
        default=None, description="The name of the secret that logs in; not for ECR."
    )

    @property
    def ecr(self) -> bool:
        """Amazon's own registry: the machine's role logs in, there is no password."""
        return bool(re.fullmatch(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?", self.server))

    @model_validator(mode="after")
    def _login_is_whole(self) -> Registry:
        if self.ecr and (self.username or self.password):
            raise ValueError("ECR is entered with the machine's role: leave out username and password")
        if not self.ecr and not (self.username and self.password):
            raise ValueError("a registry other than ECR needs username and password (a secret's name)")
        return self


class Allow(Section):
    """What is refused unless allowed in so many words, by service."""

    mutable_images: tuple[str, ...] = Field(
        default=(),
        description="Services whose image may be untagged or `latest`: two machines may then run two versions.",
    )
    no_healthcheck: tuple[str, ...] = Field(
        default=(),
        description="Routed services without a healthcheck: a release cannot wait for them to be ready.",
    )
    by_host: tuple[str, ...] = Field(
        default=(),
        description="Services that tell hosts apart themselves: a path that is protected on one host may be open on another.",
    )
    host_network: tuple[str, ...] = Field(
        default=(),
        description="Services on the host's network: they can reach the machine's AWS credentials.",
    )


FactName = Literal[
    "connectorNetwork",
    "hostnames",
    "urls",
    "websocketUrls",
    "frontends",
    "accessIssuer",
    "region",
    "databaseHost",
    "databasePort",
    "databaseName",
    "databaseUser",
    "databasePassword",
    "databaseUrl",
]


class Fact(Section):
    """What the stack knows, for one variable of the app's."""

    of: tuple[FactName, ...] = Field(
        description="One fact, or several of the lists `hostnames`, `urls`, `websocketUrls`, `frontends` joined."
    )
    form: Literal["comma", "space", "json"] = Field(
        default="comma", description="How several values are written."
    )

    @model_validator(mode="after")
    def _joins_lists_alone(self) -> Fact:
        if not self.of:
            raise ValueError("at least one fact")
        lists = {"hostnames", "urls", "websocketUrls", "frontends"}
        alone = sorted(set(self.of) - lists)
        if alone and (len(self.of) > 1 or self.form != "comma"):
            raise ValueError(f"{alone[0]} is one value and stands alone, without `form`")
        return self


def _fact(value: Any) -> Any:
    """`urls` and `[frontends, urls]` are short for `{of: [...]}`."""
    if isinstance(value, str):
        return {"of": (value,)}
    return {"of": value} if isinstance(value, list) else value


FactSetting = Annotated[Fact, BeforeValidator(_fact, json_schema_input_type=FactName | list[FactName] | Fact)]


class App(Section):
    """The Docker Compose app: its own file, and what it is given."""

    compose: RelativePath = Field(description="The app's own compose file; it is never edited.")
    files: dict[RelativePath, RelativePath] = Field(
        default={},
        description="Text files beside the compose file on the machine, each from a path of this project; one that begins with "
        "#! may be executed there.",
    )
    env: dict[VariableName, VariableValue] = Field(
        default={},
        description="Plain variables for the compose file (`${NAME}`) and for services with `env_file: .env`.",
    )
    secrets: tuple[VariableName, ...] = Field(
        default=(),
        description="Names of secret variables; values by `pulumi config set --secret --path 'drawbridge:secrets.NAME'`.",
    )
    generate: dict[VariableName, Generated] = Field(
        default={}, description="Secret variables that are made once."
    )
    facts: dict[VariableName, FactSetting] = Field(
        default={},
        description="Variables with what the stack knows: `connectorNetwork` (the proxy to trust), `hostnames`, `urls`, "
        "`websocketUrls`, `frontends`, `accessIssuer`, `region`, `databaseHost`, `databasePort`, `databaseName`, `databaseUser`, "
        "`databasePassword`, `databaseUrl`; several lists as `[frontends, websocketUrls]`.",
    )
    frontends: tuple[Origin, ...] = Field(
        default=(),
        description="Origins of front ends on other domains, which call this app; see `facts` and `crossSite`.",
    )
    once: tuple[str, ...] | None = Field(
        default=None,
        description="Services that run to their end before a release serves, one machine at a time (migrations); they must "
        "bear being run again. None named: those that others wait for with `service_completed_successfully`; `[]`: leave them "
        "to Compose.",
    )
    private: dict[str, tuple[str, ...]] = Field(
        default={},
        description="Services that only the services listed can reach, by a network of their own: `opa: [api]`.",
    )
    max_body_mb: Annotated[int, Field(ge=1, le=5000)] | None = Field(
        default=None,
        alias="maxBodyMB",
        description="The largest request body that the app counts on; checked against the plan and nginx's client_max_body_size.",
    )
    storage: tuple[str, ...] = Field(
        default=(), description="Volumes of the compose file that must outlive a machine (EFS)."
    )
    registries: tuple[Registry, ...] = Field(default=(), description="Private registries to log in to.")
    allow: Allow = Field(default=Allow(), description="What is refused unless allowed here.")


# --- routes -----------------------------------------------------------------------------------------------------------


class OriginRequest(Section):
    """How the connector speaks to a service: cloudflared's own `originRequest`."""

    connect_timeout: _duration(1, 600, "connectTimeout") | None = Field(  # type: ignore[valid-type]
        default=None, description="For a TCP connection to the service."
    )
    tls_timeout: _duration(1, 600, "tlsTimeout") | None = Field(  # type: ignore[valid-type]
        default=None, description="For a TLS handshake with the service."
    )
    tcp_keep_alive: _duration(1, 3600, "tcpKeepAlive") | None = Field(  # type: ignore[valid-type]
        default=None, description="Between TCP keep-alive packets."
    )
    keep_alive_timeout: _duration(1, 3600, "keepAliveTimeout") | None = Field(  # type: ignore[valid-type]
        default=None, description="After which an idle connection is dropped."
    )
    keep_alive_connections: Annotated[int, Field(ge=0, le=100_000)] | None = Field(
        default=None, description="Idle connections kept to the service."
    )
    no_happy_eyeballs: bool | None = Field(default=None, description="Do not race IPv4 against IPv6.")
    http_host_header: Text | None = Field(default=None, description="The Host header that the service gets.")
    origin_server_name: Text | None = Field(
        default=None, description="The name expected in the service's certificate."
    )
    match_sn_ito_host: bool | None = Field(
        default=None, alias="matchSNItoHost", description="Send the request's host as the TLS server name."
    )
    ca_pool: Text | None = Field(default=None, description="A CA file for the service's certificate.")
    no_tls_verify: bool | None = Field(
        default=None,
        alias="noTLSVerify",
        description="Do not check the service's certificate; means nothing for http://.",
    )
    disable_chunked_encoding: bool | None = Field(
        default=None, description="For services that want Content-Length (WSGI)."
    )
    http2_origin: bool | None = Field(default=None, description="Speak HTTP/2 to the service.")
    proxy_type: Literal["", "socks"] | None = Field(default=None, description="Proxy for TCP services.")


class Route(Section):
    """One hostname or path, the service behind it, and who may reach it."""

    hostname: Hostname = Field(description="A hostname of the zone; *.example.com for all of one level.")
    path: Path | None = Field(
        default=None,
        description="/healthz (exact), /admin/* (it and all below), /api/upload* (a prefix); none: all.",
    )
    service: ServiceUrl = Field(
        description="http://NAME:PORT of a service in the compose file, or http_status:404."
    )
    access: Annotated[str, StringConstraints(min_length=1)] = Field(
        description="`public`, or the name of an entry of `access`. There is no default: nothing is public by being forgotten."
    )
    origin: OriginRequest = Field(
        default=OriginRequest(), description="How the connector speaks to the service."
    )

    @property
    def target(self) -> str | None:
        """The compose service's name; None for http_status."""
        return None if self.service.startswith("http_status:") else urlsplit(self.service).hostname

    @property
    def public(self) -> bool:
        return self.access == "public"


# --- access -----------------------------------------------------------------------------------------------------------


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
    countries: tuple[Annotated[str, _rule(r"[A-Z]{2}", "a country's two-letter code in capitals")], ...] = (
        Field(default=(), description="Countries that the request comes from.")
    )
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
    session: _duration(60, 30 * 86400, "session") = Field(  # type: ignore[valid-type]
        default=24 * 3600, description="How long a login lasts."
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
                raise ValueError(
                    "people and serviceTokens do not share one entry: a machine cannot log in; make two entries"
                )
            if self.mfa or self.providers or self.auto_redirect or self.cross_site:
                raise ValueError(
                    "mfa, providers, autoRedirect and crossSite are for people; serviceTokens have no login"
                )
        elif self.allow.empty:
            raise ValueError("an entry lets somebody in: name people under `allow`, or serviceTokens")
        elif self.allow.only_network:
            raise ValueError(
                "countries and ips alone ask nobody to log in: name people in `allow`, put these in `require`"
            )
        if self.auto_redirect and len(self.providers) != 1:
            raise ValueError(
                "autoRedirect needs exactly one provider: with several, Access must let the visitor choose"
            )
        return self


ProviderType = Literal["onetimepin", "github", "google", "google-apps", "oidc"]
_ENDPOINTS = ("auth_url", "token_url", "certs_url")


class IdentityProvider(Section):
    """Where people log in: made by the stack, or an existing one of the account by its id."""

    type: ProviderType = Field(description="Its kind.")
    id: Uuid | None = Field(
        default=None, description="An existing provider's id: it is used and left as it is."
    )
    client_id: Text | None = Field(default=None, description="The OAuth client.")
    client_secret: VariableName | None = Field(
        default=None, description="The name of the secret with the client's secret."
    )
    apps_domain: Domain | None = Field(default=None, description="google-apps: the Workspace domain.")
    auth_url: Text | None = Field(default=None, description="oidc: the authorisation endpoint.")
    token_url: Text | None = Field(default=None, description="oidc: the token endpoint.")
    certs_url: Text | None = Field(default=None, description="oidc: the JWKS endpoint.")
    scopes: tuple[Text, ...] = Field(
        default=("openid", "email", "profile"), description="oidc: the scopes asked for."
    )
    claims: tuple[Text, ...] = Field(default=(), description="oidc: claims to hand on to policies.")
    email_claim: Text | None = Field(
        default=None, description="oidc: the claim with the address, if not `email`."
    )
    pkce: bool = Field(default=True, description="oidc: use PKCE.")
    sends_amr: bool = Field(
        default=False, description="oidc: the provider reports how a person logged in (amr)."
    )

    @property
    def reports_mfa(self) -> bool:
        """Whether `mfa: provider` can ever be satisfied: only OIDC providers may send `amr` at all."""
        return self.type == "oidc" and self.sends_amr

    @model_validator(mode="after")
    def _is_whole(self) -> IdentityProvider:
        if self.id:
            given = self.model_fields_set - {"type", "id", "sends_amr"}
            if given:
                raise ValueError(
                    "an existing provider (id) is used as it is: leave out "
                    + ", ".join(sorted(map(to_camel, given)))
                )
            return self
        if self.type == "onetimepin":
            if self.client_id or self.client_secret:
                raise ValueError("onetimepin has no client")
        elif not (self.client_id and self.client_secret):
            raise ValueError(
                f"{self.type} needs clientId and clientSecret (a secret's name), or the id of an existing provider"
            )
        if self.type == "google-apps" and not self.apps_domain:
            raise ValueError("google-apps needs appsDomain")
        missing = [to_camel(name) for name in _ENDPOINTS if not getattr(self, name)]
        if self.type == "oidc" and missing:
            raise ValueError("oidc needs " + ", ".join(missing))
        for name in _ENDPOINTS:
            if getattr(self, name) and not getattr(self, name).startswith("https://"):
                raise ValueError(f"{to_camel(name)} begins with https://")
        return self


# --- firewall ---------------------------------------------------------------------------------------------------------


class CustomRule(Section):
    """A rule of the zone's custom firewall phase."""

    name: Name = Field(description="Its name, constant for its life.")
    expression: Annotated[str, StringConstraints(min_length=1, max_length=4096)] = Field(
        description="An expression of the rules language."
    )
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
    per: _duration(1, 86400, "per") = Field(description="... in this time.")  # type: ignore[valid-type]
    block: _duration(1, 86400, "block") | None = Field(  # type: ignore[valid-type]
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

    header: Annotated[str, _rule(r"[A-Za-z][A-Za-z0-9-]{0,63}", "a header's name")] = Field(
        description="The header."
    )
    secret: VariableName = Field(description="The name of the secret or generated variable with its value.")

    @model_validator(mode="after")
    def _is_not_reserved(self) -> OriginVerify:
        if self.header.lower().startswith(("cf-", "x-cf-")):
            raise ValueError(
                "Cloudflare keeps headers that begin with cf- or x-cf- to itself; choose another name"
            )
        return self


class ZoneSettings(Section):
    """Settings of the whole zone."""

    ssl: Literal["strict", "full", "keep"] = Field(
        default="strict", description="To origins outside the tunnel; `keep`: leave."
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
        Annotated[str, _rule(r"[^/\s]+/[^/\s]+/[^/\s]+", "a stack's full name, organisation/project/stack")],
        ...,
    ] = Field(default=(), description="Owner only: stacks whose published rules are merged into the zone's.")
    managed: bool = Field(
        default=False, description="Cloudflare's managed rules and OWASP's (Pro and above)."
    )
    rules: tuple[CustomRule, ...] = Field(default=(), description="Custom rules.")
    rate_limits: tuple[RateLimit, ...] = Field(default=(), description="Rate limits.")
    origin_verify: OriginVerify | None = Field(default=None, description="A secret header set at the edge.")
    zone: ZoneSettings = Field(default=ZoneSettings(), description="Zone-wide settings, made by the owner.")


# --- tunnel, network, host, database, alerts --------------------------------------------------------------------------


class Tunnel(Section):
    """The connector."""

    image: str = Field(default="cloudflare/cloudflared:2026.8.2", description="cloudflared's image, pinned.")
    grace: _duration(1, 180, "grace") = Field(  # type: ignore[valid-type]
        default=30, description="How long requests in flight may take when the connector stops."
    )
    protocol: Literal["auto", "quic", "http2"] = Field(
        default="auto", description="How the connector reaches the edge."
    )
    rotation: str = Field(
        default="1", description="Any text; another text makes a new tunnel secret, not a new tunnel."
    )
    subnet: Cidr = Field(
        default="172.16.80.0/24",
        description="The network on the machines that the connector and the routed services share, and nothing else.",
    )
    origin: OriginRequest = Field(default=OriginRequest(), description="Defaults for every route's `origin`.")

    @model_validator(mode="after")
    def _has_room(self) -> Tunnel:
        subnet = ipaddress.ip_network(self.subnet)
        if subnet.version != 4 or not subnet.is_private or not 16 <= subnet.prefixlen <= 28:
            raise ValueError("subnet is a private IPv4 range of /16 to /28")
        if subnet.overlaps(ipaddress.ip_network("172.17.0.0/16")):
            raise ValueError("subnet lies outside 172.17.0.0/16, Docker's own bridge")
        return self


class Egress(Section):
    """One more destination that the machines may reach."""

    port: Annotated[int, Field(ge=1, le=65535)] = Field(description="The port.")
    protocol: Literal["tcp", "udp"] = Field(default="tcp", description="The protocol.")
    cidr: Cidr = Field(default="0.0.0.0/0", description="The range.")
    why: Text = Field(description="What for; it becomes the rule's description.")


class Network(Section):
    """A VPC of the stack's own, or an adopted one."""

    cidr: Cidr = Field(default="10.80.0.0/16", description="The VPC's range; /16 to /24.")
    zones: tuple[ZoneName, ...] | None = Field(
        default=None, description="Two availability zones; none: a fixed pair of the region."
    )
    vpc_id: Annotated[str, _rule(r"vpc-[0-9a-f]+", "a VPC's id")] | None = Field(
        default=None, description="An existing VPC."
    )
    public_subnet_ids: tuple[Annotated[str, _rule(r"subnet-[0-9a-f]+", "a subnet's id")], ...] = Field(
        default=(), description="With vpcId: the machines' subnets, which reach the Internet."
    )
    private_subnet_ids: tuple[Annotated[str, _rule(r"subnet-[0-9a-f]+", "a subnet's id")], ...] = Field(
        default=(), description="With vpcId: the database's and the storage's subnets, in two zones."
    )
    endpoint: Literal["create", "existing", "none"] = Field(
        default="create", description="The EC2 Instance Connect Endpoint for SSH; AWS allows one a VPC."
    )
    endpoint_security_group_id: Annotated[str, _rule(r"sg-[0-9a-f]+", "a security group's id")] | None = (
        Field(default=None, description="With `endpoint: existing`: the group that it sends from.")
    )
    egress: tuple[Egress, ...] = Field(
        default=(), description="What the machines may reach beyond 443, 80, 7844 and 123."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Network:
        adopted = (self.public_subnet_ids, self.private_subnet_ids)
        if self.vpc_id and not all(len(set(ids)) >= 2 for ids in adopted):
            raise ValueError(
                "vpcId needs publicSubnetIds and privateSubnetIds, at least two of each, in two zones"
            )
        if not self.vpc_id and any(adopted):
            raise ValueError("subnet ids are for an adopted VPC: give vpcId too")
        if (self.endpoint == "existing") != bool(self.endpoint_security_group_id):
            raise ValueError("`endpoint: existing` and endpointSecurityGroupId go together")
        if not 16 <= ipaddress.ip_network(self.cidr).prefixlen <= 24:
            raise ValueError("cidr is a range of /16 to /24")
        if self.zones is not None and len(set(self.zones)) != 2:
            raise ValueError("zones are two different availability zones")
        return self


class Host(Section):
    """The machines."""

    instance_type: Annotated[
        str, _rule(r"[a-z][a-z0-9-]*\.[a-z0-9]+", "an instance type such as t3.small")
    ] = Field(default="t3.small", description="The EC2 instance type.")
    disk_gib: Annotated[int, Field(ge=8, le=16384)] = Field(
        default=30, alias="diskGiB", description="The root disk (gp3, encrypted)."
    )
    replicas: Annotated[int, Field(ge=1, le=12)] = Field(
        default=1,
        description="How many machines. A release doubles them for a while, and a tunnel takes 25 connectors.",
    )
    image: Annotated[str, AfterValidator(_ami)] | None = Field(
        default=None,
        description="An Ubuntu 24.04 image; none: Canonical's current one when the stack is made, kept since.",
    )
    readiness: Literal["hook", "running"] = Field(
        default="hook",
        description="`running` takes a machine for ready as soon as it runs: only to look for a fault.",
    )
    boot_timeout: _duration(*HEARTBEAT_SECONDS, "bootTimeout") = Field(  # type: ignore[valid-type]
        default=900, description="How long a machine may take until its stack is healthy."
    )
    stop_timeout: _duration(30, 900, "stopTimeout") = Field(  # type: ignore[valid-type]
        default=120, description="How long a machine's stack may take to stop."
    )
    logs: Literal["cloudwatch", "journald"] = Field(
        default="cloudwatch", description="Where containers' logs go."
    )
    log_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] = Field(
        default=30, description="How long CloudWatch keeps them."
    )

    @property
    def architecture(self) -> Literal["amd64", "arm64"]:
        """Graviton families carry a `g` after the generation's digit: t4g, m7gd, c8gn."""
        return "arm64" if re.match(r"[a-z]+\d+g", self.instance_type) else "amd64"


class Database(Section):
    """RDS for PostgreSQL, reachable by the machines alone."""

    version: Literal["15", "16", "17", "18"] = Field(
        description="PostgreSQL's major version; AWS forces TLS by default from 15 on."
    )
    instance_class: Annotated[
        str, _rule(r"db\.[a-z0-9-]+\.[a-z0-9]+", "an instance class such as db.t4g.micro")
    ] = Field(default="db.t4g.micro", description="The RDS instance class.")
    storage_gib: Annotated[int, Field(ge=20, le=65536)] = Field(
        default=20, alias="storageGiB", description="Storage (gp3, encrypted)."
    )
    max_storage_gib: Annotated[int, Field(ge=0, le=65536)] = Field(
        default=100, alias="maxStorageGiB", description="Storage grows by itself up to this; 0: it does not."
    )
    name: Identifier = Field(description="The app's database.")
    role: Identifier | None = Field(
        default=None, description="The app's own role, its database's owner; none: as the database."
    )
    scheme: Annotated[
        str, _rule(r"postgres(ql)?(\+[a-z0-9]+)?", "a URL scheme such as postgresql+asyncpg")
    ] = Field(default="postgresql", description="The scheme of DATABASE_URL, as the app's driver wants it.")
    services: tuple[str, ...] | None = Field(
        default=None, description="Services that get the database's variables; none: those that mention one."
    )
    multi_az: bool = Field(default=False, description="A standby in the second zone.")
    blue_green: bool = Field(default=False, description="Updates by a blue/green deployment.")
    backup_days: Annotated[int, Field(ge=1, le=35)] = Field(
        default=7, description="Point-in-time recovery reaches so far back."
    )
    parameters: dict[Annotated[str, _rule(r"[a-z0-9_.]+", "a parameter's name")], VariableValue] = Field(
        default={}, description="Parameters beyond AWS's defaults; those that need a reboot wait for one."
    )

    @property
    def owner(self) -> str:
        return self.role or self.name

    @model_validator(mode="after")
    def _fits(self) -> Database:
        for name, label in ((self.name, "name"), (self.owner, "role")):
            if name in (
                "postgres",
                "rdsadmin",
                "template0",
                "template1",
                "public",
                MASTER,
            ) or name.startswith(("pg_", "rds_")):
                raise ValueError(f"{label} '{name}' is PostgreSQL's or RDS's own; choose another")
        if self.max_storage_gib and self.max_storage_gib < self.storage_gib * 1.1:
            raise ValueError("maxStorageGiB is at least 10 % above storageGiB, or 0")
        if self.parameters.get("rds.force_ssl", "1") != "1":
            raise ValueError("rds.force_ssl stays on: the database takes verified TLS alone")
        return self


MASTER = "drawbridge_master"


class Alerts(Section):
    """Whom to tell what."""

    emails: tuple[Email, ...] = Field(
        min_length=1, description="Who is told; AWS asks each address to confirm once."
    )
    disk_percent: Annotated[int, Field(ge=1, le=99)] = Field(
        default=80, description="A machine's disk is fuller than this."
    )
    memory_percent: Annotated[int, Field(ge=1, le=99)] = Field(
        default=90, description="A machine's memory is fuller than this."
    )
    errors_per_5_minutes: Annotated[int, Field(ge=1)] = Field(
        default=10,
        alias="errorsPer5Minutes",
        description="More lines with ERROR or CRITICAL in the logs (CloudWatch logs only).",
    )


Ground = Literal["replace", "downtime", "exposure", "data-loss", "refused", "posture", "contract", "unknown"]
"""What the gate of `preview --fail-on` may close on."""


class Acknowledgement(Section):
    """One change of this pull request that may pass the gate of `preview --fail-on`."""

    change: Ground = Field(description="On which ground the gate closes.")
    of: Text = Field(
        description="What the gate names: a resource, a place such as app.example.com/admin, RULE/RESOURCE, an output."
    )
    reason: Text = Field(description="Why it may pass; shown in every report.")


# --- suppress ---------------------------------------------------------------------------------------------------------


def _known_rule(value: str) -> str:
    if value not in posture.BY_ID:
        near = difflib.get_close_matches(value, posture.BY_ID, n=1)
        raise ValueError(
            "the id of a rule, as docs/posture.md lists them"
            + (f" (did you mean {near[0]}?)" if near else "")
        )
    return value


def _date(value: Any) -> Any:
    try:
        return datetime.date.fromisoformat(str(value)[:10])
    except ValueError:
        raise ValueError("a date such as 2027-03-31") from None


class Suppression(Section):
    """A finding of the posture that was looked at and accepted. Every report shows it with its reason."""

    rule: Annotated[str, AfterValidator(_known_rule)] = Field(
        description="The rule's id (`docs/posture.md`)."
    )
    resource: Text = Field(description="The resource's name; * and ? stand for any text and any character.")
    reason: Annotated[str, _rule(r"(?s).{10,400}", "a sentence of 10 to 400 characters")] = Field(
        description="Why this is right here, in a sentence for the next reviewer."
    )
    until: Annotated[datetime.date, BeforeValidator(_date, json_schema_input_type=str)] | None = Field(
        default=None, description="The last day on which it holds, as in 2027-03-31; none: it holds."
    )


SecretDelivery = Literal["cloud-init", "parameter-store"]

SECTIONS: dict[str, Any] = {
    "cloudflare": Cloudflare,
    "app": App,
    "routes": tuple[Route, ...],
    "access": dict[Name, AccessPolicy],
    "identityProviders": dict[Name, IdentityProvider],
    "firewall": Firewall,
    "tunnel": Tunnel,
    "network": Network,
    "host": Host,
    "database": Database | None,
    "alerts": Alerts | None,
    "suppress": tuple[Suppression, ...],
    "secretDelivery": SecretDelivery,
    "protect": bool,
    "acknowledge": tuple[Acknowledgement, ...],
}
"""Every section of the `drawbridge:` namespace with its type; `secrets`, whose values never come here, is the other."""

REQUIRED = ("cloudflare", "app", "routes")
DEFAULTS: dict[str, Any] = {
    "access": {},
    "identityProviders": {},
    "firewall": {},
    "tunnel": {},
    "network": {},
    "host": {},
    "database": None,
    "alerts": None,
    "suppress": [],
    "secretDelivery": "cloud-init",
    "protect": "true",
    "acknowledge": [],
}
