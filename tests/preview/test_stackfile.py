"""Stack files are read as the engine reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from preview.stackfile import Secret, StackFileError, read


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: drawbridge\nruntime: python\n")
    return tmp_path


def write(project: Path, text: str) -> Path:
    path = project / "Pulumi.prod.yaml"
    path.write_text(text)
    return path


def test_values_travel_as_text_and_structures_as_json(project: Path) -> None:
    write(project, 'config:\n  aws:region: eu-west-1\n  on: true\n  n: 17\n  drawbridge:o: {b: [1, "x"], a: ü}\n')
    stack = read(project, "prod", None)
    assert stack.config == {
        "aws:region": "eu-west-1",
        "drawbridge:True": "true",
        "drawbridge:n": "17",
        "drawbridge:o": '{"b":[1,"x"],"a":"ü"}',
    }
    assert (stack.project, stack.stack, stack.secret_keys) == ("drawbridge", "prod", frozenset())


def test_encrypted_leaves_become_names_of_themselves_and_mark_their_key(project: Path) -> None:
    write(project, "config:\n  drawbridge:secrets:\n    KEY: {secure: AAAB}\n  aws:token: {secure: CCC}\n")
    stack = read(project, None, None)
    assert stack.config == {"drawbridge:secrets": '{"KEY":"«secrets.KEY»"}', "aws:token": "«token»"}
    assert stack.secret_keys == {"drawbridge:secrets", "aws:token"}


def test_changes_replace_keys_and_secrets_bring_values(project: Path) -> None:
    write(project, "config:\n  drawbridge:a: 1\n")
    stack = read(project, None, None, {"drawbridge:a": {"x": Secret("v")}})
    assert (stack.config, stack.secret_keys) == ({"drawbridge:a": '{"x":"v"}'}, {"drawbridge:a"})


def test_a_config_file_elsewhere_names_its_stack(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "sub" / "Pulumi.staging.yaml"
    other.parent.mkdir()
    other.write_text("config: {aws:region: x}\n")
    assert read(project, None, other).stack == "staging"


@pytest.mark.parametrize(
    "text, message",
    [
        ("config:\n  a: 1\n  a: 2\n", ":3: not valid YAML: key 'a' is there twice"),
        ("config: [", ":1: not valid YAML: expected the node content, but found '<stream end>'"),
        ("- a\n", ": a stack file has a mapping `config:`"),
        ("", ": a stack file has a mapping `config:`"),
    ],
)
def test_a_broken_file_is_named_with_line_and_rule(project: Path, text: str, message: str) -> None:
    path = write(project, text)
    with pytest.raises(StackFileError) as caught:
        read(project, "prod", None)
    assert str(caught.value) == f"{path}{message}"


def test_a_missing_file_says_which_there_are(project: Path) -> None:
    write(project, "config: {}\n")
    with pytest.raises(StackFileError) as caught:
        read(project, "dev", None)
    assert str(caught.value) == (
        f"{project}/Pulumi.dev.yaml: no such file; {project} has Pulumi.prod.yaml. Give --stack NAME or --config-file FILE."
    )


def test_a_file_of_another_name_is_refused(project: Path) -> None:
    with pytest.raises(StackFileError, match="a stack file is called Pulumi.STACK.yaml"):
        read(project, None, project / "prod.yaml")
