"""Says something on GitHub: a pull request's one comment, the issue of a drift, a step's summary. Standard library only.

    talk.py comment FOUND               the artefact's folder; which run it came from stands in GITHUB_EVENT_PATH
    talk.py issue --about NAME --title TITLE (--body FILE | --gone TEXT)
    talk.py summary FILE                a Markdown file as this step's summary, cut where GitHub would drop it

Reads GITHUB_TOKEN, GITHUB_REPOSITORY and GITHUB_API_URL. What it says again replaces what it said before: a marker, an
HTML comment that no reader sees, tells its own comments from all others. Ends with 1 and a reason when it must not speak.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import stat
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote

LIMIT = 65_536  # characters: GitHub's limit for a comment's and an issue's text
SUMMARY = 1_000_000  # bytes; GitHub drops a step's summary of more than 1 MiB whole
READ_AT_MOST = 4_000_000  # bytes of one file of an artefact
BOT = "github-actions[bot]"  # whom GITHUB_TOKEN writes as
PARTS = re.compile(r"preview\.md|engine-[A-Za-z0-9_.-]{1,100}\.md")


class Refused(Exception):
    """It must not, or cannot, be said."""


class GitHub:
    """The few calls of the REST API that are needed, on one repository."""

    def __init__(self) -> None:
        self.repository = os.environ["GITHUB_REPOSITORY"]
        self._root = f"{os.environ.get('GITHUB_API_URL', 'https://api.github.com')}/repos/{self.repository}"
        self._token = os.environ["GITHUB_TOKEN"]

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer's JSON. Refused: GitHub said no."""
        request = urllib.request.Request(
            self._root + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            reason = error.read(500).decode("utf-8", "replace")
            raise Refused(f"{method} {path}: GitHub answered {error.code}: {reason}") from error

    def pages(self, path: str) -> list[dict[str, Any]]:
        """All entries of a list."""
        found: list[dict[str, Any]] = []
        joint = "&" if "?" in path else "?"
        for page in range(1, 101):
            entries = self.call("GET", f"{path}{joint}per_page=100&page={page}")
            found += entries
            if len(entries) < 100:
                return found
        raise Refused(f"GET {path}: expected at most 10,000 entries, found more")


def untrusted(file: Path) -> str | None:
    """The text of a file that a stranger made; None when there is no such regular file. Refused: too long, not UTF-8."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as opened:
        content = opened.read(READ_AT_MOST + 1)
    if len(content) > READ_AT_MOST:
        raise Refused(f"{file.name}: expected at most {READ_AT_MOST} bytes, found more")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"{file.name}: expected text in UTF-8, found other bytes") from error


def harmless(text: str) -> str:
    """Markdown of a stranger that notifies nobody and cannot pass for a marker of ours."""
    text = re.sub(r"<!--.*?-->\n?", "", text, flags=re.DOTALL).replace("<!--", "&lt;!--")
    return re.sub(r"(?<![\w@])@(?=\w)", "@\u200b", text)


def fit(head: str, text: str, tail: str, limit: int = LIMIT) -> str:
    """The three in one, the middle cut at a line's end, with what the cut left open closed, so that GitHub takes it."""
    room = limit - len(head) - len(tail)
    if len(text) <= room:
        return head + text + tail
    note = "\n\n*… cut: longer than GitHub allows. The whole is in the run's artefacts.*\n"
    lines = text[: room - len(note)].split("\n")[:-1]
    while lines:
        kept = "\n".join(lines)
        fence = "\n```" if len(re.findall(r"^ *```", kept, flags=re.MULTILINE)) % 2 else ""
        folds = "\n</details>" * (kept.count("<details") - kept.count("</details>"))
        if len(kept) + len(fence) + len(folds) + len(note) <= room:
            return head + kept + fence + folds + note + tail
        lines.pop()
    return head + note + tail


def comment(github: GitHub, run: dict[str, Any], found: Path) -> str:
    """Post or update the comment of the pull request that the run was for; what was done, in a sentence."""
    if run["event"] != "pull_request":
        raise Refused(f"expected a run for a pull request, found one for {run['event']!r}")
    given = (untrusted(found / "number") or "").strip()
    if not found.exists():
        return "the run left no artefact: nothing to say"
    if not re.fullmatch(r"[1-9][0-9]{0,9}", given):
        raise Refused(f"number: expected a pull request's number, found {given[:40]!r}")
    pull = github.call("GET", f"/pulls/{given}")
    # Only GitHub's own word ties the run to a pull request: its head is this commit of this repository (a fork or not).
    if (pull["head"]["repo"] or {}).get("id") != run["head_repository"]["id"]:
        raise Refused(
            f"pull request {given}: expected one from {run['head_repository']['full_name']}, where the run came from, "
            "found another"
        )
    if pull["head"]["sha"] != run["head_sha"]:
        return f"pull request {given} has moved on from {run['head_sha'][:12]}: its next run speaks"
    if pull["state"] != "open":
        return f"pull request {given} is {pull['state']}: nothing said"
    names = sorted(
        (file.name for file in found.iterdir() if PARTS.fullmatch(file.name)),
        key=lambda name: (name[0] == "e", name),
    )
    parts = [harmless(text) for name in names if (text := untrusted(found / name)) and text.strip()]
    if not parts:
        parts = ["The preview ended without a result: the run below says why."]
    whose = (
        ""
        if pull["head"]["repo"]["id"] == pull["base"]["repo"]["id"]
        else " by a fork's own code, in its author's words"
    )
    head = "<!-- drawbridge:preview -->\n"
    made = f"{run['head_sha'][:12]}{whose}"
    tail = f"\n\n<sub>Made from {made} · [run and artefacts]({run['html_url']}): {run['conclusion']}</sub>\n"
    body = fit(head, "\n\n".join(parts), tail)
    spoken = ours(github.pages(f"/issues/{given}/comments"), head)
    if spoken is None:
        github.call("POST", f"/issues/{given}/comments", {"body": body})
        return f"pull request {given}: commented"
    github.call("PATCH", f"/issues/comments/{spoken['id']}", {"body": body})
    return f"pull request {given}: comment {spoken['id']} updated"


def issue(github: GitHub, about: str, title: str, body: str | None, gone: str) -> str:
    """Open or update the one open issue about something; with `body` None, close it with the comment `gone`."""
    head = f"<!-- drawbridge:{about} -->\n"
    spoken = ours(github.pages(f"/issues?state=open&creator={quote(BOT)}"), head)
    if body is None:
        if spoken is None:
            return f"{about}: nothing to say"
        github.call("POST", f"/issues/{spoken['number']}/comments", {"body": gone})
        github.call("PATCH", f"/issues/{spoken['number']}", {"state": "closed", "state_reason": "completed"})
        return f"{about}: issue {spoken['number']} closed"
    text = {"title": title, "body": fit(head, harmless(body), "")}
    if spoken is None:
        return f"{about}: issue {github.call('POST', '/issues', text)['number']} opened"
    github.call("PATCH", f"/issues/{spoken['number']}", text)
    return f"{about}: issue {spoken['number']} updated"


def summary(file: Path) -> str:
    """The text of the step's summary: the file's, or that there is none."""
    if not file.is_file():
        return "There is no result: the step above says why.\n"
    text, limit = file.read_text(encoding="utf-8"), SUMMARY
    while len((cut := fit("", text, "", limit)).encode()) > SUMMARY:
        limit = limit * 9 // 10  # characters of several bytes
    return cut


def ours(entries: list[dict[str, Any]], marker: str) -> dict[str, Any] | None:
    """The first entry that we wrote under this marker; who quotes the marker is somebody else."""
    for entry in entries:
        if entry["user"]["login"] == BOT and (entry["body"] or "").startswith(marker):
            return entry
    return None


def main() -> int:
    parser = argparse.ArgumentParser(prog="talk.py", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    on_pull = commands.add_parser("comment", help="post or update a pull request's comment")
    on_pull.add_argument("found", type=Path, help="the folder of the run's artefact")
    on_issue = commands.add_parser("issue", help="open, update or close an issue")
    on_issue.add_argument(
        "--about", required=True, help="what tells this issue from others, such as drift:prod"
    )
    on_issue.add_argument("--title", required=True)
    which = on_issue.add_mutually_exclusive_group(required=True)
    which.add_argument("--body", type=Path, help="a Markdown file")
    which.add_argument("--gone", metavar="TEXT", help="close it with this comment")
    on_summary = commands.add_parser("summary", help="make a Markdown file this step's summary")
    on_summary.add_argument("file", type=Path)
    options = parser.parse_args()
    if options.command == "summary":
        with open(os.environ["GITHUB_STEP_SUMMARY"], "a", encoding="utf-8") as step:
            step.write(summary(options.file))
        return 0
    try:
        github = GitHub()
        if options.command == "comment":
            event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
            done = comment(github, event["workflow_run"], options.found)
        else:
            body = None if options.body is None else options.body.read_text(encoding="utf-8")
            done = issue(github, options.about, options.title, body, options.gone)
    except Refused as reason:
        print(f"::error::{str(reason).splitlines()[0]}")
        return 1
    print(done)
    return 0


if __name__ == "__main__":
    sys.exit(main())
