"""`drawbridge:routes`: hostnames and paths, the services behind them, and who may reach them."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, model_validator

from ..errors import Invalid
from .base import Hostname, Path, RelativePath, Section, ServiceUrl, duration, pattern


class OriginRequest(Section):
    """How the connector speaks to a service: cloudflared's own `originRequest`."""

    connect_timeout: duration(1, 600, "connectTimeout") | None = Field(  # type: ignore[valid-type]
        default=None, description="For a TCP connection to the service."
    )
    tls_timeout: duration(1, 600, "tlsTimeout") | None = Field(  # type: ignore[valid-type]
        default=None, description="For a TLS handshake with the service."
    )
    tcp_keep_alive: duration(1, 3600, "tcpKeepAlive") | None = Field(  # type: ignore[valid-type]
        default=None, description="Between TCP keep-alive packets."
    )
    keep_alive_timeout: duration(1, 3600, "keepAliveTimeout") | None = Field(  # type: ignore[valid-type]
        default=None, description="After which an idle connection is dropped."
    )
    keep_alive_connections: Annotated[int, Field(ge=0, le=100_000)] | None = Field(
        default=None, description="Idle connections kept to the service."
    )
    no_happy_eyeballs: bool | None = Field(default=None, description="Do not race IPv4 against IPv6.")
    http_host_header: (
        Annotated[str, pattern(r"[A-Za-z0-9._-]{1,253}(:\d{1,5})?", "a Host header: a name, or NAME:PORT")]
        | None
    ) = Field(default=None, description="The Host header that the service gets.")
    origin_server_name: (
        Annotated[str, pattern(r"[A-Za-z0-9*._-]{1,253}", "a name as certificates have them")] | None
    ) = Field(default=None, description="The name expected in the service's certificate.")
    match_sn_ito_host: bool | None = Field(
        default=None, alias="matchSNItoHost", description="Send the request's host as the TLS server name."
    )
    ca_pool: RelativePath | None = Field(
        default=None,
        description="A CA file for the service's certificate: one of `app.files`, by its name on the machine.",
    )
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

    @model_validator(mode="after")
    def _speaks_http2_over_tls(self) -> Route:
        if self.origin.http2_origin and self.service.startswith("http://"):
            raise Invalid(
                key="origin.http2Origin",
                problem="http2Origin means nothing for http://: the connector speaks HTTP/2 to a service over TLS alone",
                fix="leave it out, or write https:// and serve TLS",
            )
        return self

    @property
    def target(self) -> str | None:
        """The compose service's name; None for http_status."""
        return None if self.service.startswith("http_status:") else urlsplit(self.service).hostname

    @property
    def public(self) -> bool:
        return self.access == "public"
