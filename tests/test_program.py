"""The whole program as a test subject: what holds for every example in both deliveries, and that breaking it is seen."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from preview.evaluate.program import evaluate
from preview.report.json_report import to_json
from preview.report.report import build
from preview.report.text import to_text
from preview.resources import Secret
from tests import invariants
from tests.evaluations import DELIVERIES, EXAMPLES, ROOT, canary, deployed, example_file, secret_names
from tests.invariants import Invariant


@pytest.mark.parametrize("invariant", invariants.ALL, ids=lambda f: f.__name__)
@pytest.mark.parametrize("delivery", DELIVERIES)
@pytest.mark.parametrize("example", EXAMPLES)
def test_invariant_holds(example: str, delivery: str, invariant: Invariant) -> None:
    assert list(invariant(deployed(example, secretDelivery=delivery))) == []


# Each edit of the program breaks one promise; the invariant of that promise must see it.
MUTATIONS: list[tuple[str, str, str, Invariant]] = [
    (
        "components/network.py",
        "referenced_security_group_id=source,\n                ip_protocol",
        "cidr_ipv4=ANYWHERE,\n                ip_protocol",
        invariants.no_inbound_rule_names_a_cidr,
    ),
    (
        "components/network.py",
        "vpc_id=vpc.id, ingress=[], egress=[]",
        "vpc_id=vpc.id, egress=[]",
        invariants.no_inbound_rule_names_a_cidr,
    ),
    (
        "components/network.py",
        "target=ssh.id, port=22)",
        "target=self.workload_group.id, port=22)",
        invariants.nothing_reaches_the_workload_group,
    ),
    (
        "components/network.py",
        'self.admit("ssh", source=endpoint.id',
        'self.admit("ssh", source=self.workload_group.id',
        invariants.ssh_comes_from_the_endpoint_alone,
    ),
    ("components/network.py", '("https", 443, "tcp"', '("https", 444, "tcp"', invariants.egress_is_listed),
    (
        "components/database.py",
        "publicly_accessible=False",
        "publicly_accessible=True",
        invariants.the_database_is_private_and_encrypted,
    ),
    (
        "components/database.py",
        "storage_encrypted=True",
        "storage_encrypted=False",
        invariants.the_database_is_private_and_encrypted,
    ),
    (
        "components/database.py",
        "skip_final_snapshot=not settings.final_snapshot",
        "skip_final_snapshot=True",
        invariants.the_database_is_private_and_encrypted,
    ),
    (
        "components/database.py",
        "deletion_protection=protect",
        "deletion_protection=False",
        invariants.what_holds_state_is_protected,
    ),
    ("components/storage.py", "protect=protect", "protect=False", invariants.what_holds_state_is_protected),
    (
        "components/host.py",
        '"http_put_response_hop_limit": 1',
        '"http_put_response_hop_limit": 2',
        invariants.machines_keep_their_credentials_to_themselves,
    ),
    (
        "components/host.py",
        '["launchTemplate", "#initerror"]',
        '["launchTemplate"]',
        invariants.a_release_is_a_new_group_before_the_old_one_goes,
    ),
    (
        "components/host.py",
        '"default_result": "ABANDON"',
        '"default_result": "CONTINUE"',
        invariants.a_release_is_a_new_group_before_the_old_one_goes,
    ),
    (
        "components/host.py",
        "template.latest_version.apply(lambda version: str(version))",
        '"$Latest"',
        invariants.a_release_is_a_new_group_before_the_old_one_goes,
    ),
    ("components/tunnel.py", '{"service": CATCH_ALL},', "", invariants.the_catch_all_comes_last),
    (
        "components/tunnel.py",
        "depends_on=[machines, *guards]",
        "depends_on=[*guards]",
        invariants.rules_change_after_the_machines_serve,
    ),
    (
        "components/tunnel.py",
        "sorted(hostnames)",
        "[]",
        invariants.every_hostname_has_dns_and_the_reverse,
    ),
    (
        "components/tunnel.py",
        "proxied=True",
        "proxied=False",
        invariants.every_hostname_has_dns_and_the_reverse,
    ),
    (
        "components/tunnel.py",
        "if rule.application:",
        "if False:",
        invariants.every_route_has_an_access_decision,
    ),
    (
        "components/access.py",
        'policies=[{"id": chosen.id, "precedence": 1}]',
        "policies=[]",
        invariants.every_application_has_a_policy,
    ),
    (
        "components/firewall.py",
        "delete_before_replace=True,",
        "",
        invariants.rulesets_are_single_entry_points_with_stable_rules,
    ),
    (
        "components/tunnel.py",
        'config_src="cloudflare"',
        'config_src="local"',
        invariants.the_tunnel_is_remotely_managed,
    ),
    (
        "components/tunnel.py",
        '"base64", rotation, child',
        '"base64", rotation, pulumi.ResourceOptions()',
        invariants.every_resource_is_parented_and_prefixed,
    ),
    ("components/network.py", "names.vpc", '"vpc"', invariants.every_resource_is_parented_and_prefixed),
    (
        "components/configuration.py",
        "pulumi.Output.secret(str(value)) for name",
        "pulumi.Output.from_input(str(value)) for name",
        invariants.no_secret_is_in_the_open,
    ),
    (
        "__main__.py",
        '"tunnelId": tunnel.id,',
        '"tunnelId": pulumi.Output.unsecret(tunnel.token),',
        invariants.no_secret_is_in_the_open,
    ),
    (
        "components/host.py",
        '{"userData": masked}',
        '{"userData": pulumi.Output.unsecret(rendered)}',
        invariants.no_secret_is_in_the_open,
    ),
    (
        "model/machine/cloud_init.py",
        '(f"{ETC}/secrets.json", "0600"',
        '(f"{ETC}/secrets.json", "0644"',
        invariants.secrets_on_the_machine_are_root_only,
    ),
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for part in ("model", "components", "cloud-init", "examples"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / part, tmp_path / part)
    return tmp_path


def test_every_invariant_has_a_mutation_that_breaks_it() -> None:
    assert {mutation[3] for mutation in MUTATIONS} == set(invariants.ALL)


@pytest.mark.slow
@pytest.mark.parametrize(
    "file, old, new, invariant", MUTATIONS, ids=lambda v: v.__name__ if callable(v) else ""
)
def test_breaking_the_program_breaks_the_invariant(
    copy: Path, file: str, old: str, new: str, invariant: Invariant
) -> None:
    text = (copy / file).read_text()
    assert old in text, f"{file} no longer has the line that this test breaks"
    (copy / file).write_text(text.replace(old, new))
    leaks = invariant in (
        invariants.no_secret_is_in_the_open,
        invariants.secrets_on_the_machine_are_root_only,
    )
    example = "image2model"
    given = Secret({name: canary(name) for name in secret_names(example)})
    changes = {
        "drawbridge:secretDelivery": "cloud-init" if leaks else "parameter-store",
        "drawbridge:secrets": given,
        "drawbridge:access": {**_access(example), "machines": {"serviceTokens": ["ci"]}},
    }
    program = evaluate(copy, config_file=copy / "examples" / example / "Pulumi.prod.yaml", config=changes)
    assert list(invariant(program)) != []


def _access(example: str) -> dict[str, object]:
    import yaml

    return dict(yaml.safe_load(example_file(example).read_text())["config"]["drawbridge:access"])


@pytest.mark.parametrize("delivery", DELIVERIES)
@pytest.mark.parametrize("example", EXAMPLES)
def test_no_canary_is_in_any_report(example: str, delivery: str) -> None:
    program = deployed(example, secretDelivery=delivery)
    for text in (to_json(build(program)), to_text(build(program)), *program.user_data.values()):
        assert "canary-" not in text
        assert [secret for secret in invariants.made_secrets(program) if secret in text] == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_canaries_do_reach_the_machine_by_cloud_init(example: str) -> None:
    """Otherwise the test above would pass on a program that loses them."""
    template = deployed(example, secretDelivery="cloud-init").of_type(invariants.LAUNCH_TEMPLATE)[0]
    assert isinstance(template.raw["userData"], Secret)
    (file,) = [
        f
        for f in invariants.user_data_of(template)["write_files"]
        if f["path"] == "/etc/drawbridge/secrets.json"
    ]
    app_secrets = [n for n in secret_names(example) if not n.endswith("_CLIENT_SECRET")]
    assert [n for n in app_secrets if canary(n) not in file["content"]] == []


def test_with_parameter_store_the_user_data_is_readable_and_names_versions() -> None:
    template = deployed("image2model", secretDelivery="parameter-store").of_type(invariants.LAUNCH_TEMPLATE)[
        0
    ]
    assert isinstance(template.raw["userData"], str)
    facts = invariants.user_data_of(template)["write_files"][0]["content"]
    assert (
        '"/drawbridge/drawbridge-prod/FAL_API_KEY:«drawbridge-prod-parameters-FAL_API_KEY.version»"' in facts
    )


def test_the_top_level_stack_is_the_image2model_example() -> None:
    body = [
        (ROOT / path).read_text().split("config:", 1)[1]
        for path in ("Pulumi.prod.yaml", "examples/image2model/Pulumi.prod.yaml")
    ]
    assert body[0] == body[1]


@pytest.mark.slow
def test_the_same_input_gives_the_same_bytes() -> None:
    once, twice = (evaluate(ROOT, config_file=example_file("image2model")) for _ in range(2))
    assert to_json(build(once)) == to_json(build(twice))
    assert to_text(build(once)) == to_text(build(twice))


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_user_data_stays_under_12_kb(example: str) -> None:
    for delivery in DELIVERIES:
        value = (
            deployed(example, secretDelivery=delivery).of_type(invariants.LAUNCH_TEMPLATE)[0].raw["userData"]
        )
        text = value.value if isinstance(value, Secret) else value
        assert len(text) * 3 // 4 < 12_000
