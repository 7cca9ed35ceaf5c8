"""A value that a program derives from what only the clouds know is compared by its derivation, though it reads the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from preview.changes import Consequence
from preview.diff.leaves import MovedOn
from preview.evaluate.program import evaluate, probed
from preview.evaluate.unknowns import Probes
from tests.evaluations import ROOT, example_file
from tests.preview.versions import Config, named, paths, program_changed, settings_changed

pytestmark = pytest.mark.slow

WRITTEN = "model/generated_values.py"


def encoded(encoding: str, config: Config) -> None:
    config["drawbridge:app"]["generate"]["API_KEY"]["encoding"] = encoding


@pytest.mark.parametrize("encoding", ["base64", "base64url"])
def test_another_encoding_of_a_generated_secret_is_another_secret_and_a_release(
    encoding: str, tmp_path: Path
) -> None:
    comparison = settings_changed(tmp_path, "image2model", lambda config: encoded(encoding, config))
    parameter = named(comparison, "parameters-API_KEY")
    assert [(d.path, d.before, d.after) for d in parameter.differences] == [
        ("value", "[secret]", "[secret] (another)")
    ]
    assert named(comparison, "host-group").action == "rolling"
    # The alarm follows the group; the role's policy names the parameter, which stays.
    assert set(paths(comparison)) == {"parameters-API_KEY", "host-template", "host-group", "alerts-machines"}


@pytest.mark.parametrize(
    ("variable", "encoding", "fails"),
    [
        ("REDIS_PASSWORD", "base64", True),
        ("REDIS_PASSWORD", "base64url", False),
        ("API_KEY", "base64", False),
    ],
)
def test_a_secret_that_stands_in_a_url_may_not_hold_what_ends_it(
    variable: str, encoding: str, fails: bool, tmp_path: Path
) -> None:
    def edit(config: Config) -> None:
        config["drawbridge:app"]["generate"][variable]["encoding"] = encoding

    change = named(settings_changed(tmp_path, "image2model", edit), f"parameters-{variable}")
    said = [effect.why for effect in change.effects if effect.consequence == Consequence.DOWNTIME]
    assert any("end a URL's password" in why for why in said) is fails


def test_where_secrets_are_delivered_by_cloud_init_the_report_says_which_one_is_another(
    tmp_path: Path,
) -> None:
    def both(config: Config) -> None:
        config["drawbridge:secretDelivery"] = "cloud-init"

    from preview.analysis.verdict import compare
    from tests.preview.versions import stack_file

    def encoded_otherwise(config: Config) -> None:
        both(config)
        config["drawbridge:app"]["generate"]["SECRET_KEY"].update(encoding="base64")

    before, after = (
        probed(evaluate(ROOT, config_file=stack_file(tmp_path, "casecheck", edit)), ROOT)
        for edit in (
            both,
            encoded_otherwise,
        )
    )
    (difference,) = named(compare(before, after), "host-template").differences
    assert (difference.path, difference.lines) == (
        "userData",
        ("  # another value of the secret SECRET_KEY",),
    )


@pytest.mark.parametrize(
    "edit",
    [
        (WRITTEN, "hashlib.shake_256(", "hashlib.shake_128("),
        (WRITTEN, ".digest(count)", ".digest(count + 1)[1:]"),
        (WRITTEN, "text.encode()", "text[::-1].encode()"),
        (WRITTEN, "text.encode()", "text.encode('utf-16')"),
    ],
)
def test_another_way_to_make_a_value_of_an_unknown_one_is_seen_in_every_value(
    edit: tuple[str, str, str], tmp_path: Path
) -> None:
    found = paths(program_changed(tmp_path, "casecheck", edit))
    assert found["parameters-SECRET_KEY"] == ["value"]
    assert found["tunnel-tunnel"] == ["tunnelSecret"]
    assert "host-group" in found


def test_a_refactoring_that_derives_the_same_values_is_no_change(tmp_path: Path) -> None:
    same = program_changed(
        tmp_path,
        "casecheck",
        (WRITTEN, "hashlib.shake_256(text.encode()).digest(count)", "_octets(text)[:count]"),
        (
            WRITTEN,
            "\n\ndef letters_for",
            "\n\ndef _octets(text: str) -> bytes:\n    return hashlib.shake_256(text.encode()).digest(4096)\n\n\ndef letters_for",
        ),
    )
    assert paths(same) == {}


def test_what_is_derived_from_a_replaced_resource_changes_with_it_though_it_does_not_name_it(
    tmp_path: Path,
) -> None:
    hashed = (
        "components/tunnel.py",
        'content=tunnel.id.apply(lambda tunnel_id: f"{tunnel_id}.cfargotunnel.com")',
        'content=tunnel.id.apply(lambda tunnel_id: f"{hash_of(tunnel_id)}.cfargotunnel.com")',
    )
    helper = (
        "components/tunnel.py",
        "\n\nclass Tunnel(",
        "\n\ndef hash_of(text: str) -> str:\n    import hashlib\n\n    return hashlib.sha256(text.encode()).hexdigest()\n\n\nclass Tunnel(",
    )
    from preview.analysis.verdict import compare
    from tests.preview.versions import program_with

    root = program_with(tmp_path / "program", hashed, helper)
    before = probed(evaluate(root, config_file=example_file("casecheck")), root)
    text = (root / "components/tunnel.py").read_text()
    (root / "components/tunnel.py").write_text(text.replace('config_src="cloudflare"', 'config_src="local"'))
    after = probed(evaluate(root, config_file=example_file("casecheck")), root)
    found = paths(compare(before, after))
    assert found["tunnel-tunnel"] == ["configSrc"]
    records = [name for name in found if name.startswith("tunnel-dns-")]
    assert records and all(found[name] == ["content"] for name in records)


def test_a_leaf_moves_on_only_if_it_is_made_from_what_moves() -> None:
    from preview.analysis.verdict import compare
    from tests.preview.programs import BUCKET, only, program, resource

    moved = only(
        compare(
            program(resource(BUCKET, "b", {"bucket": "x"})), program(resource(BUCKET, "b", {"bucket": "y"}))
        ),
        "b",
    )
    probes = {"«b.arn»": "probe-of-b", "«c.arn»": "probe-of-c"}
    value = {
        "constant": "text",
        "visible": "«b.arn»/x",
        "hidden": "3fa9",
        "of another": "«c.arn»/x",
        "of another and hidden": "«c.arn»/3fa9",
    }
    probed_value = {
        "constant": "text",
        "visible": "probe-of-b/x",
        "hidden": "77aa",
        "of another": "probe-of-c/x",
        "of another and hidden": "probe-of-c/77aa",
    }
    found = MovedOn(probes).leaves(value, probed_value, "in", lambda _leaf: [moved])
    assert set(found) == {"in.visible", "in.hidden", 'in["of another and hidden"]'}


def test_the_same_program_gives_the_same_probes_and_none_of_them_is_shown() -> None:
    first, second = (probed(evaluate(ROOT, config_file=example_file("memberapi")), ROOT) for _ in range(2))
    assert first == second
    assert first.probe_error == ""
    shown = json.dumps([[r.inputs for r in first.resources], first.outputs, first.user_data], default=str)
    assert not [probe for probe in first.probes.values() if probe in shown]
    # The final snapshot's name is new in each `up`, and nothing is made from it.
    kept = [{**(r.probed or {}), "finalSnapshotIdentifier": ""} for r in first.resources]
    left = re.findall("«[^«»]*»", str(kept))
    assert {text for text in left if not text.endswith("is not set»")} == set()


def test_probes_have_the_shape_that_the_provider_gives() -> None:
    probes = Probes({})
    password = "random:index/randomPassword:RandomPassword"
    assert len(probes.of(password, "p", "result", {"length": 43})) == 43
    sized = "random:index/randomId:RandomId"
    assert len(probes.of(sized, "r", "hex", {"byteLength": 4})) == 8
    assert int(probes.of(sized, "r", "dec", {"byteLength": 4})) == int(
        probes.of(sized, "r", "hex", {"byteLength": 4}), 16
    )
    assert probes.of("aws:iam/role:Role", "r", "arn", {}).count(":") == 5
    assert isinstance(probes.of("aws:ec2/launchTemplate:LaunchTemplate", "t", "latestVersion", {}, True), int)
    assert probes.of(password, "p", "result", {}) != probes.of(password, "q", "result", {})
    assert Probes({(password, "old"): "new"}).of(password, "old", "result", {}) == probes.of(
        password, "new", "result", {}
    )


def test_a_program_that_stops_under_made_up_values_is_unknown_and_says_why(tmp_path: Path) -> None:
    comparison = program_changed(
        tmp_path,
        "casecheck",
        (
            WRITTEN,
            'text if text.startswith("«") else',
            'text if text.startswith("«") else 1 / 0 if count else',
        ),
    )
    (whole,) = comparison.stack_changes
    assert (whole.kind, whole.consequence) == ("derivation", Consequence.UNKNOWN)
    assert "division by zero" in whole.text
