"""The program reads regular files below the project, and nothing else that a path may lead to."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from components.project_files import reader
from model.errors import UnreadableFile
from model.limits import PROJECT_FILE_BYTES


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "nginx").mkdir(parents=True)
    (folder / "nginx/a.conf").write_bytes(b"one\r\ntwo\n")
    (tmp_path / "outside.txt").write_text("outside")
    return folder


def test_a_file_of_the_project_is_read_with_unix_line_breaks(project: Path) -> None:
    assert reader(project)("nginx/a.conf") == "one\ntwo\n"


def test_a_link_that_stays_in_the_project_is_followed(project: Path) -> None:
    (project / "here").symlink_to("nginx")
    assert reader(project)("here/a.conf") == "one\ntwo\n"


@pytest.mark.parametrize(
    "target",
    [
        "../outside.txt",
        "/etc/passwd",
        "/proc/self/environ",
        "/dev/zero",
        "/dev/fd/0",
        "/proc/self/root/etc/passwd",
    ],
)
def test_a_link_that_leads_out_of_the_project_is_not_followed(project: Path, target: str) -> None:
    (project / "link").symlink_to(target)
    with pytest.raises(UnreadableFile, match="a file of the project"):
        reader(project)("link")


def test_a_file_below_a_linked_folder_outside_is_not_read(project: Path) -> None:
    (project / "etc").symlink_to("/etc")
    with pytest.raises(UnreadableFile, match="not a link that leads out of it"):
        reader(project)("etc/passwd")


def test_a_pipe_is_refused_at_once(project: Path) -> None:
    os.mkfifo(project / "pipe")
    answers: list[BaseException] = []

    def ask() -> None:
        try:
            reader(project)("pipe")
        except UnreadableFile as error:
            answers.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(timeout=10)
    assert [str(error) for error in answers] == ["a regular file, not a folder, a device or a pipe"]


@pytest.mark.parametrize(
    "path, words",
    [
        ("nginx", "a file of the project"),
        ("a" * 5000, "a file of the project"),
        ("nginx/\0", "a file of the project"),
        ("loop", "a file of the project"),
        (".git/config", "not one of git's own"),
        ("config", "not one of git's own"),
        ("large.txt", "a text of at most 1 MiB"),
    ],
)
def test_what_is_no_text_of_the_project_says_what_would_be(project: Path, path: str, words: str) -> None:
    (project / "loop").symlink_to("loop")
    (project / ".git").mkdir()
    (project / ".git/config").write_text("token")
    (project / "config").symlink_to(".git/config")
    with (project / "large.txt").open("wb") as file:
        file.truncate(PROJECT_FILE_BYTES + 1)
    with pytest.raises(UnreadableFile, match=words):
        reader(project)(path)


def test_what_is_not_there_is_told_apart(project: Path) -> None:
    with pytest.raises(FileNotFoundError):
        reader(project)("none.txt")


def test_what_is_not_utf_8_is_told_apart(project: Path) -> None:
    (project / "latin.txt").write_bytes(b"\xe4")
    with pytest.raises(UnicodeDecodeError):
        reader(project)("latin.txt")
