"""Whether the connector's subnet and the VPC can be told apart."""

from __future__ import annotations

import ipaddress

from ..errors import Finding, finding
from ..settings import Network, Tunnel


def check(tunnel: Tunnel, network: Network) -> list[Finding]:
    if ipaddress.ip_network(tunnel.subnet).overlaps(ipaddress.ip_network(network.cidr)):
        expected = f"a range outside the VPC's ({network.cidr}), for machines could not tell the two apart"
        return [finding("tunnel.subnet", expected, tunnel.subnet)]
    return []
