"""Whether the compose file's own networks can be told apart from the machine's."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from ..compose.file import Compose
from ..errors import Finding
from ..lines import step
from ..settings import Network, Tunnel

Range = ipaddress.IPv4Network | ipaddress.IPv6Network


def check(compose: Compose, tunnel: Tunnel, network: Network) -> list[Finding]:
    taken: list[tuple[str, Range]] = [
        ("the connector's (tunnel.subnet)", ipaddress.ip_network(tunnel.subnet))
    ]
    if not network.vpc_id:
        taken.append(("the VPC's (network.cidr)", ipaddress.ip_network(network.cidr)))
    found: list[Finding] = []
    for name, body in compose.networks.items():
        place = step("networks", name)
        if body.get("external"):
            fix = "take `external` out: the machine has no other stack whose network it could be"
            found.append(compose.problem(place, "nothing on the machine has made this network before", fix))
        for text, subnet in _subnets(body):
            if subnet is None or subnet.is_loopback or subnet.is_link_local or subnet.is_multicast:
                found.append(
                    compose.finding(
                        f"{place}.ipam", "a range that containers can have, such as 10.201.0.0/24", text
                    )
                )
                continue
            for whose, other in taken:
                if subnet.version == other.version and subnet.overlaps(other):
                    rule = f"a range of its own; this one meets {whose}, {other}, and containers would not reach it"
                    found.append(
                        compose.finding(f"{place}.ipam", rule, text, "choose another, or leave `ipam` out")
                    )
            taken.append((f"that of the network '{name}'", subnet))
    return found


def _subnets(body: object) -> Iterator[tuple[str, Range | None]]:
    ipam = body.get("ipam") if isinstance(body, dict) else None
    for item in (ipam.get("config") if isinstance(ipam, dict) else None) or ():
        if isinstance(item, dict) and item.get("subnet"):
            try:
                yield str(item["subnet"]), ipaddress.ip_network(str(item["subnet"]), strict=False)
            except ValueError:
                yield str(item["subnet"]), None
