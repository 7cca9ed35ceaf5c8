"""Cloudflare Tunnel: the stack's only way in."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_cloudflare as cloudflare

from model import naming
from model.edge.ingress import CATCH_ALL, IngressRule
from model.settings import Cloudflare

from .secrets import draw_bytes


@dataclass(frozen=True, kw_only=True)
class TunnelArgs:
    """``rotation``: another value makes another secret, and so another tunnel token."""

    settings: Cloudflare
    hostnames: Sequence[str]
    rotation: str


class Tunnel(pulumi.ComponentResource):
    """A remotely managed tunnel, its ingress rules, and one proxied CNAME a hostname.

    The rules come by `lead`, after the constructor: they wait for the machines, and the machines hold the tunnel's token.
    """

    def __init__(self, name: str, args: TunnelArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("drawbridge:index:Tunnel", name, {}, opts)
        settings, hostnames, rotation = args.settings, args.hostnames, args.rotation
        child = pulumi.ResourceOptions(parent=self)
        self._names, self._settings = naming.Tunnel(name), settings
        names = self._names
        account = settings.account_id
        secret = draw_bytes(names.secret, 32, "base64", rotation, child)
        tunnel = cloudflare.ZeroTrustTunnelCloudflared(
            names.tunnel,
            account_id=account,
            name=name,
            config_src="cloudflare",
            tunnel_secret=secret,
            opts=child,
        )
        for hostname in sorted(hostnames):
            cloudflare.DnsRecord(
                names.dns(hostname),
                zone_id=settings.zone_id,
                name=hostname,
                type="CNAME",
                content=tunnel.id.apply(lambda tunnel_id: f"{tunnel_id}.cfargotunnel.com"),
                proxied=True,
                ttl=1,  # the provider refuses any other for a proxied record
                comment=f"Drawbridge: {name}",
                # A record that becomes one of another type may not stand beside its predecessor.
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
        self.id: Final[pulumi.Output[str]] = tunnel.id
        # Derived, not looked up: it is secret by taint, and a preview needs no permission to edit tunnels.
        self.token: Final[pulumi.Output[str]] = pulumi.Output.all(tunnel.id, secret).apply(
            lambda values: connector_token(account, values[0], values[1])
        )
        self.register_outputs({"tunnelId": tunnel.id})

    def lead(
        self,
        rules: Sequence[IngressRule],
        audiences: Mapping[str, pulumi.Output[str]],
        machines: pulumi.Input[pulumi.Resource],
        guards: Sequence[pulumi.Resource] = (),
    ) -> None:
        """Lead requests to the services of ``machines``: their group, and with it every connector that is to know the rules.

        All connectors take new rules at once, those of the machines that still serve too. So rules change when the new
        machines serve and before the old ones go: a service that comes with this release is not asked of the old ones while the
        new ones boot, and a release that fails changes no rule. Until the first rules come, connectors answer 503: a machine's
        readiness must not wait for them. ``guards`` are at the edge before the connector leads anybody to what they guard.
        """
        cloudflare.ZeroTrustTunnelCloudflaredConfig(
            self._names.ingress,
            account_id=self._settings.account_id,
            tunnel_id=self.id,
            source="cloudflare",
            config={
                "ingresses": [
                    *(_rule(rule, self._settings.team, audiences) for rule in rules),
                    {"service": CATCH_ALL},
                ]
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[machines, *guards]),
        )


def connector_token(account_id: str, tunnel_id: str, secret: str) -> str:
    """What cloudflared takes as its token: base64 of its TunnelToken (cloudflared, connection/connection.go)."""
    token = json.dumps({"a": account_id, "t": tunnel_id, "s": secret}, separators=(",", ":"))
    return base64.b64encode(token.encode()).decode()


def _rule(rule: IngressRule, team: str, audiences: Mapping[str, pulumi.Output[str]]) -> dict[str, Any]:
    origin: dict[str, Any] = dict(rule.origin)
    if rule.application:
        origin["access"] = {"aud_tags": [audiences[rule.application]], "team_name": team, "required": True}
    result: dict[str, Any] = {"hostname": rule.hostname, "service": rule.service}
    if rule.path:
        result["path"] = rule.path
    if origin:
        result["origin_request"] = origin
    return result
