"""The bill of materials, and known vulnerabilities of what is installed."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.utils import canonicalize_name

from tests.evaluations import ROOT
from tests.project.locks import locked, required

SUPPLY = [ROOT / ".venv/supply/.installed", ROOT / ".venv/runtime/.installed"]
supplied = pytest.mark.skipif(
    not all(path.exists() for path in SUPPLY),
    reason="the environments of `make sbom` are not there: make sbom",
)


@supplied
def test_the_bill_of_materials_lists_what_is_locked_and_is_the_same_twice(tmp_path: Path) -> None:
    texts = []
    for name in ("one", "two"):
        subprocess.run(["make", "sbom", f"DIST={tmp_path / name}"], cwd=ROOT, check=True, capture_output=True)
        (file,) = (tmp_path / name).iterdir()
        texts.append(file.read_text())
    assert texts[0] == texts[1]
    assert str(ROOT) not in texts[0]
    bill = json.loads(texts[0])
    assert {"timestamp", "serialNumber"} & {*bill, *bill["metadata"]} == set()
    assert {(canonicalize_name(item["name"]), item["version"]) for item in bill["components"]} == {
        (entry.name, entry.version)
        for entry in locked(ROOT / "requirements.lock")
        if not entry.marker or Marker(entry.marker).evaluate()
    }
    (root,) = (
        item for item in bill["dependencies"] if item["ref"] == bill["metadata"]["component"]["bom-ref"]
    )
    assert len(root["dependsOn"]) == len(required(ROOT / "requirements.txt"))


@contextlib.contextmanager
def osv(vulnerable: set[tuple[str, str]], status: int = 200) -> Iterator[str]:
    """A server with OSV's API, for which these packages are vulnerable."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            package = {"ecosystem": "PyPI", "name": asked["package"]["name"]}
            ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99"}]}]
            finding = {
                "id": "TEST-1",
                "summary": "",
                "published": "2020-01-01T00:00:00Z",
                "affected": [{"package": package, "ranges": ranges}],
            }
            hit = (package["name"], asked["version"]) in vulnerable
            body = json.dumps({"vulns": [finding]} if hit else {}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def audit(
    url: str, python: Path = Path(sys.executable), **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, ROOT / ".ci/audit", "requirements.lock"],
        cwd=ROOT,
        env={**os.environ, "OSV_URL": url, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


PROBE = ("jinja2", "2.7")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("vulnerable", "status", "reason"),
    [
        (set(), 200, "what answers is not OSV"),  # an answer that knows of nothing proves nothing
        ({PROBE}, 404, "HTTP Error 404"),
    ],
)
def test_an_audit_that_cannot_ask_says_so(vulnerable: set[tuple[str, str]], status: int, reason: str) -> None:
    with osv(vulnerable, status) as url:
        skipped, failed = audit(url), audit(url, AUDIT_REQUIRED="1")
    assert skipped.returncode == 0
    assert skipped.stderr.startswith(f"audit: skipped: {url} cannot be reached: {reason}")
    assert failed.returncode == 1
    assert failed.stderr.startswith(f"audit: failed: {url} cannot be reached: {reason}")


@pytest.mark.slow
def test_an_audit_without_a_network_is_skipped() -> None:
    with osv(set()) as url:
        pass  # nobody listens there any more
    done = audit(url)
    assert (done.returncode, "Connection refused" in done.stderr) == (0, True)


@supplied
@pytest.mark.parametrize("found", [False, True])
def test_an_audit_finds_what_is_known(found: bool) -> None:
    (idna,) = (entry for entry in locked(ROOT / "requirements.lock") if entry.name == "idna")
    with osv({PROBE, (idna.name, idna.version)} if found else {PROBE}) as url:
        done = audit(url, ROOT / ".venv/supply/bin/python", AUDIT_REQUIRED="1")
    assert done.returncode == int(found), done.stderr
    assert ("TEST-1" in done.stdout) is found
