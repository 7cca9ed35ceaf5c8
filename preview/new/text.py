"""A proposal as a stack file, with a comment on every choice."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import yaml

from preview.new.proposal import Proposal

REGION = "eu-central-1"


def stack_file(proposal: Proposal, *, region: str, zone: str, account: str, zone_id: str, team: str) -> str:
    lines = [
        f"# Written by `preview new` for {proposal.compose}, which stays as it is; a reason stands at each choice.",
        "# Every key: docs/settings.md and docs/Pulumi.example.yaml of Drawbridge. Paths are relative to Pulumi.yaml.",
        "config:",
        f"  aws:region: {region}",
        "  drawbridge:cloudflare:",
        "    # Yours, from the dashboard: the zone's overview shows both ids, Zero Trust its team's name.",
        f"    accountId: {_flow(account)}",
        f"    zoneId: {_flow(zone_id)}",
        f"    zone: {_flow(zone)}",
        "    plan: free # or pro, business, enterprise",
        f"    team: {_flow(team)} # of {team}.cloudflareaccess.com",
        "  drawbridge:app:",
    ]
    for key, value in proposal.app().items():
        lines += [*_comment(proposal.why.get(key, ()), 4), *_entry(key, value, 4)]
    lines.append("  drawbridge:routes:")
    lines += _comment(
        [
            *proposal.why.get("routes", ()),
            *(f"also published, without a route: {other}" for other in proposal.others),
            "access: `team` asks for a login before a request reaches the app; `public` lets everybody through",
        ],
        4,
    )
    for service, port in proposal.routes:
        scheme = "https" if port in (443, 8443) else "http"
        origin = ", origin: {noTLSVerify: true}" if scheme == "https" else ""
        url = f"{scheme}://{service}:{port}"
        lines.append(f'    - {{hostname: {proposal.host}, service: "{url}", access: team{origin}}}')
    if not proposal.routes:
        lines.append(f'    - {{hostname: {proposal.host}, service: "http_status:503", access: team}}')
    lines += [
        "  drawbridge:access:",
        f"    team: {{allow: {{domains: [{zone}]}}, session: 24h}} # whoever has an address of this domain",
        *_comment(["by the number and the kind of its services; `status` tells later what it uses"], 2),
        f"  drawbridge:host: {{instanceType: {proposal.instance}, diskGiB: 30, replicas: 1}}",
    ]
    if proposal.database:
        lines += _comment(proposal.why.get("database", ()), 2)
        lines.append(f"  drawbridge:database: {_flow(proposal.database)}")
    if proposal.egress:
        lines += _comment(proposal.why.get("network", ()), 2)
        lines.append(f"  drawbridge:network: {_flow({'egress': proposal.egress})}")
    lines.append(f"  drawbridge:alerts: {{emails: [ops@{zone}]}}")
    return "\n".join(lines) + "\n"


def _comment(reasons: Any, indent: int) -> Iterator[str]:
    for reason in reasons:
        printable = " ".join(str(reason).split())
        yield from textwrap.wrap(
            printable,
            118,
            initial_indent=" " * indent + "# ",
            subsequent_indent=" " * indent + "#   ",
            break_long_words=False,
        )


def _entry(key: str, value: Any, indent: int) -> Iterator[str]:
    space = " " * indent
    flow = _flow(value)
    if len(flow) + len(key) + indent <= 110 and not (isinstance(value, dict) and len(value) > 3):
        yield f"{space}{key}: {flow}"
    elif isinstance(value, dict):
        yield f"{space}{key}:"
        for name, inner in value.items():
            yield f"{space}  {_flow(name)}: {_flow(inner)}"
    else:
        yield f"{space}{key}:"
        yield from (f"{space}  - {_flow(item)}" for item in value)


def _flow(value: Any) -> str:
    text: str = yaml.safe_dump(
        value, default_flow_style=True, width=1_000_000, allow_unicode=True, sort_keys=False
    )
    return text.removesuffix("\n").removesuffix("\n...").strip()
