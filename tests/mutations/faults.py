"""The faults: in which file, which text becomes which, and the tests near it. The text stands there once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def _in(file: str, *faults: tuple[str, str], by: tuple[str, ...]) -> list[Fault]:
    return [Fault(file, old, new, by) for old, new in faults]


GOLDEN = ("tests/golden/test_golden.py", "tests/components")
AGENT = ("tests/machine/test_agent.py",)

MODEL = [
    *_in(
        "model/checks/compose_capacity.py",
        ("if time > host.stop_timeout", "if time > 2 * host.stop_timeout"),
        ("limit * _containers(service.body)", "limit"),
        by=("tests/model/test_compose_cases.py",),
    ),
    *_in(
        "model/adopted_subnets.py",
        ("if len(set(zones)) < len(zones):", "if len(zones) < len(set(zones)):"),
        ("if subnet.zone not in zones:", "if not zones:"),
        by=("tests/model/test_adopted_subnets.py",),
    ),
    *_in(
        "model/durations.py",
        ('"d": 86400', '"d": 8640'),
        ('if not parts or "".join', 'if parts and "".join'),
        by=("tests/model/test_units.py",),
    ),
    *_in(
        "model/paths.py",
        ('f"^{escaped}(/|$)"', 'f"^{escaped}"'),
        ('path == self.literal + "/" and self.literal != "/"', 'path == self.literal + "/"'),
        by=("tests/model/test_paths.py",),
    ),
    *_in(
        "model/edge/ingress.py",
        ("application=None if route.public else", "application=None if route.path else"),
        ("{**origin_request(defaults), **origin_request(route.origin)}", "origin_request(route.origin)"),
        by=("tests/model/test_routing.py", "tests/model/test_stack.py"),
    ),
    *_in(
        "model/edge/matching.py",
        ("-len(path.literal) if path else 0,", "len(path.literal) if path else 0,"),
        by=("tests/model/test_routing.py", "tests/model/test_stack.py"),
    ),
    *_in(
        "model/edge/path_guard.py",
        ("or low.endswith(ODD_ENDS)", ""),
        ('"%5c", ', ""),
        by=("tests/model/test_path_guard.py", "tests/model/test_routing.py"),
    ),
    *_in(
        "model/edge/rules.py",
        ("limit.block or (10 if plan", "limit.block or (60 if plan"),
        ('if plan == "free":\n        return limit.path', 'if plan == "pro":\n        return limit.path'),
        by=("tests/model/test_edge_rules.py", "tests/golden/test_golden.py"),
    ),
    *_in(
        "model/checks/upload_size.py",
        ("largest < declared <= allowed", "largest <= declared <= allowed"),
        ("if limits and max(limits) > allowed:", "if limits and min(limits) > allowed:"),
        by=("tests/model/test_facts.py", "tests/model/test_limits.py"),
    ),
    *_in(
        "model/machine/permissions.py",
        ('{"aws:TagKeys": [READY_TAG]}', '{"aws:TagKeys": ["*"]}'),
        ("if machine.metrics:", "if not machine.metrics:"),
        by=("tests/model/test_iam.py", "tests/golden/test_golden.py"),
    ),
    *_in(
        "model/machine/database_variables.py",
        ("quote(password, safe='')", "password"),
        ('if driver == "asyncpg"', 'if driver == "psycopg"'),
        ('if name != "rds.force_ssl"', ""),
        by=("tests/model/test_database_facts.py",),
    ),
    *_in(
        "model/compose/overlay.py",
        ('f"{tunnel.grace + 5}s"', 'f"{tunnel.grace}s"'),
        (
            '{"type": "bind", "source": TOKEN_FILE, "target": "/etc/cloudflared/token", "read_only": True}',
            '{"type": "bind", "source": TOKEN_FILE, "target": "/etc/cloudflared/token"}',
        ),
        by=("tests/model/test_overlay.py", "tests/golden/test_golden.py"),
    ),
]

COMPONENTS = [
    *_in(
        "components/database.py",
        ("delete_automated_backups=False", "delete_automated_backups=True"),
        ("skip_final_snapshot=not settings.final_snapshot", "skip_final_snapshot=True"),
        ('["username", "finalSnapshotIdentifier"]', '["username"]'),
        ("                protect=protect,\n", ""),
        by=GOLDEN,
    ),
    *_in(
        "components/access.py",
        ('additional_secret_outputs=["config"]', "additional_secret_outputs=None"),
        ('decision="non_identity" if tokens else "allow"', 'decision="allow"'),
        by=GOLDEN,
    ),
    *_in(
        "components/firewall.py",
        (
            'additional_secret_outputs=["rules"] if label == "verify" else None',
            "additional_secret_outputs=None",
        ),
        ("if len(rules_of_all) > allowed:", "if len(rules_of_all) > allowed + 1:"),
        ("delete_before_replace=True", "delete_before_replace=False"),
        by=GOLDEN,
    ),
    *_in(
        "components/host.py",
        ("drain = settings.stop_timeout + 60", "drain = settings.stop_timeout"),
        ('replace_on_changes=["launchTemplate", "#initerror"]', 'replace_on_changes=["launchTemplate"]'),
        ('"default_result": "ABANDON"', '"default_result": "CONTINUE"'),
        ("depends_on=[permissions, *args.paths]", "depends_on=[permissions]"),
        by=GOLDEN,
    ),
    *_in(
        "model/machine/launches.py",
        ('in ("Failed", "Cancelled")', 'in ("Cancelled",)'),
        by=("tests/model/test_launches.py",),
    ),
    *_in("components/network.py", ("preserve_client_ip=False", "preserve_client_ip=True"), by=GOLDEN),
    *_in(
        "components/storage.py", ("system.dns_name, *(t.id for t in targets)", "system.dns_name"), by=GOLDEN
    ),
    *_in("components/tunnel.py", ("proxied=True", "proxied=False"), by=GOLDEN),
    *_in("components/alerts.py", ("silence=Silence.KEEPS_STATE", "silence=Silence.GOOD"), by=GOLDEN),
]

CLOUD_INIT = [
    *_in(
        "cloud-init/drawbridge",
        ("token, 0o400, 65532)", "token, 0o444, 65532)"),
        ('state["ExitCode"] == 0 and once', "once"),
        ("if not open_points and now == before:", "if not open_points:"),
        ('.replace("$", "\\\\$")', ""),
        ('if here["launch_hook"] and not launched(instance):', 'if here["launch_hook"]:'),
        ("WithDecryption=True", "WithDecryption=False"),
        by=(*AGENT, "tests/machine/test_texts.py"),
    ),
    *_in(
        "cloud-init/boot",
        ("[[ -d $root/$volume ]] || install", "install"),
        ("--proto '=https' ", ""),
        ('touch "$BOOTED"', "true"),
        by=("tests/machine/test_boot.py",),
    ),
]

PREVIEW = [
    *_in(
        "preview/analysis/gate.py",
        ('Consequence.AT_RISK: "data-loss"', 'Consequence.AT_RISK: "replace"'),
        ("if key not in spent}", "}"),
        (
            "elif finding.severity and not at_least(finding.severity, least):",
            "elif finding.severity and at_least(finding.severity, least):",
        ),
        by=(
            "tests/preview/test_gate.py",
            "tests/preview/test_posture_change.py",
            "tests/preview/test_compare.py",
        ),
    ),
    *_in(
        "preview/diff/differences.py",
        ("longest = max(len(old), len(new))", "longest = min(len(old), len(new))"),
        ("sorted(items, key=_text) if is_set(path, value) else items", "items"),
        by=(
            "tests/preview/test_differences.py",
            "tests/preview/test_compare.py",
            "tests/preview/test_whole_stack.py",
            "tests/preview/test_engine_plan.py",
        ),
    ),
    *_in(
        "preview/diff/leaves.py",
        ("return output not in change.after.inputs", "return True"),
        ("if not isinstance(probed, str) or probed == text:", "if not isinstance(probed, str):"),
        by=(
            "tests/preview/test_compare.py",
            "tests/preview/test_whole_stack.py",
            "tests/preview/test_derivations.py",
        ),
    ),
    *_in(
        "preview/analysis/consequences/database.py",
        ("if 0 < sizes[1] < sizes[0]:", "if 0 < sizes[0] < sizes[1]:"),
        ("if versions[1][:common] < versions[0][:common]:", "if versions[1] < versions[0]:"),
        by=(
            "tests/preview/consequences/test_database.py",
            "tests/preview/test_consequences.py",
            "tests/preview/test_changes.py",
        ),
    ),
    *_in(
        "preview/analysis/consequences/machines.py",
        ("if all(names) and names[0] != names[1]:", "if any(names) and names[0] != names[1]:"),
        ('hook.get("defaultResult") != "ABANDON"', 'hook.get("defaultResult") == "CONTINUE"'),
        by=(
            "tests/preview/consequences",
            "tests/preview/test_consequences.py",
            "tests/preview/test_app_consequences.py",
            "tests/preview/test_changes.py",
        ),
    ),
    *_in(
        "preview/analysis/reach.py",
        ("return self.edge or self.entry.logins", "return self.edge"),
        by=("tests/preview/test_reach.py", "tests/preview/exposures/test_logins_opened.py"),
    ),
    *_in(
        "preview/posture/judgement.py",
        ("if item.until is None or day <= item.until:", "if item.until is None or day < item.until:"),
        ("fnmatch.fnmatchcase(resource, item.resource)", "fnmatch.fnmatch(resource, item.resource + '*')"),
        by=("tests/preview/test_posture.py",),
    ),
    *_in(
        "preview/posture/rules/network.py",
        ('for key in ("cidrIpv4", "cidrIpv6", "prefixListId")', 'for key in ("cidrIpv4", "cidrIpv6")'),
        by=("tests/preview/test_posture.py",),
    ),
    *_in(
        "preview/analysis/billing/machines.py",
        ('elif tenancy not in (None, "", "default"):', "elif False:"),
        by=("tests/preview/test_billing.py", "tests/preview/test_cost.py"),
    ),
    *_in(
        "preview/report/sarif.py",
        ("_digest(result.rule.id, where.stack, result.subject)", "_digest(result.rule.id, result.subject)"),
        ("if result.accepted:", "if not result.accepted:"),
        by=("tests/preview/test_sarif.py",),
    ),
    *_in(
        "preview/evaluate/unknowns.py",
        ('_whole(inputs.get("length"), 32)', "32"),
        by=("tests/preview/test_derivations.py", "tests/preview/test_evaluate.py"),
    ),
]

POLICY = [
    *_in(
        "policy/resources.py",
        ('if key != "__defaults"', ""),
        ("return sources.pop(0) if len(sources) > 1 else sources[0]", "return sources[0]"),
        by=("tests/policy",),
    ),
    *_in(
        "policy/__main__.py",
        ('"high": EnforcementLevel.MANDATORY', '"high": EnforcementLevel.ADVISORY'),
        by=("tests/policy",),
    ),
]

SCRIPTS = [
    *_in(
        ".github/scripts/talk.py",
        ('if pull["head"]["sha"] != run["head_sha"]:', "if False:"),
        ("os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK", "os.O_RDONLY | os.O_NONBLOCK"),
        ('entry["user"]["login"] == BOT and ', ""),
        ('.replace("<!--", "&lt;!--")', ""),
        ("if len(entries) < 100:", "if len(entries) <= 100:"),
        by=("tests/test_talk.py",),
    ),
]

# What AWS would refuse, or take and do otherwise than meant: docs/aws.md. Each is one that was here once.
ALARMS = ("tests/components/test_alarms.py",)
OPTIONS = ("tests/components/test_options.py",)
STACK_FILES = ("tests/model/test_bad_stack_files.py",)
AWS = [
    *_in(
        "model/machine/figures.py",
        ('{"Stack": host.name}', '{"Stack": host.name.removesuffix("-host")}'),
        by=ALARMS,
    ),
    *_in(
        "components/alerts.py",
        ('Silence.WAITS: "missing"', 'Silence.WAITS: "breaching"'),
        by=ALARMS,
    ),
    *_in(
        "model/physical_names.py",
        ("(?!sg-)", ""),
        ('suffix="0a1b2c3"', 'suffix=""'),
        by=("tests/model/test_physical_names.py",),
    ),
    *_in(
        "model/settings/database.py",
        ('MASTER = "drawbridge_admin"', 'MASTER = "drawbridge_master"'),
        by=("tests/model/test_physical_names.py",),
    ),
    *_in(
        "model/settings/database.py",
        ("        if self.blue_green:", "        if False:"),
        ("20 if self.max_storage_gib", "10 if self.max_storage_gib"),
        by=(*STACK_FILES, *ALARMS),
    ),
    *_in(
        "components/host.py",
        ("ignore_failed_scaling_activities=True", "ignore_failed_scaling_activities=False"),
        ("CustomTimeouts(update=", 'CustomTimeouts(create=f"{wait}s", update='),
        by=OPTIONS,
    ),
    *_in(
        "model/limits.py",
        ('ZONES_BY_ACCOUNT = frozenset({"us-west-1"})', "ZONES_BY_ACCOUNT = frozenset()"),
        ('"ca-west-1": Lacking(', '"ca-east-1": Lacking('),
        by=STACK_FILES,
    ),
    *_in(
        "model/limits.py",
        ('("us-iso", "eu-iso", "eusc-")', '("us-iso", "eusc-")'),
        by=("tests/model/test_physical_names.py",),
    ),
    *_in("model/settings/network.py", ("0-9. _", "0-9. _'"), by=STACK_FILES),
    *_in("components/secrets.py", ('naming.parameter_path(self._stack, "*")', '"/*"'), by=OPTIONS),
]

FAULTS = [*MODEL, *COMPONENTS, *AWS, *CLOUD_INIT, *PREVIEW, *POLICY, *SCRIPTS]
