"""What the workflows say on GitHub, against a server that answers as its REST API does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.github_double import GitHub, serving
from tests.evaluations import ROOT

SCRIPT = ROOT / ".github/scripts/talk.py"
OURS, FORK = 1, 2  # ids of repositories
HEAD = "a" * 40


@pytest.fixture
def github() -> Iterator[GitHub]:
    with serving(GitHub()) as server:
        server.tokens["token"] = {"issues": "write", "pull-requests": "write"}
        head = {"sha": HEAD, "repo": {"id": FORK}}
        server.pulls[7] = {"state": "open", "head": head, "base": {"repo": {"id": OURS}}}
        yield server


@pytest.fixture
def found(tmp_path: Path) -> Path:
    folder = tmp_path / "untrusted"
    folder.mkdir()
    (folder / "number").write_text("7\n")
    (folder / "preview.md").write_text("## prod\nnothing changes\n")
    return folder


def talk(github: GitHub, tmp_path: Path, *arguments: str | Path, **run: Any) -> tuple[int, str]:
    event = {
        "event": "pull_request",
        "head_sha": HEAD,
        "conclusion": "success",
        "html_url": "https://github.com/o/r/actions/runs/1",
        "head_repository": {"id": FORK, "full_name": "stranger/r"},
        **run,
    }
    (tmp_path / "event.json").write_text(json.dumps({"workflow_run": event}))
    environment = {
        "GITHUB_TOKEN": "token",
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_API_URL": github.url,
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "PATH": os.environ["PATH"],
    }
    done = subprocess.run(
        [sys.executable, "-I", SCRIPT, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.strip()


def test_the_comment_is_made_once_and_then_updated(github: GitHub, found: Path, tmp_path: Path) -> None:
    github.comments = [{"id": i, "user": {"login": "someone"}, "body": "hello"} for i in range(150)]
    quoting = {"id": 300, "user": {"login": "someone"}, "body": "<!-- drawbridge:preview -->\nnot ours"}
    github.comments.append(quoting)
    assert talk(github, tmp_path, "comment", found) == (0, "pull request 7: commented")
    (found / "preview.md").write_text("## prod\none is replaced\n")
    (found / "engine-prod.md").write_text("## prod, by the engine\none is replaced\n")
    assert talk(github, tmp_path, "comment", found) == (0, "pull request 7: comment 651 updated")
    assert github.comments[-1]["body"] == (
        "<!-- drawbridge:preview -->\n## prod\none is replaced\n\n\n## prod, by the engine\none is replaced\n"
        "\n\n<sub>Made from aaaaaaaaaaaa by a fork's own code, in its author's words · "
        "[run and artefacts](https://github.com/o/r/actions/runs/1): success</sub>\n"
    )
    assert (len(github.comments), quoting["body"]) == (152, "<!-- drawbridge:preview -->\nnot ours")


def test_a_preview_that_left_nothing_is_said_to_have_left_nothing(
    github: GitHub, found: Path, tmp_path: Path
) -> None:
    (found / "preview.md").unlink()
    github.pulls[7]["head"]["repo"]["id"] = OURS
    talk(
        github,
        tmp_path,
        "comment",
        found,
        conclusion="failure",
        head_repository={"id": OURS, "full_name": "o/r"},
    )
    assert github.comments[-1]["body"] == (
        "<!-- drawbridge:preview -->\nThe preview ended without a result: the run below says why.\n\n"
        "<sub>Made from aaaaaaaaaaaa · [run and artefacts](https://github.com/o/r/actions/runs/1): failure</sub>\n"
    )


@pytest.mark.parametrize("number", ["", "8x", "-7", "07", "7/../8", "7\n8", "٧", "12345678901", "$(id)"])
def test_what_is_no_number_is_refused(github: GitHub, found: Path, tmp_path: Path, number: str) -> None:
    (found / "number").write_text(number)
    code, said = talk(github, tmp_path, "comment", found)
    assert (
        code,
        said.startswith("::error::number: expected a pull request's number, found "),
        github.writes,
    ) == (
        1,
        True,
        [],
    )


def test_a_run_cannot_speak_on_somebody_elses_pull_request(
    github: GitHub, found: Path, tmp_path: Path
) -> None:
    github.pulls[8] = {
        "state": "open",
        "head": {"sha": HEAD, "repo": {"id": OURS}},
        "base": {"repo": {"id": OURS}},
    }
    (found / "number").write_text("8")
    refused = "::error::pull request 8: expected one from stranger/r, where the run came from, found another"
    assert talk(github, tmp_path, "comment", found) == (1, refused)
    github.pulls[8]["head"]["repo"] = None  # the fork is gone
    assert talk(github, tmp_path, "comment", found) == (1, refused)
    (found / "number").write_text("9")
    code, said = talk(github, tmp_path, "comment", found)
    assert (code, said) == (1, '::error::GET /pulls/9: GitHub answered 404: {"message": "Not Found"}')
    assert (
        talk(github, tmp_path, "comment", found, event="push")[1]
        == "::error::expected a run for a pull request, found one for 'push'"
    )
    assert github.writes == []


def test_an_old_run_and_a_closed_pull_request_say_nothing(
    github: GitHub, found: Path, tmp_path: Path
) -> None:
    moved = talk(github, tmp_path, "comment", found, head_sha="b" * 40)
    assert moved == (0, "pull request 7 has moved on from bbbbbbbbbbbb: its next run speaks")
    github.pulls[7]["state"] = "closed"
    assert talk(github, tmp_path, "comment", found) == (0, "pull request 7 is closed: nothing said")
    assert github.writes == []


def test_a_strangers_words_notify_nobody_and_bear_no_marker(
    github: GitHub, found: Path, tmp_path: Path
) -> None:
    (found / "preview.md").write_text(
        "<!-- of its\nown -->\n@octocat ops@example.com (@org/team) <!<!-- a -->-- drawbridge:drift -->"
    )
    talk(github, tmp_path, "comment", found)
    said = github.comments[-1]["body"].splitlines()[1]
    assert said == "@\u200boctocat ops@example.com (@\u200borg/team) &lt;!-- drawbridge:drift -->"


def test_only_regular_files_of_the_expected_names_are_read(
    github: GitHub, found: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("of the runner")
    (found / "engine-a.md").symlink_to(tmp_path / "secret")
    os.mkfifo(found / "engine-b.md")
    (found / "engine-c.md").mkdir()
    (found / "other.md").write_text("not expected")
    assert talk(github, tmp_path, "comment", found)[0] == 0
    assert (
        "of the runner" not in github.comments[-1]["body"]
        and "not expected" not in github.comments[-1]["body"]
    )
    (found / "preview.md").write_bytes(b"\xff")
    assert talk(github, tmp_path, "comment", found) == (
        1,
        "::error::preview.md: expected text in UTF-8, found other bytes",
    )
    (found / "preview.md").write_text("x" * 4_000_001)
    assert talk(github, tmp_path, "comment", found) == (
        1,
        "::error::preview.md: expected at most 4000000 bytes, found more",
    )


def test_what_is_too_long_is_cut_where_github_still_reads_it(
    github: GitHub, found: Path, tmp_path: Path
) -> None:
    (found / "preview.md").write_text(
        "<details>\n<summary>all</summary>\n\n```\n" + "a line of forty characters, or so it is\n" * 3000
    )
    assert talk(github, tmp_path, "comment", found)[0] == 0
    body = github.comments[-1]["body"]
    assert 65_000 < len(body) <= 65_536
    assert (
        "it is\n```\n</details>\n\n*… cut: longer than GitHub allows. The whole is in the run's artefacts.*\n"
        in body
    )
    (found / "preview.md").write_text("x" * 100_000)  # one endless line
    assert talk(github, tmp_path, "comment", found)[0] == 0
    assert "x" not in github.comments[-1]["body"].split("*… cut")[0]


def test_an_issue_is_opened_updated_and_closed_and_never_twice(github: GitHub, tmp_path: Path) -> None:
    report = tmp_path / "drift.md"
    about = ["issue", "--about", "drift:prod", "--title", "prod has drifted"]
    assert talk(github, tmp_path, *about, "--gone", "gone") == (0, "drift:prod: nothing to say")
    for text, said in (("one", "drift:prod: issue 90 opened"), ("two", "drift:prod: issue 90 updated")):
        report.write_text(text)
        assert talk(github, tmp_path, *about, "--body", report) == (0, said)
    report.write_text("other")
    other: list[str | Path] = [
        "issue",
        "--about",
        "drift:prod2",
        "--title",
        "prod2 has drifted",
        "--body",
        report,
    ]
    assert talk(github, tmp_path, *other) == (0, "drift:prod2: issue 91 opened")
    assert github.issues[0]["body"] == "<!-- drawbridge:drift:prod -->\ntwo"
    assert talk(github, tmp_path, *about, "--gone", "No drift any more.") == (
        0,
        "drift:prod: issue 90 closed",
    )
    assert (github.issues[0]["state"], github.issues[1]["state"]) == ("closed", "open")
    assert github.comments[-1]["body"] == "No drift any more."
    report.write_text("again")
    assert talk(github, tmp_path, *about, "--body", report) == (0, "drift:prod: issue 92 opened")


def test_a_summary_is_cut_before_github_would_drop_it_whole(tmp_path: Path) -> None:
    for text, shown in (
        ("short\n", "short\n"),
        ("|é✅\n" * 300_000, None),
        (None, "There is no result: the step above says why.\n"),
    ):
        file, summary = tmp_path / "file.md", tmp_path / "summary.md"
        file.unlink(missing_ok=True)
        summary.unlink(missing_ok=True)
        if text is not None:
            file.write_text(text)
        environment = {"GITHUB_STEP_SUMMARY": str(summary), "PATH": os.environ["PATH"]}
        subprocess.run([sys.executable, "-I", SCRIPT, "summary", file], env=environment, check=True)
        if shown is None:
            assert 850_000 < len(summary.read_bytes()) <= 1_000_000
            assert summary.read_text().endswith("The whole is in the run's artefacts.*\n")
        else:
            assert summary.read_text() == shown
