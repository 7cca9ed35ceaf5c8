"""The zone's rules and settings."""

from __future__ import annotations

from typing import Any

from preview.posture.program import Program
from preview.posture.read import guard, items
from preview.posture.rule import Broken, rule
from preview.resource_types.type_names import RULESET, URL_NORMALIZATION, ZONE_SETTING


@rule(
    id="shared-host-paths",
    severity="high",
    title="A protected path on a public hostname is not guarded against unusual spellings",
    promise="A protected path on a public host is guarded against odd spellings",
    why="Access, the connector and the app may read `//admin` or `%2fadmin` differently; one of them lets it pass.",
    fix="Normalise paths at the edge and refuse encoded separators (`firewall.owner`), or use a hostname of its own.",
)
def shared_host_paths(program: Program) -> Broken:
    guarded = {rule["hostname"] for _, rule in program.ingress if guard(rule)}
    normalised = any(
        item.inputs.get("scope") in ("both", "incoming") for item in program.of(URL_NORMALIZATION)
    )
    for config, host in program.public_hosts:
        if host not in guarded:
            continue
        refused = any(
            "%2f" in str(rule.get("expression"))
            for rule in _rules(program, "http_request_firewall_custom", host)
        )
        missing = [
            what
            for what, on in (("paths are not normalised", normalised), ("odd spellings are let in", refused))
            if not on
        ]
        if missing:
            yield config.name, f"{host}: {', '.join(missing)}"


def _rules(program: Program, phase: str, host: str) -> list[dict[str, Any]]:
    """The enabled rules of a phase that may concern a host: those that name it, or name no host at all."""
    rules = [
        rule
        for ruleset in program.of(RULESET)
        if ruleset.inputs.get("phase") == phase
        for rule in items(ruleset.inputs.get("rules"))
        if rule.get("enabled", True)
    ]
    return [rule for rule in rules if _concerns(str(rule.get("expression", "")), host)]


def _concerns(expression: str, host: str) -> bool:
    parent = host.partition(".")[2]
    return "http.host" not in expression or f'"{host}"' in expression or f'".{parent}"' in expression


@rule(
    id="public-waf",
    severity="medium",
    title="A public hostname has no managed firewall rules",
    promise="Public routes stand behind managed firewall rules",
    why="Known exploits are tried on every public name within hours.",
    fix="`firewall.managed: true` (Pro and above), in the stack that owns the zone's rules.",
)
def public_waf(program: Program) -> Broken:
    for config, host in program.public_hosts:
        if not _rules(program, "http_request_firewall_managed", host):
            yield config.name, f"{host}: this stack makes no managed rules"


@rule(
    id="public-rate-limit",
    severity="low",
    title="A public hostname has no rate limit",
    promise="Public hosts have a rate limit",
    why="Without one a single client can exhaust the machines or guess passwords at full speed.",
    fix="Add an entry to `firewall.rateLimits` for the host or its costly paths.",
)
def public_rate_limit(program: Program) -> Broken:
    for config, host in program.public_hosts:
        if not _rules(program, "http_ratelimit", host):
            yield config.name, f"{host}: this stack makes no rate limit for it"


@rule(
    id="zone-tls",
    severity="medium",
    title="The zone accepts plain HTTP or old TLS, or does not verify its origins",
    promise="The zone takes HTTPS alone, TLS 1.2 or newer, and verifies its origins",
    why="Older TLS is broken, plain HTTP can be read and changed on its way.",
    fix='`firewall.zone`: `minTls: "1.2"`, `alwaysHttps: true`, `ssl: strict`.',
)
def zone_tls(program: Program) -> Broken:
    for setting in program.of(ZONE_SETTING):
        name, value = setting.inputs.get("settingId"), setting.inputs.get("value")
        allowed = {"min_tls_version": ("1.2", "1.3"), "always_use_https": ("on",), "ssl": ("strict",)}.get(
            str(name)
        )
        if allowed and value not in allowed and not str(value).startswith("«"):
            yield setting.name, f"{name}: {value}"


@rule(
    id="ruleset-identity",
    severity="medium",
    title="A zone has two rulesets in one phase, or rules without stable names",
    promise="A zone has one ruleset a phase, its rules with stable names",
    why="The API refuses a second entry point in mid-update; rules without `ref` show as changed in every run.",
    fix="One ruleset a phase, deleted before it is replaced, each rule with a `ref` of its own.",
)
def ruleset_identity(program: Program) -> Broken:
    rulesets = program.of(RULESET)
    phases = [(ruleset.inputs.get("zoneId"), ruleset.inputs.get("phase")) for ruleset in rulesets]
    for ruleset, phase in zip(rulesets, phases, strict=True):
        if phases.count(phase) > 1:
            yield ruleset.name, f"another ruleset has phase {phase[1]} too"
        if not ruleset.options.get("deleteBeforeReplace"):
            yield ruleset.name, "is not deleted before it is replaced"
        refs = [rule.get("ref") for rule in items(ruleset.inputs.get("rules"))]
        if not all(refs) or len(set(refs)) != len(refs):
            yield ruleset.name, f"refs {refs}"
