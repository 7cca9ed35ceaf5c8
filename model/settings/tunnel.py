"""`drawbridge:tunnel`: the connector."""

from __future__ import annotations

import ipaddress
from typing import Literal

from pydantic import Field, model_validator

from ..errors import Invalid
from .base import Cidr, Section, duration, usable
from .routes import OriginRequest


class Tunnel(Section):
    """The connector."""

    image: str = Field(default="cloudflare/cloudflared:2026.8.2", description="cloudflared's image, pinned.")
    grace: duration(1, 180, "grace") = Field(  # type: ignore[valid-type]
        default=30, description="How long requests in flight may take when the connector stops."
    )
    protocol: Literal["auto", "quic", "http2"] = Field(
        default="auto", description="How the connector reaches the edge."
    )
    rotation: str = Field(
        default="1",
        description="Any text; another text makes a new tunnel secret, not a new tunnel. From then on machines with the former "
        "one keep their connections and cannot make new ones: rotate apart from other changes, with two replicas or more.",
    )
    subnet: Cidr = Field(
        default="172.16.80.0/24",
        description="The network on the machines that the connector and the routed services share, and nothing else.",
    )
    origin: OriginRequest = Field(default=OriginRequest(), description="Defaults for every route's `origin`.")

    @model_validator(mode="after")
    def _has_room(self) -> Tunnel:
        subnet = ipaddress.ip_network(self.subnet)
        if subnet.version != 4 or not 16 <= subnet.prefixlen <= 28:
            raise Invalid("a private IPv4 range of /16 to /28", self.subnet, key="subnet")
        usable("subnet", self.subnet)
        return self
