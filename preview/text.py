"""The report for people: who reaches what, what may speak to what, what holds state, and the tree of all resources."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from .evaluate import MASK, Evaluation, Resource

INGRESS = "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig"
APPLICATION = "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication"
POLICY = "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy"
INBOUND = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
OUTBOUND = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
STATEFUL = {
    "aws:rds/instance:Instance": "database",
    "aws:efs/fileSystem:FileSystem": "files",
    "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared": "the tunnel's identity",
}


def to_text(evaluation: Evaluation, colour: bool = False) -> str:
    """For a terminal (`colour`) at its own width, otherwise plain text 120 wide."""
    buffer = io.StringIO()
    width = max(shutil.get_terminal_size((120, 40)).columns, 80) if colour else 120
    console = Console(file=buffer, force_terminal=colour, no_color=not colour, width=width, highlight=False, legacy_windows=False)
    console.print(f"[bold]{escape(evaluation.project)} / {escape(evaluation.stack)}[/bold]\n")
    for table in (_reach(evaluation), _groups(evaluation), _state(evaluation)):
        if table.row_count:
            console.print(table)
            console.print()
    console.print(_tree(evaluation))
    console.print("\n[bold]Outputs[/bold]")
    for name, value in evaluation.outputs.items():
        console.print(f"  {name}: {escape(_short(value))}", overflow="ellipsis", no_wrap=True)
    if evaluation.warnings:
        console.print("\n[bold yellow]Warnings[/bold yellow]")
        for warning in evaluation.warnings:
            console.print(f"  {escape(warning)}")
    count = len(evaluation.resources)
    console.print(f"\n{count} resources, {len(evaluation.warnings)} warnings. No cloud was asked.")
    return re.sub(r" +$", "", buffer.getvalue(), flags=re.MULTILINE)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold", header_style="dim")
    return table


def _reach(evaluation: Evaluation) -> Table:
    """Every ingress rule with whoever gets to it; what is not listed is answered 404."""
    table = _table("Who can reach what", "from the Internet", "service", "who")
    policies = {f"«{policy.name}.id»": policy for policy in evaluation.of_type(POLICY)}
    for config in evaluation.of_type(INGRESS):
        for rule in config.inputs["config"]["ingresses"]:
            if "hostname" not in rule:
                table.add_row("anything else", rule["service"], "nobody")
                continue
            where = rule["hostname"] + (f"  {rule['path']}" if "path" in rule else "")
            tags = rule.get("originRequest", {}).get("access", {}).get("audTags", [])
            guards = [a for a in evaluation.of_type(APPLICATION) if f"«{a.name}.aud»" in tags]
            who = "; ".join(_who(policies[p["id"]], a) for a in guards for p in a.inputs["policies"] if p["id"] in policies)
            table.add_row(escape(where), rule["service"], escape(who) or "[bold]everyone on the Internet[/bold]")
    return table


def _who(policy: Resource, application: Resource) -> str:
    rules = [_rule(rule) for rule in policy.inputs.get("includes", [])]
    text = ", ".join(rules)
    requires = [_rule(rule) for rule in policy.inputs.get("requires", [])]
    if requires:
        text += ", each with " + " and ".join(requires)
    if policy.inputs.get("mfaConfig"):
        text += ", second factor"
    if policy.inputs["decision"] == "allow":
        text += f", session {application.inputs['sessionDuration']}"
    return text


def _rule(rule: dict[str, Any]) -> str:
    ((kind, body),) = rule.items()
    words: dict[str, Callable[[dict[str, Any]], str]] = {
        "email": lambda b: b["email"],
        "emailDomain": lambda b: "@" + b["domain"],
        "everyone": lambda b: "anyone who logs in",
        "serviceToken": lambda b: "service token " + re.sub(r"^«.*-token-(.*)\.id»$", r"\1", b["tokenId"]),
        "githubOrganization": lambda b: "GitHub " + b["name"] + ("/" + b["team"] if "team" in b else ""),
        "oidc": lambda b: f"{b['claimName']}={b['claimValue']}",
        "geo": lambda b: "from " + b["countryCode"],
        "ip": lambda b: "from " + b["ip"],
        "group": lambda b: "Access group " + b["id"],
        "authMethod": lambda b: b["authMethod"],
    }  # fmt: skip
    return words[kind](body) if kind in words else kind


def _groups(evaluation: Evaluation) -> Table:
    table = _table("What may speak to what", "direction", "group", "peer", "port", "why")
    for direction, token in (("in", INBOUND), ("out", OUTBOUND)):
        for rule in evaluation.of_type(token):
            data = rule.inputs
            peer = (
                data.get("referencedSecurityGroupId") or data.get("cidrIpv4") or data.get("cidrIpv6") or data.get("prefixListId")
            )
            row = (
                _group(data["securityGroupId"]),
                _group(str(peer)),
                f"{data['ipProtocol']}/{data.get('fromPort', 'all')}",
            )
            table.add_row(direction, *map(escape, row), escape(data.get("description", "")))
    return table


def _group(text: str) -> str:
    return re.sub(r"^«.*-network-([a-z]+)\.id»$", r"\1", text)


def _state(evaluation: Evaluation) -> Table:
    table = _table("What holds state", "resource", "what", "protection")
    for resource in evaluation.resources:
        if resource.type in STATEFUL:
            table.add_row(escape(resource.name), STATEFUL[resource.type], ", ".join(_protection(resource, evaluation)) or "none")
    return table


def _protection(resource: Resource, evaluation: Evaluation) -> Iterable[str]:
    data = resource.inputs
    if resource.options["protect"]:
        yield "protected from deletion by Pulumi"
    if data.get("deletionProtection"):
        yield "and by AWS"
    if data.get("backupRetentionPeriod"):
        yield f"{data['backupRetentionPeriod']} days of point-in-time recovery"
    if data.get("skipFinalSnapshot") is False:
        yield "final snapshot"
    if any(
        b.inputs.get("fileSystemId") == f"«{resource.name}.id»" for b in evaluation.of_type("aws:efs/backupPolicy:BackupPolicy")
    ):
        yield "daily backups"
    if data.get("encrypted") or data.get("storageEncrypted"):
        yield "encrypted"


def _tree(evaluation: Evaluation) -> Tree:
    root = Tree("[bold]Resources[/bold]")
    places: dict[str, Tree] = {}
    for resource in evaluation.resources:
        marks = [mark for mark, on in _marks(resource) if on]
        label = f"{escape(resource.name)}  [dim]{escape(_type(resource.type))}[/dim]"
        label += "".join(f"  [cyan]{mark}[/cyan]" for mark in marks)
        places[resource.urn] = places.get(resource.parent, root).add(label)
    return root


def _marks(resource: Resource) -> Iterable[tuple[str, bool]]:
    yield "state", resource.type in STATEFUL
    yield "protected", bool(resource.options["protect"])
    yield "secret", _holds_secret(resource.inputs) or bool(resource.options["additionalSecretOutputs"])


def _holds_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_secret, value.values()))
    return any(map(_holds_secret, value)) if isinstance(value, list) else value == MASK


def _type(token: str) -> str:
    package, _, rest = token.partition(":")
    module, _, name = rest.partition(":")
    short = module.partition("/")[0]
    return f"{package}:{name}" if short == "index" else f"{package}:{short}:{name}"


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_short(item)}" for key, item in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_short, value)) or "none"
    return "none" if value is None else str(value)
