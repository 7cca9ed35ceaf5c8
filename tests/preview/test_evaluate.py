"""The evaluator, on small programs."""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from preview.evaluate.program import ProgramError, evaluate
from preview.report.json_report import to_json
from preview.report.report import build
from preview.resources import Secret


@pytest.fixture
def run(tmp_path: Path) -> Any:
    def program(body: str, **config: Any) -> Any:
        (tmp_path / "Pulumi.yaml").write_text("name: toy\nruntime: python\n")
        (tmp_path / "Pulumi.prod.yaml").write_text("config: {}\n")
        (tmp_path / "__main__.py").write_text(
            "import pulumi, pulumi_aws as aws, pulumi_random as random\nconfig = pulumi.Config()\n" + body
        )
        return evaluate(tmp_path, config=config)

    return program


def only(evaluation: Any) -> Any:
    (resource,) = evaluation.resources
    return resource


def test_inputs_have_the_engines_names_and_whole_numbers(run: Any) -> None:
    volume = only(run("aws.ebs.Volume('v', availability_zone='a', size=8, encrypted=True)"))
    assert (volume.type, volume.urn, volume.inputs) == (
        "aws:ebs/volume:Volume",
        "urn:pulumi:prod::toy::aws:ebs/volume:Volume::v",
        {"availabilityZone": "a", "size": 8, "encrypted": True},
    )


def test_computed_outputs_read_as_names_and_every_apply_runs(run: Any) -> None:
    program = run(
        "v = aws.ebs.Volume('v', availability_zone='a')\npulumi.export('o', pulumi.Output.concat(v.arn, '!', v.id))"
    )
    assert program.outputs == {"o": "«v.arn»!«v.id»"}


def test_structured_outputs_have_their_structure(run: Any) -> None:
    program = run(
        "d = aws.rds.Instance('d', instance_class='db.t4g.micro')\n"
        "pulumi.export('o', d.master_user_secrets.apply(lambda s: s[0].secret_arn))"
    )
    assert program.outputs == {"o": "«d.masterUserSecrets[0].secretArn»"}


def test_what_is_made_from_a_generated_secret_is_secret_and_nothing_else_is(run: Any) -> None:
    program = run(
        "r = random.RandomBytes('r', length=8)\n"
        "pulumi.export('made', r.base64.apply(lambda x: x + '!'))\n"
        "pulumi.export('plain', r.length.apply(lambda n: f'{int(n)}!'))"
    )
    assert program.outputs == {"made": "[secret]", "plain": "8!"}
    assert program.raw_outputs["made"] == Secret("«r.base64»!")


def test_nested_secrets_are_masked_where_they_stand(run: Any) -> None:
    program = run(
        "aws.ssm.Parameter('p', type='String', value=config.require_secret('k'), tags={'a': 'b'})",
        k=Secret("canary"),
    )
    assert only(program).inputs == {"tags": {"a": "b"}, "type": "String", "value": "[secret]"}
    assert "canary" not in to_json(build(program))


def test_options_are_recorded(run: Any) -> None:
    program = run(
        "a = aws.ebs.Volume('a', availability_zone='a')\n"
        "aws.ebs.Volume('b', availability_zone='a', opts=pulumi.ResourceOptions(protect=True, depends_on=[a], delete_before_replace=True,"
        " ignore_changes=['size'], replace_on_changes=['tags']))"
    )
    document = json.loads(to_json(build(program)))
    assert document["resources"][1]["options"] == {
        "protect": True,
        "ignoreChanges": ["size"],
        "deleteBeforeReplace": True,
        "replaceOnChanges": ["tags"],
        "dependsOn": ["urn:pulumi:prod::toy::aws:ebs/volume:Volume::a"],
    }


def test_functions_answer_with_a_readable_unknown(run: Any) -> None:
    program = run(
        "pulumi.export('ami', pulumi.Output.unsecret(aws.ssm.get_parameter_output(name='/x').value))"
    )
    assert program.outputs == {"ami": "«getParameter /x.value»"}


def test_another_stacks_outputs_are_unknown(run: Any) -> None:
    program = run(
        "pulumi.export('o', pulumi.StackReference('a/b/c').require_output('x').apply(lambda x: 1 / 0))"
    )
    assert program.outputs == {"o": "«unknown»"}


def test_it_is_a_dry_run_and_warnings_are_kept(run: Any) -> None:
    program = run("pulumi.log.warn(f'dry: {pulumi.runtime.is_dry_run()}')")
    assert program.warnings == ("dry: True",)


def test_a_failing_program_says_its_own_words(run: Any) -> None:
    with pytest.raises(ProgramError, match="^not like this$"):
        run("raise pulumi.RunError('not like this')")
    with pytest.raises(ProgramError, match="^nor like this$"):
        run("def no(_): raise pulumi.RunError('nor like this')\npulumi.Output.from_input(1).apply(no)")


@pytest.mark.parametrize(
    "body, text",
    [
        ("raise ValueError('plain words')", "__main__.py:3: ValueError: plain words"),
        ("pulumi.Output.from_input(1).apply(lambda _: {}['k'])", "__main__.py:3: KeyError: 'k'"),
        ("import sys; sys.exit(3)", "__main__.py:3: SystemExit: 3"),
        ("x = = 1", "__main__.py:3: SyntaxError: invalid syntax"),
        ("pulumi.log.error('said to the log')", "said to the log"),
    ],
)
def test_an_unforeseen_fault_is_named_with_its_place(run: Any, body: str, text: str) -> None:
    with pytest.raises(ProgramError) as caught:
        run(body)
    assert str(caught.value) == text


def test_two_resources_of_one_name_are_refused(run: Any) -> None:
    with pytest.raises(ProgramError, match="two resources are called v"):
        run("aws.ebs.Volume('v', availability_zone='a')\naws.ebs.Volume('v', availability_zone='a')")


def test_nothing_is_left_behind_between_evaluations(run: Any) -> None:
    assert run("pulumi.export('v', config.get('k'))", k="1").outputs == {"v": "1"}
    assert run("pulumi.export('v', config.get('k') or 'none')").outputs == {"v": "none"}


def test_a_run_leaves_the_process_as_it_was(run: Any) -> None:
    def state() -> tuple[object, ...]:
        return os.getcwd(), list(sys.path), sys.modules["__main__"], gc.isenabled()

    before = state()
    run("pulumi.export('v', 1)")
    with pytest.raises(ProgramError):
        run("raise pulumi.RunError('stop')")
    assert state() == before


def test_the_program_runs_in_its_own_directory(run: Any, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("hello")
    assert run("pulumi.export('words', open('words.txt').read())").outputs == {"words": "hello"}


def test_the_same_input_gives_the_same_bytes(run: Any) -> None:
    body = "for n in 'cab': aws.ebs.Volume(n, availability_zone='z', tags={'y': n, 'x': n}).id.apply(pulumi.log.warn)"
    first, *others = [to_json(build(run(body))) for _ in range(5)]
    assert [r["name"] for r in json.loads(first)["resources"]] == ["a", "b", "c"]
    assert others == [first] * 4


def test_options_that_the_report_leaves_out_are_kept_for_tests(run: Any) -> None:
    program = run(
        "p = aws.Provider('p', region='eu-west-1')\n"
        "aws.ebs.Volume('v', availability_zone='a', opts=pulumi.ResourceOptions(provider=p, retain_on_delete=True,"
        " aliases=[pulumi.Alias(name='old')], custom_timeouts=pulumi.CustomTimeouts(create='5m')))"
    )
    (volume,) = program.of_type("aws:ebs/volume:Volume")
    kept = {key: volume.options[key] for key in ("provider", "retainOnDelete", "aliases", "customTimeouts")}
    assert kept == {
        "provider": "urn:pulumi:prod::toy::pulumi:providers:aws::p::«p.id»",
        "retainOnDelete": True,
        "aliases": [{"spec": {"name": "old", "parentUrn": ""}}],
        "customTimeouts": {"create": "5m"},
    }


@pytest.mark.parametrize("module", ["parts/__init__.py", "parts/inner.py", "helper.py"])
def test_each_root_has_its_own_modules(tmp_path: Path, module: str) -> None:
    name = module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    seen = []
    for word in ("one", "two", "one"):
        root = tmp_path / word
        (root / module).parent.mkdir(parents=True, exist_ok=True)
        (root / module).write_text(f"WORD = '{word}'\n")
        (root / "Pulumi.yaml").write_text("name: toy\n")
        (root / "Pulumi.prod.yaml").write_text("config: {}\n")
        (root / "__main__.py").write_text(
            f"import pulumi\nfrom {name} import WORD\npulumi.export('w', WORD)\n"
        )
        seen.append(evaluate(root).outputs["w"])
    assert seen == ["one", "two", "one"]
    assert name.partition(".")[0] not in sys.modules


def test_another_projects_module_does_not_stay_in_place_of_a_loaded_one(tmp_path: Path, run: Any) -> None:
    import model.durations

    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "__init__.py").write_text("")
    (tmp_path / "model" / "durations.py").write_text("WORD = 'theirs'\n")
    assert run("from model.durations import WORD\npulumi.export('w', WORD)").outputs == {"w": "theirs"}
    assert sys.modules["model.durations"] is model.durations
