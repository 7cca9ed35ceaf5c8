"""Stack files are read as the engine reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from preview.evaluate.stackfile import StackFileError, read
from preview.resources import Secret


def write(project: Path, text: str) -> Path:
    path = project / "Pulumi.prod.yaml"
    path.write_text(text)
    return path


def test_values_travel_as_text_and_structures_as_json(project: Path) -> None:
    write(
        project,
        'config:\n  aws:region: eu-west-1\n  on: true\n  n: 17\n  drawbridge:o: {b: [1, "x"], a: ü}\n',
    )
    stack = read(project, "prod", None)
    assert stack.config == {
        "aws:region": "eu-west-1",
        "drawbridge:on": "true",
        "drawbridge:n": "17",
        "drawbridge:o": '{"a":"ü","b":[1,"x"]}',
    }
    assert (stack.project, stack.stack, stack.secret_keys) == ("drawbridge", "prod", frozenset())


# The right-hand side is what pulumi 3.260's own LoadProjectStackBytes and Map.Decrypt gave for the left-hand side.
@pytest.mark.parametrize(
    "written, engine",
    [
        ("no", "no"),
        ("On", "On"),
        ("y", "y"),
        ("TRUE", "true"),
        ("~", ""),
        ('"017"', "017"),
        ("017", "15"),
        ("0o17", "15"),
        ("0x1F", "31"),
        ("0b101", "5"),
        ("08", "8"),
        ("+5", "5"),
        ("-0", "0"),
        ("1_000", "1000"),
        ("1.10", "1.1"),
        ("1.0", "1"),
        (".5", "0.5"),
        ("1e3", "1000"),
        ("12e3", "12000"),
        ("1e-7", "1e-7"),
        ("1.0e21", "1e+21"),
        ("0.00001", "0.00001"),
        ("0e12345", "0"),
        ("1e400", "1e400"),
        ("653966269086167040.5", "653966269086167000"),
        ("18446744073709551615", "18446744073709551615"),
        ("12345678901234567890123456789012", "1.2345678901234567e+31"),
        ("98e7654321098765432109876543210", "98e7654321098765432109876543210"),
        ("12:30", "12:30"),
        ("190:20:30", "190:20:30"),
        ("10.0.0.0/16", "10.0.0.0/16"),
        ("2024-1-31", "2024-01-31 00:00:00 +0000 UTC"),
        ("2024-01-31T1:02:03.120+02:00", "2024-01-31 01:02:03.12 +0200 +0200"),
        ("2024-02-31", "2024-02-31"),
        ("[no, 1.50, 1.0, 1e3, 2024-01-31]", '["no",1.5,1,1000,"2024-01-31 00:00:00 +0000 UTC"]'),
        ("{5: x, true: y, on: z}", '{"5":"x","on":"z","true":"y"}'),
    ],
)
def test_scalars_are_what_the_engine_makes_of_them(project: Path, written: str, engine: str) -> None:
    write(project, f"config:\n  k: {written}\n")
    assert read(project, "prod", None).config == {"drawbridge:k": engine}


def test_encrypted_leaves_become_names_of_themselves_with_a_digest_and_mark_their_key(project: Path) -> None:
    write(project, "config:\n  drawbridge:secrets:\n    KEY: {secure: AAAB}\n  aws:token: {secure: CCC}\n")
    stack = read(project, None, None)
    assert stack.config == {
        "drawbridge:secrets": '{"KEY":"«secrets.KEY·5e01d7a1»"}',
        "aws:token": "«token·8c55ff95»",
    }
    assert stack.secret_keys == {"drawbridge:secrets", "aws:token"}


def test_changes_replace_keys_and_secrets_bring_values(project: Path) -> None:
    write(project, "config:\n  drawbridge:a: 1\n")
    stack = read(project, None, None, {"drawbridge:a": {"x": Secret("v")}})
    assert (stack.config, stack.secret_keys) == ({"drawbridge:a": '{"x":"v"}'}, frozenset({"drawbridge:a"}))


def test_a_config_file_elsewhere_names_its_stack(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "sub" / "Pulumi.staging.yaml"
    other.parent.mkdir()
    other.write_text("config: {aws:region: x}\n")
    assert read(project, None, other).stack == "staging"


def test_a_change_replaces_a_key_however_it_is_written(project: Path) -> None:
    write(project, "config:\n  drawbridge:a: {secure: AAAB}\n  drawbridge:config:b: old\n")
    stack = read(project, None, None, {"a": "plain", "b": "new"})
    assert (stack.config, stack.secret_keys) == (
        {"drawbridge:a": "plain", "drawbridge:b": "new"},
        frozenset(),
    )


FIX = "; write `config:` and, indented below it, keys such as `aws:region` and `drawbridge:app`"


@pytest.mark.parametrize(
    "text, message",
    [
        (
            "config:\n  a: 1\n  a: 2\n",
            ":3: not valid YAML: key 'a' is there twice, first on line 2; keep one of them",
        ),
        (
            'config:\n  o: {1: x, "1": y}\n',
            ":2: not valid YAML: key '1' is there twice, first on line 2; keep one of them",
        ),
        ("config:\n  ? [a]\n  : 1\n", ":2: not valid YAML: a key is text, not a list or a mapping"),
        ("config:\n  a: .inf\n", ":2: not valid YAML: .inf is not a finite number; put it in quotes"),
        ("config: [", ":1: not valid YAML: did not find expected node content"),
        ("config: {a:b:c: 1}\n", ":1 a:b:c: expected a key NAMESPACE:KEY; remove a colon"),
        ("- a\n", ":1: expected a mapping `config:`, found a list" + FIX),
        ("conifg: {}\n", ":1: expected a mapping `config:`, found other keys alone" + FIX),
        ("config:\n", ":1: expected a mapping `config:`, found nothing" + FIX),
        ("", ":1: expected a mapping `config:`, found nothing" + FIX),
    ],
)
def test_a_broken_file_is_named_with_its_line_and_the_fix(project: Path, text: str, message: str) -> None:
    path = write(project, text)
    with pytest.raises(StackFileError) as caught:
        read(project, "prod", None)
    assert str(caught.value) == f"{path.name}{message}"


def test_a_missing_file_says_which_there_are(project: Path) -> None:
    write(project, "config: {}\n")
    with pytest.raises(StackFileError) as caught:
        read(project, "dev", None)
    assert str(caught.value) == (
        f"file not found: Pulumi.dev.yaml; {project} has Pulumi.prod.yaml: give --stack NAME or --config-file FILE"
    )


def test_a_file_of_another_name_is_refused(project: Path) -> None:
    with pytest.raises(StackFileError, match="expected a stack file's name, Pulumi.STACK.yaml"):
        read(project, None, project / "prod.yaml")


def test_what_pulumi_yaml_gives_all_stacks_holds_unless_the_stack_file_says_otherwise(project: Path) -> None:
    (project / "Pulumi.yaml").write_text(
        "name: shop\n"
        "config:\n"
        "  aws:region: {value: eu-west-1}\n"
        "  drawbridge:protect: {value: false}\n"
        "  drawbridge:host: {value: {replicas: 2}}\n"
        "  size: {type: integer, default: 3}\n"
        "  color: {type: string}\n"
        "  plain: text\n"
    )
    write(project, "config:\n  drawbridge:protect: true\n")
    assert read(project, "prod", None).config == {
        "aws:region": "eu-west-1",
        "drawbridge:protect": "true",
        "drawbridge:host": '{"replicas":2}',
        "shop:size": "3",
        "shop:plain": "text",
    }


@pytest.mark.parametrize("key", ["stackConfigDir", "config"])
def test_stack_files_lie_where_pulumi_yaml_says(project: Path, key: str) -> None:
    (project / "Pulumi.yaml").write_text(f"name: shop\n{key}: stacks\n")
    (project / "stacks").mkdir()
    write(project / "stacks", "config: {aws:region: eu-west-1}\n")
    assert read(project, "prod", None).config == {"aws:region": "eu-west-1"}
    with pytest.raises(StackFileError) as caught:
        read(project, "dev", None)
    assert str(caught.value) == (
        f"file not found: stacks/Pulumi.dev.yaml; {project}/stacks has Pulumi.prod.yaml: give --stack NAME or --config-file FILE"
    )
