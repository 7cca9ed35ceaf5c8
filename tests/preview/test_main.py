"""`python -m preview` as its user sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from preview.__main__ import main
from preview.evaluate import program
from tests.evaluations import ROOT


def test_json_has_the_fixed_form(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    assert main(["--stack", "prod", "--format", "json", "-o", str(target)]) == 0
    document = json.loads(target.read_text())
    assert list(document) == ["version", "stack", "resources", "outputs", "warnings", "posture", "cost"]
    assert (document["version"], document["stack"]) == (1, "prod")
    for resource in document["resources"]:
        assert list(resource) == ["urn", "type", "name", "parent", "inputs", "options"]
        assert list(resource["options"]) == [
            "protect",
            "ignoreChanges",
            "deleteBeforeReplace",
            "replaceOnChanges",
            "dependsOn",
        ]


def test_text_tells_who_reaches_what(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config-file", str(ROOT / "examples/maycast-recorder/Pulumi.prod.yaml")]) == 0
    text = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert (
        "rec.example.com/admin/* ops@example.com, second factor, session 8h edge, connector http://nginx:80"
        in lines
    )
    assert "rec.example.com everyone on the Internet none http://nginx:80" in lines
    assert "anything else nobody http_status:404" in lines
    assert "ssh in endpoint tcp/22 ssh" in lines
    assert "\x1b[" not in text


def test_user_data_is_shown_with_its_secrets_masked(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["--config-file", str(ROOT / "examples/maycast-recorder/Pulumi.prod.yaml"), "--show-user-data"])
        == 0
    )
    text = capsys.readouterr().out
    assert text.startswith("#cloud-config\n")
    assert '"SESSION_SECRET": "[secret]"' in text


def test_bad_settings_end_in_exit_code_1_and_the_report_on_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "Pulumi.bad.yaml"
    bad.write_text((ROOT / "Pulumi.prod.yaml").read_text().replace("plan: pro", "plan: gold"))
    line = bad.read_text().splitlines().index("    plan: gold") + 1
    assert main(["--config-file", str(bad)]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == (
        f"1 error in the settings of stack 'bad':\n  {bad}:{line} cloudflare.plan: expected one of free, pro, business or enterprise, "
        'found "gold"\n'
    )


def test_it_runs_from_anywhere_as_a_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "preview", "--stack", "nope"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"file not found: Pulumi.nope.yaml; {ROOT} has Pulumi.prod.yaml")


def test_a_report_that_cannot_be_written_is_an_error_of_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "nowhere" / "out.json"
    assert main(["--format", "json", "-o", str(target)]) == 1
    expected = (
        f"{target}: cannot be written: No such file or directory; give -o a file in an existing folder\n"
    )
    assert capsys.readouterr().err == expected


def test_a_wrong_option_ends_in_exit_code_1_because_2_is_the_gates(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--stack", "prod", "--config-file", "Pulumi.dev.yaml"]) == 1
    assert "not allowed with argument --stack" in capsys.readouterr().err


@pytest.mark.slow
def test_the_report_is_utf_8_whatever_the_locale_says(tmp_path: Path) -> None:
    environment = {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-m", "preview"], cwd=tmp_path, env=environment, capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert "«drawbridge-prod-network-vpc.id»" in done.stdout.decode("utf-8")


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    command = [sys.executable, "-m", "preview", "--format", "json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        assert process.stdout.readline() == b"{\n"
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 0)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_output_without_room_is_an_error_of_one_line() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "preview"], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert (done.returncode, done.stderr) == (
        1,
        "standard output: cannot be written: No space left on device; give -o a file\n",
    )


@pytest.mark.slow
def test_several_formats_come_from_one_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = 0
    real = program.evaluate

    def counted(*arguments: object, **named: object) -> object:
        nonlocal runs
        runs += 1
        return real(*arguments, **named)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program, "evaluate", counted)
        files = [f"--format={name}={tmp_path / name}" for name in ("markdown", "html", "json", "terraform")]
        assert main(["--stack", "prod", *files, "--format", "text"]) == 0
    assert runs == 1
    printed = capsys.readouterr().out
    for name in ("markdown", "html", "json", "terraform"):
        assert main(["--stack", "prod", "--format", name]) == 0
        assert (tmp_path / name).read_text() == capsys.readouterr().out, name
    assert main(["--stack", "prod"]) == 0
    assert printed == capsys.readouterr().out


def test_the_one_format_without_a_file_goes_where_o_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here, there = tmp_path / "here.md", tmp_path / "a=b.json"
    assert main(["--format", "markdown", "--format", f"json={there}", "-o", str(here)]) == 0
    assert here.read_text().startswith("<!-- ")
    assert json.loads(there.read_text())["version"] == 1
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["--format", "json", "--format", "html"],
            "--format: expected a file for all but one format, found none for json and html; give html=FILE\n",
        ),
        (
            ["--format", "json=a.json", "--format", "html=./a.json"],
            f"--format: expected a file for each format, found {Path('a.json').resolve()} for two of them; give another\n",
        ),
        (
            ["--format", "json=a.json", "--format", "html", "-o", "a.json"],
            f"--format: expected a file for each format, found {Path('a.json').resolve()} for two of them; give another\n",
        ),
        (
            ["--format", "json=a.json", "-o", "b.json"],
            "-o b.json: every format has a file of its own already; leave -o out\n",
        ),
        (["--format", "json="], "expected a file after json=, such as json=FILE\n"),
        (
            ["--format", "pdf=a.pdf"],
            "expected one of text, markdown, html, json, sarif, terraform, iam, found 'pdf'\n",
        ),
    ],
)
def test_formats_that_have_no_place_are_refused_before_anything_runs(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    assert capsys.readouterr().err.endswith(expected)
    assert not Path("a.json").exists()


def test_a_format_that_cannot_be_written_does_not_keep_the_others_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere, there = tmp_path / "nowhere" / "a.json", tmp_path / "b.md"
    assert main([f"--format=json={nowhere}", f"--format=markdown={there}"]) == 1
    assert capsys.readouterr().err.startswith(f"{nowhere}: cannot be written: No such file or directory;")
    assert there.exists()
