"""A double of GitHub's REST API: pull requests, issues and comments of one repository, and what each token may do there.

with serving(GitHub()) as github:
    github.tokens["token"] = {"issues": "write"}
    github.url, github.comments, github.issues, github.writes
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

BOT = "github-actions[bot]"
LONGEST = 65_536  # characters of a comment's or an issue's text

# What a token needs for each write; one of them is enough. A public repository is read without any.
_RIGHTS = {
    "POST": {r"/issues": ["issues"], r"/issues/\d+/comments": ["issues", "pull-requests"]},
    "PATCH": {r"/issues/\d+": ["issues"], r"/issues/comments/\d+": ["issues", "pull-requests"]},
}


class GitHub(ThreadingHTTPServer):
    """One repository, `o/r`. `tokens` holds the permissions of each token that is valid."""

    daemon_threads = True

    def __init__(self, repository: str = "o/r") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repository = repository
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.tokens: dict[str, dict[str, str]] = {}
        self.pulls: dict[int, dict[str, Any]] = {}
        self.comments: list[dict[str, Any]] = []
        self.issues: list[dict[str, Any]] = []
        self.writes: list[tuple[str, str]] = []


@contextmanager
def serving(github: GitHub) -> Iterator[GitHub]:
    with github:
        threading.Thread(target=github.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield github
        github.shutdown()


class _Handler(BaseHTTPRequestHandler):
    server: GitHub

    def do_GET(self) -> None:
        self.about(self.read)

    def do_POST(self) -> None:
        self.about(self.make)

    def do_PATCH(self) -> None:
        self.about(self.change)

    def about(self, do: Any) -> None:
        """What was asked, if this token may ask it."""
        url = urlsplit(self.path)
        query = {key: value[0] for key, value in parse_qs(url.query).items()}
        length = int(self.headers.get("Content-Length") or 0)
        given = json.loads(self.rfile.read(length)) if length else {}
        rights = self.server.tokens.get(self.headers.get("Authorization", "").removeprefix("Bearer "))
        root = f"/repos/{self.server.repository}"
        path = url.path.removeprefix(root)
        if rights is None:
            return self.answer(401, {"message": "Bad credentials"})
        if not url.path.startswith(f"{root}/"):
            return self.answer(404, {"message": "Not Found"})
        for pattern, wanted in _RIGHTS.get(self.command, {}).items():
            if re.fullmatch(pattern, path) and "write" not in [rights.get(name) for name in wanted]:
                return self.answer(403, {"message": "Resource not accessible by integration"})
        if len(given.get("body") or "") > LONGEST:
            return self.answer(422, {"message": f"body is too long (maximum is {LONGEST} characters)"})
        if self.command != "GET":
            self.server.writes.append((self.command, url.path))
        do(path, query, given)

    def read(self, path: str, query: dict[str, str], _: Any) -> None:
        if pull := re.fullmatch(r"/pulls/(\d+)", path):
            found = self.server.pulls.get(int(pull[1]))
            return self.answer(200 if found else 404, found or {"message": "Not Found"})
        if path == "/issues":
            wanted = query.get("state", "open"), query.get("creator")
            entries = [
                i
                for i in self.server.issues
                if wanted in ((i["state"], None), (i["state"], i["user"]["login"]))
            ]
        elif of := re.fullmatch(r"/issues/(\d+)/comments", path):
            entries = [c for c in self.server.comments if c.get("of", int(of[1])) == int(of[1])]
        else:
            return self.answer(404, {"message": "Not Found"})
        size = min(int(query.get("per_page", "30")), 100)
        first = (int(query.get("page", "1")) - 1) * size
        return self.answer(200, entries[first : first + size])

    def make(self, path: str, _: Any, given: dict[str, Any]) -> None:
        if path == "/issues":
            made = {**given, "number": 90 + len(self.server.issues), "state": "open", "user": {"login": BOT}}
            self.server.issues.append(made)
        elif of := re.fullmatch(r"/issues/(\d+)/comments", path):
            made = {**given, "id": 500 + len(self.server.comments), "of": int(of[1]), "user": {"login": BOT}}
            self.server.comments.append(made)
        else:
            return self.answer(404, {"message": "Not Found"})
        return self.answer(201, made)

    def change(self, path: str, _: Any, given: dict[str, Any]) -> None:
        entries = self.server.comments if "/comments/" in path else self.server.issues
        number = int(path.rpartition("/")[2])
        for entry in entries:
            if entry.get("id", entry.get("number")) == number:
                entry.update(given)
                return self.answer(200, entry)
        return self.answer(404, {"message": "Not Found"})

    def answer(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass
