"""The tunnel, its ingress rules and its DNS records."""

from __future__ import annotations

import re

from preview.posture.program import Program
from preview.posture.read import ingresses
from preview.posture.rule import Broken, rule
from preview.resource_types.type_names import DNS_RECORD, TUNNEL, TUNNEL_CONFIGURATION
from preview.resources import Resource, Secret


@rule(
    id="catch-all",
    severity="critical",
    title="The connector answers requests that have no route",
    promise="The connector answers 404 to whatever has no route",
    why="A last rule that is a service, or a rule without a hostname, serves every name that is ever pointed at the tunnel.",
    fix="Let the last ingress rule be `http_status:404`, and name a hostname in all others.",
)
def catch_all(program: Program) -> Broken:
    for config in program.of(TUNNEL_CONFIGURATION):
        rules = ingresses(config)
        if not rules or rules[-1] != {"service": "http_status:404"}:
            yield config.name, f"the last rule is {rules[-1] if rules else 'missing'}"
        for entry in rules[:-1]:
            if not entry.get("hostname"):
                yield config.name, f"a rule for any hostname: {entry.get('service')}"


_RECORD = {"proxied": True, "ttl": 1, "type": "CNAME"}


def _of_tunnel(record: Resource) -> bool:
    content = str(record.inputs.get("content", ""))
    return content.endswith(".cfargotunnel.com") or content.startswith("«")


@rule(
    id="hostname-dns",
    severity="high",
    title="A routed hostname and its DNS record do not match",
    promise="Every routed hostname has its proxied DNS record, and the reverse",
    why="A record without a route is a name that others may claim; one that is not proxied is past firewall and Access.",
    fix="Let the routes make the records: a CNAME to the tunnel, proxied, TTL 1.",
)
def hostname_dns(program: Program) -> Broken:
    if not program.of(TUNNEL_CONFIGURATION):
        return
    routed = {entry["hostname"]: config for config, entry in program.ingress}
    records = {record.inputs.get("name"): record for record in program.of(DNS_RECORD) if _of_tunnel(record)}
    for host in sorted(set(routed) - set(records)):
        yield routed[host].name, f"{host} has a route and no record"
    for host in sorted(set(records) - set(routed), key=str):
        yield records[host].name, f"{host} has a record and no route"
    for record in records.values():
        wrong = [f"{k}: {record.inputs.get(k)}" for k, v in _RECORD.items() if record.inputs.get(k) != v]
        if wrong:
            yield record.name, ", ".join(wrong)


@rule(
    id="dns-unproxied",
    severity="high",
    title="A DNS record shows where its target is",
    promise="DNS records of services are proxied",
    why="Visitors of this name go to the address itself, past Cloudflare's firewall and Access, and learn it.",
    fix="`proxied: true`, or a route of this stack; suppress it with the reason where the target must be asked directly.",
)
def dns_unproxied(program: Program) -> Broken:
    for record in program.of(DNS_RECORD):
        data = record.inputs
        host = str(data.get("name", ""))
        # What begins with an underscore proves or describes something (`_acme-challenge`, `_domainkey`): nobody visits it.
        visited = data.get("type") in ("A", "AAAA", "CNAME") and not re.search(r"(^|\.)_", host)
        judged_as_route = _of_tunnel(record) and bool(program.of(TUNNEL_CONFIGURATION))
        if visited and data.get("proxied") is not True and not judged_as_route:
            yield record.name, f"{host} is {data.get('content')}"


@rule(
    id="origin-tls",
    severity="medium",
    title="The connector does not verify the certificate of an HTTPS service",
    promise="The connector verifies the certificate of an HTTPS service",
    why="With noTLSVerify any container on the network can pose as the service.",
    fix="Give `caPool` (one of app.files) and `originServerName`, or speak http:// on the machine's own network.",
)
def origin_tls(program: Program) -> Broken:
    for config, entry in program.ingress:
        unchecked = (entry.get("originRequest") or {}).get("noTlsVerify") is True
        if unchecked and str(entry.get("service", "")).startswith(("https://", "wss://")):
            yield (
                config.name,
                f"{entry['hostname']} {entry.get('path', '')}".rstrip()
                + f": {entry['service']} is not verified",
            )


@rule(
    id="tunnel-managed",
    severity="high",
    title="The tunnel is not managed by this stack, or its secret is not kept secret",
    promise="The tunnel is managed by this stack, its secret unknown to others",
    why="A locally managed tunnel takes its rules from a file on a machine: what is reviewed is not what runs.",
    fix="`config_src: cloudflare` and a secret made by the stack.",
)
def tunnel_managed(program: Program) -> Broken:
    for tunnel in program.of(TUNNEL):
        if tunnel.inputs.get("configSrc") != "cloudflare":
            yield tunnel.name, f"configSrc {tunnel.inputs.get('configSrc', 'local')}"
        if not isinstance(tunnel.raw.get("tunnelSecret"), Secret):
            yield tunnel.name, "its secret is missing or plain"
