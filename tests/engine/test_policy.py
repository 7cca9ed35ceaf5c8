"""The policy pack, run by the real CLI: good programs pass, before and after they are deployed, and bad ones are refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from preview.posture.judgement import evaluate_posture
from preview.posture.rules import RULES
from tests.evaluations import EXAMPLES, ROOT, deployed

from .harness import EngineStack, Run
from .stacks import prepare

PACK = ROOT / "policy"
SNS = "aws.sns.Topic(self._names.topic, opts="

pytestmark = pytest.mark.skipif(
    not (PACK / "venv" / "bin" / "python").exists(),
    reason="the policy pack's environment is not there (make policy)",
)


def guarded(example: str, place: Path, plugins: Path) -> EngineStack:
    here = prepare(example, place, plugins)
    (here.project / "policy" / "venv").symlink_to(PACK / "venv", target_is_directory=True)
    return here


def preview(engine: EngineStack, *arguments: str, fails: bool = False) -> Run:
    run = engine.cli("preview", "--policy-pack", "policy", *arguments, fails=fails)
    assert "canary-" not in run.output
    return run


def violations(run: Run) -> set[tuple[str, str, str]]:
    """(level, rule, resource) of all that the pack reported."""
    lines = re.findall(r"- \[(\w+)\] *(?:\[severity: \w+\] *)?([\w-]+) +\(([^()]*)\)", run.output)
    return {(level, rule, where.rpartition(": ")[2]) for level, rule, where in lines}


@pytest.mark.parametrize("example", [name for name in EXAMPLES if name != "image2model"])
def test_good_programs_pass(example: str, tmp_path: Path, plugins: Path) -> None:
    assert {level for level, _, _ in violations(preview(guarded(example, tmp_path, plugins)))} <= {"advisory"}


def test_a_good_program_passes_before_and_after_it_is_deployed(tmp_path: Path, plugins: Path) -> None:
    engine = guarded("image2model", tmp_path, plugins)
    before = violations(preview(engine))
    assert before == {
        ("advisory", "flow-logs", "drawbridge-prod-network-vpc"),
        ("advisory", "files-transit", "drawbridge-prod-storage-files"),
    }
    engine.up(policy_packs=[str(engine.project / "policy")])
    # Ids that were unknown are known now; the judgement is the same.
    assert violations(preview(engine)) == before


# (file, text, its replacement, the rule that must refuse it, the resource)
BAD: list[tuple[str, str, str, str, str]] = [
    (
        "components/network.py",
        "referenced_security_group_id=source,\n                ip_protocol",
        "cidr_ipv4=ANYWHERE,\n                ip_protocol",
        "inbound-cidr",
        "drawbridge-prod-network-database-in",
    ),
    (
        "components/network.py",
        "target=ssh.id, port=22)",
        "target=self.workload_group.id, port=22)",
        "workload-inbound",
        "drawbridge-prod-network-ssh-in",
    ),
    (
        "components/database.py",
        "publicly_accessible=False",
        "publicly_accessible=True",
        "database-public",
        "drawbridge-prod-database-postgres",
    ),
    (
        "components/database.py",
        "storage_encrypted=True",
        "storage_encrypted=False",
        "state-encryption",
        "drawbridge-prod-database-postgres",
    ),
    (
        "components/storage.py",
        "protect=protect",
        "protect=False",
        "deletion-protection",
        "drawbridge-prod-storage-files",
    ),
    (
        "components/host.py",
        '"http_tokens": "required"',
        '"http_tokens": "optional"',
        "imds",
        "drawbridge-prod-host-template",
    ),
    (
        "components/host.py",
        'iam.assumed_by("ec2.amazonaws.com")',
        'iam.assumed_by("ec2.amazonaws.com") | {"Principal": {"AWS": "*"}}',
        "iam-trust",
        "drawbridge-prod-host-role",
    ),
    (
        "components/host.py",
        "template.latest_version.apply(lambda version: str(version))",
        '"$Latest"',
        "release-order",
        "drawbridge-prod-host-group",
    ),
    (
        "components/tunnel.py",
        '{"service": CATCH_ALL},',
        '{"service": "http://nginx:80"},',
        "catch-all",
        "drawbridge-prod-tunnel-ingress",
    ),
    (
        "components/tunnel.py",
        "proxied=True",
        "proxied=False",
        "hostname-dns",
        "drawbridge-prod-tunnel-dns-models.example.com",
    ),
    (
        "components/tunnel.py",
        "if rule.application:",
        "if False:",
        "access-decision",
        "drawbridge-prod-tunnel-ingress",
    ),
    (
        "components/secrets.py",
        'type="SecureString"',
        'type="String"',
        "parameter-plain",
        "drawbridge-prod-parameters-API_KEY",
    ),
    (
        "components/access.py",
        "name=key,\n            type=",
        "name=pulumi.Output.unsecret(secrets[settings.client_secret]) if settings.client_secret else key,\n            type=",
        "secret-in-open",
        "drawbridge-prod-access-login-github",
    ),
    (
        "components/alerts.py",
        SNS,
        SNS.replace("opts=", 'display_name="AKIA" + "IOSFODNN7EXAMPLE", opts='),
        "credential-in-text",
        "drawbridge-prod-alerts-topic",
    ),
]


@pytest.fixture(scope="module")
def image2model(tmp_path_factory: pytest.TempPathFactory, plugins: Path) -> EngineStack:
    return guarded("image2model", tmp_path_factory.mktemp("policy"), plugins)


def test_a_bad_program_is_refused_for_each_of_its_faults(image2model: EngineStack) -> None:
    kept = {
        file: (image2model.project / file).read_text(encoding="utf-8") for file in {file for file, *_ in BAD}
    }
    changed = dict(kept)
    for file, old, new, _, _ in BAD:
        assert old in changed[file], f"{file} no longer has the line that this test breaks: {old}"
        changed[file] = changed[file].replace(old, new)
    try:
        for file, text in changed.items():
            (image2model.project / file).write_text(text, encoding="utf-8")
        run = preview(image2model, fails=True)
    finally:
        for file, text in kept.items():
            (image2model.project / file).write_text(text, encoding="utf-8")
    missed = {("mandatory", rule, resource) for _, _, _, rule, resource in BAD} - violations(run)
    assert missed == set(), run.output


def test_levels_and_suppressions_are_configured_rule_by_rule(
    image2model: EngineStack, tmp_path: Path
) -> None:
    config = tmp_path / "config.json"
    reason = {"resource": "*-network-vpc", "reason": "Nobody would read them here."}
    config.write_text(
        json.dumps(
            {
                "files-transit": "mandatory",
                "flow-logs": {"enforcementLevel": "mandatory", "suppress": [reason]},
                "single-zone": "advisory",
            }
        )
    )
    run = preview(image2model, "--policy-pack-config", str(config), fails=True)
    assert violations(run) == {
        ("mandatory", "files-transit", "drawbridge-prod-storage-files"),
        ("advisory", "single-zone", "drawbridge-prod-database-postgres"),
    }


def test_what_the_stack_file_suppresses_passes_and_what_fits_nothing_is_told(
    image2model: EngineStack,
) -> None:
    kept = image2model.file.read_text(encoding="utf-8")
    given = [
        {
            "rule": "files-transit",
            "resource": "*-storage-files",
            "reason": "The uploads are public pictures.",
        },
        {"rule": "flow-logs", "resource": "*-nowhere", "reason": "Nobody would read them here."},
    ]
    image2model.configure(**{"drawbridge:suppress": given})
    try:
        run = preview(image2model)
    finally:
        image2model.file.write_text(kept, encoding="utf-8")
    assert ("advisory", "flow-logs", "drawbridge-prod-network-vpc") in violations(run)
    assert "files-transit" not in {rule for _, rule, _ in violations(run)}
    assert "suppress/1: flow-logs for *-nowhere matches no resource with such a finding" in run.output


def test_the_pack_judges_as_the_preview_without_an_engine_does(
    image2model: EngineStack, tmp_path: Path
) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({rule.id: "advisory" for rule in RULES}))
    found = evaluate_posture(deployed("image2model", secretDelivery="parameter-store")).findings
    # The machines' files hold ids that the engine does not know yet, so what is in them is judged by `up`.
    expected = {("advisory", f.rule.id, f.resource) for f in found if f.rule.id != "image-digest"}
    assert violations(preview(image2model, "--policy-pack-config", str(config))) == expected
