"""What the documents say is true."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from model.settings import SECTIONS
from preview.evaluate.program import evaluate
from preview.resources import Evaluation, Secret
from tests import invariants
from tests.evaluations import EXAMPLES, ROOT, deployed, example_file

COMMENTED = ROOT / "docs" / "Pulumi.example.yaml"


def test_generated_documents_are_up_to_date() -> None:
    for path, content in runpy.run_path(str(ROOT / "docs" / "generate.py"))["documents"]().items():
        assert path.read_text() == content, f"{path} is out of date: make generate"


def keys(schema: dict[str, Any], definitions: dict[str, Any], place: str) -> set[str]:
    """Every key that a JSON Schema knows below a place."""
    if "$ref" in schema:
        return keys(definitions[schema["$ref"].rpartition("/")[2]], definitions, place)
    found: set[str] = set()
    for name, inner in schema.get("properties", {}).items():
        found |= {f"{place}/{name}"} | keys(inner, definitions, f"{place}/{name}")
    for inner in [
        schema.get("items"),
        schema.get("additionalProperties"),
        *schema.get("anyOf", []),
        *schema.get("prefixItems", []),
    ]:
        if isinstance(inner, dict):
            found |= keys(inner, definitions, place)
    return found


def used(value: Any, place: str) -> set[str]:
    if isinstance(value, list):
        return {key for item in value for key in used(item, place)}
    if not isinstance(value, dict):
        return set()
    return {f"{place}/{key}" for key in value} | {
        found for key, item in value.items() for found in used(item, f"{place}/{key}")
    }


def test_the_commented_stack_file_shows_every_key() -> None:
    schema = json.loads((ROOT / "docs/stack.schema.json").read_text())
    config = yaml.safe_load(COMMENTED.read_text())["config"]
    known = {
        k
        for s, inner in schema["properties"]["config"]["properties"].items()
        if s != "drawbridge:secrets"
        for k in keys(inner, schema["$defs"], s)
    }
    shown = set()
    for section in SECTIONS:
        name = f"drawbridge:{section}"
        value = config[name]
        # Entries of a mapping of names stand one level deeper than its schema's keys.
        named = section in ("access", "identityProviders")
        shown |= {key for item in (value.values() if named else [value]) for key in used(item, name)}
    shown = {
        re.sub(
            r"/(env|environment|files|images|mounts|parameters|private)/.*|(?:(?<=/generate)|(?<=/facts)|(?<=/healthchecks))/[^/]+",
            lambda m: f"/{m[1]}" if m[1] else "",
            key,
        )
        for key in shown
    }
    adopted = {
        "drawbridge:network/vpcId",
        "drawbridge:network/publicSubnetIds",
        "drawbridge:network/privateSubnetIds",
        "drawbridge:network/endpointSecurityGroupId",
    }
    assert {key for key in known - shown - adopted if not same_people(key)} == set()
    assert shown - known == set()


def same_people(key: str) -> bool:
    """`require` and `deny` take what `allow` takes, and a tunnel's `origin` what a route's takes: shown once."""
    return bool(re.match(r"drawbridge:(access/(require|deny|allow)|tunnel/origin)/", key))


@pytest.fixture(scope="module")
def program() -> Evaluation:
    names = (
        "SESSION_SECRET",
        "GHCR_TOKEN",
        "GITHUB_CLIENT_SECRET",
        "GOOGLE_CLIENT_SECRET",
        "AUTHENTIK_CLIENT_SECRET",
    )
    given = Secret({name: f"canary-{name.lower()}" for name in names})
    return evaluate(ROOT, config_file=COMMENTED, config={"drawbridge:secrets": given})


# It asks for one port more, and merges rules that only the engine can know.
OWN = (invariants.egress_is_listed, invariants.rulesets_are_single_entry_points_with_stable_rules)


@pytest.mark.parametrize("invariant", [i for i in invariants.ALL if i not in OWN], ids=lambda f: f.__name__)
def test_with_every_key_in_use_every_invariant_holds(
    program: Evaluation, invariant: invariants.Invariant
) -> None:
    assert list(invariant(program)) == []


def test_the_commented_stack_file_loads_and_makes_a_whole_program(program: Evaluation) -> None:
    assert program.stack == "example"
    assert sorted(program.outputs["serviceTokens"]) == ["billing", "crm"]
    assert [line for line in program.warnings if "no route uses it" in line] == []


@pytest.mark.parametrize(
    "path", [COMMENTED, ROOT / "Pulumi.prod.yaml", *map(example_file, EXAMPLES)], ids=lambda p: p.parent.name
)
def test_the_json_schema_accepts_every_stack_file(path: Path) -> None:
    schema = json.loads((ROOT / "docs/stack.schema.json").read_text())
    jsonschema.validate(yaml.safe_load(path.read_text()), schema)


@pytest.mark.parametrize(
    "change", [{"routs": []}, {"host": {"replicas": "x"}}, {"routes": [{"hostname": "a.b"}]}]
)
def test_the_json_schema_refuses_what_the_program_refuses(change: dict[str, Any]) -> None:
    schema = json.loads((ROOT / "docs/stack.schema.json").read_text())
    document = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())
    document["config"] |= {f"drawbridge:{key}": value for key, value in change.items()}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema)


@pytest.mark.parametrize("example", EXAMPLES)
def test_outputs_keep_the_contract(example: str) -> None:
    schema = json.loads((ROOT / "docs/outputs.schema.json").read_text())
    jsonschema.validate(deployed(example).outputs, schema)
