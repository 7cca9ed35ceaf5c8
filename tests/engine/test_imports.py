"""What the doctor's import file takes over, with the real Pulumi CLI: from then on it is the stack's, and is not made again."""

from __future__ import annotations

import json
from pathlib import Path

from preview.doctor.answers import Answer, Diagnosis, Taken
from preview.doctor.render import import_file
from preview.evaluate.program import evaluate
from preview.resource_types.type_names import ACCESS_APPLICATION, DNS_RECORD, RULESET

from .stacks import prepare

KINDS = (DNS_RECORD, RULESET, ACCESS_APPLICATION)
OWNERS = {DNS_RECORD: "ZONE", RULESET: "zones/ZONE", ACCESS_APPLICATION: "accounts/ACCOUNT"}


def test_what_stands_there_is_taken_over_under_its_component(tmp_path: Path, plugins: Path) -> None:
    engine = prepare("image2model", tmp_path, plugins)
    engine.up()
    # Whatever was made by hand before: the clouds have it, and no state.
    deployment = engine.export()
    resources = deployment["resources"]
    nothing = {**deployment, "resources": [one for one in resources if one["type"] == "pulumi:pulumi:Stack"]}
    (tmp_path / "state.json").write_text(json.dumps({"version": 3, "deployment": nothing}))
    engine.cli("stack", "import", "--file", str(tmp_path / "state.json"))
    answers = tuple(
        Answer(
            check="x",
            status="refused",
            text="",
            taken=Taken(one["type"], one["urn"].rpartition("::")[2], f"{OWNERS[one['type']]}/{one['id']}"),
        )
        for one in resources
        if one["type"] in KINDS
    )
    assert len(answers) >= 6
    evaluation = evaluate(engine.project, config_file=engine.file)
    file = tmp_path / "import.json"
    file.write_text(import_file(Diagnosis(project="p", stack="s", answers=answers), evaluation))
    options = ("--protect=false", "--generate-code=false", "--yes", "--skip-preview")
    engine.cli("import", "--file", str(file), *options)
    before = {one["urn"] for one in resources if one["type"] in KINDS}
    assert {one["urn"] for one in engine.export()["resources"] if one["type"] in KINDS} == before
    # What is as the stack wants it has no step at all.
    assert {op for op, _ in engine.preview().planned(*KINDS)} <= {"update"}
