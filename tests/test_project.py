"""The repository as a project: its locks, make targets, version, hooks and pages are what they say they are."""

from __future__ import annotations

import contextlib
import http.server
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.evaluations import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()

PAGES = sorted(
    path
    for pattern in ("*.md", ".github/**/*.md", "docs/**/*.md", "examples/*/*.md")
    for path in ROOT.glob(pattern)
)


def run(cwd: Path, *command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


# Commands: what is named anywhere can be run.

RULES = dict(re.findall(r"^([\w$()./-]+):(?!=)(.*)$", MAKEFILE, re.MULTILINE))
TARGETS = {name.replace("$(VENV)", ".venv"): rest for name, rest in RULES.items()}
PHONY = set(re.findall(r"[\w-]+", re.search(r"^\.PHONY: ((?:.|\\\n)*?)$(?<!\\)", MAKEFILE, re.MULTILINE)[1]))  # type: ignore[index]


def test_help_lists_every_target_with_its_text() -> None:
    assert {name for name in TARGETS if "." not in name} == PHONY
    assert [name for name in sorted(PHONY) if not re.search(r" ## \S.{10,}", TARGETS[name])] == []
    listed = run(ROOT, "make", "help").stdout
    assert set(re.findall(r"^make ([\w-]+) +\S", listed, re.MULTILINE)) == PHONY


def test_the_first_target_stays_the_preview() -> None:
    assert next(name for name in TARGETS if name != ".PHONY") == "preview"


def named_targets(path: Path) -> set[str]:
    """The targets that a page's code, or a script's lines, call make with."""
    text = path.read_text()
    if path.suffix == ".md":
        blocks = re.findall(r"^ *```.*?^ *```", text, re.MULTILINE | re.DOTALL)
        text = "\n".join([*re.findall(r"`([^`\n]+)`", text), *blocks])
    return set(re.findall(r"""(?:^ *(?:sudo )?|&& |")make ([a-z][\w-]*)(?=[" \n]|$)""", text, re.MULTILINE))


def test_every_target_that_is_named_exists() -> None:
    others = [".ci/run", ".pre-commit-config.yaml", ".devcontainer/devcontainer.json", "mkdocs.yml"]
    named = {
        (str(path.relative_to(ROOT)), target)
        for path in [*PAGES, *(ROOT / other for other in others)]
        for target in named_targets(path)
    }
    assert {"preview", "test", "lint", "hooks"} <= {target for _, target in named}
    assert {(file, target) for file, target in named if target not in PHONY} == set()


def test_check_is_what_ci_does() -> None:
    assert {"test", "lint", "docs", "sbom", "emulated", "walk"} <= named_targets(ROOT / ".ci/run")
    planned = run(ROOT, "make", "--dry-run", "check").stdout.splitlines()
    assert ".ci/run" in planned
    jobs = yaml.safe_load((ROOT / ".github/workflows/check.yml").read_text())["jobs"]
    commands = {step["run"] for job in jobs.values() for step in job["steps"] if "run" in step}
    assert {"sudo .ci/run", "make rehearse"} <= commands


HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]


def test_hooks_download_nothing_and_run_what_is_locked() -> None:
    assert [source["repo"] for source in HOOKS] == ["local"]
    scripts = {
        file.name
        for item in metadata.distributions()
        for file in item.files or []
        if file.parent.name == "bin"
    }
    for hook in HOOKS[0]["hooks"]:
        assert hook["language"] == "system", hook["id"]
        program = hook["entry"].split()[0]
        assert program.startswith(".venv/bin/"), hook["id"]
        assert Path(program).name in {*scripts, "python"}, hook["id"]


def test_hooks_stop_a_commit(tmp_path: Path) -> None:
    """The style hook on a file with an import that nothing uses, with pre-commit itself."""
    root = tmp_path / "repository"
    root.mkdir()
    run(root, "git", "init", "--quiet")
    for name in (".pre-commit-config.yaml", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    (root / ".venv").symlink_to(Path(sys.prefix))
    (root / "fault.py").write_text("import json\nprint(undefined)\n")
    (root / "sound.py").write_text("print(1)\n")
    run(root, "git", "add", "--all", "--", ":!.venv")
    hook = (sys.executable, "-m", "pre_commit", "run", "ruff-check", "--files")
    home = {"PRE_COMMIT_HOME": str(tmp_path / "home")}
    passed, stopped = run(root, *hook, "sound.py", **home), run(root, *hook, "fault.py", **home)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert stopped.returncode == 1
    assert "F821" in stopped.stdout


# Locks: what is installed fits what people wrote, without asking a registry.

INPUTS = sorted([*ROOT.glob("requirements*.txt"), ROOT / "policy/requirements.txt"])


@dataclass(frozen=True, kw_only=True)
class Locked:
    name: str
    version: str
    marker: str
    hashes: frozenset[str]
    wanted_by: frozenset[str]  # packages, and `-r FILE` for what a file asks for itself


def required(path: Path) -> list[Requirement]:
    """What a file asks for, with the files that it includes."""
    found: list[Requirement] = []
    for line in path.read_text().splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            found += required(path.parent / text.removeprefix("-r ").strip())
        elif text:
            found.append(Requirement(text))
    return found


def locked(path: Path) -> list[Locked]:
    entries = re.split(r"^(?=[A-Za-z0-9])", path.read_text(), flags=re.MULTILINE)[1:]
    found = []
    for entry in entries:
        head = re.match(r"([\w.-]+)(?:\[.*?\])?==(\S+)(?: ; (.*?))?(?: \\)?\n", entry)
        assert head, f"{path.name}: not an exact version: {entry.splitlines()[0]}"
        found.append(
            Locked(
                name=canonicalize_name(head[1]),
                version=head[2],
                marker=head[3] or "",
                hashes=frozenset(re.findall(r"--hash=(sha256:[0-9a-f]{64})\b", entry)),
                wanted_by=frozenset(re.findall(r"^ +#(?: via)? +(-r \S+|[\w.-]+)", entry, re.MULTILINE)),
            )
        )
    return found


def misfits(path: Path, lock: Path) -> list[str]:
    """Where a lock is not what its input asks for."""
    wanted = {canonicalize_name(item.name): item for item in required(path)}
    entries = locked(lock)
    roots = {entry.name for entry in entries if any(by.startswith("-r ") for by in entry.wanted_by)}
    found = [f"{name}: not asked for any more" for name in sorted(roots - set(wanted))]
    for name, item in sorted(wanted.items()):
        versions = {entry.version for entry in entries if entry.name == name}
        if not re.fullmatch(r"==[^*]+", str(item.specifier)):
            found.append(f"{name}: not pinned to one version: {item}")
        elif name not in roots:
            found.append(f"{name}: not locked")
        elif {f"=={version}" for version in versions} != {str(item.specifier)}:
            found.append(f"{name}: asked for{item.specifier}, locked {', '.join(sorted(versions))}")
    found += [f"{entry.name}: without a hash" for entry in entries if not entry.hashes]
    return found


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_lock_fits_its_input(path: Path) -> None:
    assert misfits(path, path.with_suffix(".lock")) == [], "make lock"


@pytest.mark.parametrize(
    ("old", "new", "noticed"),
    [
        ("idna==3", "idna==2", "idna: asked for==2"),
        ("PyYAML==6.0.3\n", "", "pyyaml: not asked for any more"),
        ("PyYAML==6.0.3\n", "PyYAML==6.0.3\nrequests==2.34.2\n", "requests: not locked"),
        ("PyYAML==", "PyYAML>=", "pyyaml: not pinned to one version"),
    ],
)
def test_a_lock_that_does_not_fit_is_noticed(tmp_path: Path, old: str, new: str, noticed: str) -> None:
    text = (ROOT / "requirements.txt").read_text()
    assert old in text
    changed = tmp_path / "requirements.txt"
    changed.write_text(text.replace(old, new))
    assert any(line.startswith(noticed) for line in misfits(changed, ROOT / "requirements.lock"))


def test_a_missing_hash_is_noticed(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        re.sub(r"(idna==\S+) \\\n(?: +--hash.*\n)+", r"\1\n", (ROOT / "requirements.lock").read_text())
    )
    assert misfits(ROOT / "requirements.txt", lock) == ["idna: without a hash"]


def test_what_is_tested_is_what_a_deployment_runs() -> None:
    def versions(lock: str) -> set[tuple[str, str, str]]:
        return {(entry.name, entry.version, entry.marker) for entry in locked(ROOT / lock)}

    assert versions("requirements.lock") - versions("requirements-dev.lock") == set()


def test_make_knows_every_lock() -> None:
    found = re.search(r"^LOCKS := ((?:.|\\\n)*?)$(?<!\\)", MAKEFILE, re.MULTILINE)
    assert found
    assert set(found[1].replace("\\\n", "").split()) == {
        str(path.with_suffix(".lock").relative_to(ROOT)) for path in INPUTS
    }


@pytest.mark.parametrize("file", ["Makefile", ".ci/run"])
def test_nothing_is_installed_past_a_lock(file: str) -> None:
    text = (ROOT / file).read_text().replace("\\\n", " ")
    installs = [line for line in re.findall(r".*(?:pip install|\$\(INSTALL\)).*", text) if ":=" not in line]
    assert installs
    for line in installs:
        assert "--require-hashes" in line.replace("$(INSTALL)", "--require-hashes"), line
        assert re.search(r"-r \S+\.lock$", line), line
    if file == "Makefile":
        assert re.search(r"^INSTALL := .* --require-hashes$", text, re.MULTILINE)


# What is known of what is installed.

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
    thread = threading.Thread(target=server.serve_forever)
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


# The version and its release.

VERSION = (ROOT / "VERSION").read_text()


def test_the_version_is_stated_once_and_the_changelog_knows_it() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", VERSION)
    versions = re.findall(
        r"^## (\S+) - (unreleased|\d{4}-\d\d-\d\d)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert versions[0][0] == VERSION.strip()
    assert [version for version, day in versions[1:] if day == "unreleased"] == []
    assert yaml.safe_load((ROOT / "policy/PulumiPolicy.yaml").read_text())["version"] == VERSION.strip()
    assert "version" not in tomllib.loads((ROOT / "pyproject.toml").read_text()).get("project", {})


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose commit is complete as version 1.2.3, and tagged."""
    root = tmp_path / "repository"
    (root / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci/release", root / ".ci")
    (root / "VERSION").write_text("1.2.3\n")
    (root / "CHANGELOG.md").write_text(
        "# Changelog\n\n## 1.2.3 - 2026-01-02\n\nNew.\n\n## 1.2.2 - 2026-01-01\n\nOld.\n"
    )
    run(root, "git", "init", "--quiet")
    for setting in ("user.name=A", "user.email=a@example.com", "commit.gpgsign=false", "tag.gpgsign=false"):
        run(root, "git", "config", *setting.split("="))
    commit(root)
    run(root, "git", "tag", "v1.2.3")
    return root


def commit(root: Path) -> None:
    run(root, "git", "add", "--all")
    assert run(root, "git", "commit", "--quiet", "--message", "x").returncode == 0


def test_a_release_is_the_same_bytes_when_it_is_made_again(repository: Path, tmp_path: Path) -> None:
    assert run(repository, ".ci/release", "check").returncode == 0
    assert run(repository, ".ci/release", "build", tmp_path / "one", TZ="Asia/Tokyo").returncode == 0
    copy = tmp_path / "elsewhere"
    run(tmp_path, "git", "clone", "--quiet", repository, copy)
    build = f"umask 077 && .ci/release build {tmp_path / 'two'}"
    assert run(copy, "bash", "-c", build, TZ="America/Lima").returncode == 0
    for name in ("drawbridge-1.2.3.tar.gz", "drawbridge-1.2.3.zip", "SHA256SUMS"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    assert run(tmp_path / "one", "sha256sum", "--check", "SHA256SUMS").returncode == 0
    with tarfile.open(tmp_path / "one/drawbridge-1.2.3.tar.gz") as archive:
        assert "drawbridge-1.2.3/VERSION" in archive.getnames()


def test_a_release_has_its_own_notes(repository: Path) -> None:
    assert run(repository, ".ci/release", "notes").stdout.strip() == "New."


@pytest.mark.parametrize(
    ("file", "text", "committed", "noticed"),
    [
        ("VERSION", "1.2\n", True, "VERSION: expected MAJOR.MINOR.PATCH, got 1.2"),
        ("CHANGELOG.md", "## 1.2.3 - unreleased\n", True, "CHANGELOG.md: no heading '## 1.2.3 - YYYY-MM-DD'"),
        (
            "CHANGELOG.md",
            "## 1.2.3 - 2026-01-02\n\nMore.\n",
            False,
            "there are changes that are not committed",
        ),
        ("new", "", True, "the tag v1.2.3 is not on this commit"),
    ],
    ids=["version", "changelog", "uncommitted", "tag"],
)
def test_what_is_not_a_release_is_refused(
    repository: Path, file: str, text: str, committed: bool, noticed: str
) -> None:
    (repository / file).write_text(text)
    if committed:
        commit(repository)
    refused = run(repository, ".ci/release", "check")
    assert refused.returncode == 1
    assert f"not a release: {noticed}" in refused.stderr


# What GitHub reads of a repository.


@pytest.mark.parametrize(
    ("schema", "pattern"),
    [
        ("github-issue-forms", ".github/ISSUE_TEMPLATE/[!c]*.yml"),
        ("github-issue-config", ".github/ISSUE_TEMPLATE/config.yml"),
        ("dependabot", ".github/dependabot.yml"),
    ],
)
def test_what_github_reads_fits_its_schema(schema: str, pattern: str) -> None:
    files = sorted(ROOT.glob(pattern))
    assert files
    checker = Path(sys.executable).parent / "check-jsonschema"
    done = run(ROOT, checker, "--builtin-schema", f"vendor.{schema}", *files)
    assert done.returncode == 0, done.stdout


def test_dependabot_looks_where_requirements_are() -> None:
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    (pip,) = (update for update in updates if update["package-ecosystem"] == "pip")
    assert {ROOT / folder.strip("/") for folder in pip["directories"]} == {path.parent for path in INPUTS}


def test_every_line_of_the_code_owners_owns_something() -> None:
    lines = (ROOT / ".github/CODEOWNERS").read_text().splitlines()
    rules = [line.split() for line in lines if line and not line.startswith("#")]
    assert rules[0][0] == "*"  # nothing is without an owner
    for pattern, *owners in rules:
        assert list(ROOT.glob(pattern.strip("/"))), pattern
        assert owners and all(re.fullmatch(r"@[\w-]+(/[\w-]+)?", owner) for owner in owners), pattern


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License\n" in text and "END OF TERMS AND CONDITIONS" in text
    assert "Copyright 2026 The Drawbridge authors" in text


# Pages.

MKDOCS = ROOT / ".venv/docs/bin/mkdocs"


def test_the_readme_can_be_read_at_one_sitting() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 180


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    found: set[str] = set()
    tokens = MarkdownIt().parse(text)
    for opening, inline in itertools.pairwise(tokens):
        if opening.type == "heading_open":
            plain = "".join(child.content for child in inline.children or [])
            slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
            count = sum(bool(re.fullmatch(rf"{re.escape(slug)}(-\d+)?", other)) for other in found)
            found.add(f"{slug}-{count}" if count else slug)
    return found


def dead_links(page: Path) -> list[str]:
    """Links to files or headings that are not there; links to the Web are not followed."""
    inlines = (
        token for token in MarkdownIt().enable("table").parse(page.read_text()) if token.type == "inline"
    )
    links = [
        str(child.attrs.get("href", child.attrs.get("src")))
        for inline in inlines
        for child in inline.children or []
        if child.type in ("link_open", "image")
    ]
    dead = []
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            dead.append(link)
    return dead


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert dead_links(page) == []


def test_a_dead_link_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# One `two`: three\n\n## Same\n\n## Same\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](there.md#one-two-three) [b](there.md#same-1) [c](https://example.com/#x)\n\n"
        "| [d](gone.md) |\n| --- |\n| [e](there.md#four) |\n"
    )
    assert dead_links(page) == ["gone.md", "there.md#four"]


OURS = [page for page in PAGES if "examples" not in page.parts]  # an example also names its app's own files


@pytest.mark.parametrize("page", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    folders = "|".join(
        path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")
    )
    named = re.findall(rf"`((?:{folders})/[\w./-]+)`", page.read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []


def build(docs: Path, site: Path) -> subprocess.CompletedProcess[str]:
    settings = docs.parent / "mkdocs.yml"
    command = [str(MKDOCS), "build", "--strict", "--config-file", str(settings), "--site-dir", str(site)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.skipif(not MKDOCS.exists(), reason="the site's environment is not there: make docs")
def test_the_site_is_whole_and_asks_nothing_of_others(tmp_path: Path) -> None:
    site = tmp_path / "site"
    built = build(ROOT / "docs", site)
    assert built.returncode == 0, built.stderr
    assert list(site.rglob("*.py")) == []
    pages = list(site.rglob("*.html"))
    assert len(pages) > len(list((ROOT / "docs").rglob("*.md")))  # and the one for what is not found
    for page in pages:
        loaded = re.findall(
            r"<(?:script|img|iframe|link)\b[^>]*(?:src|href)=\"?([^\s\">]+)", page.read_text()
        )
        assert [url for url in loaded if re.match("(https?:)?//", url)] == [], page


@pytest.mark.skipif(not MKDOCS.exists(), reason="the site's environment is not there: make docs")
@pytest.mark.parametrize(
    ("page", "text", "noticed"),
    [
        ("apps.md", "[x](gone.md)", "contains a link 'gone.md'"),
        ("apps.md", "[x](settings.md#gone)", "does not contain an anchor '#gone'"),
        ("adr/0099-new.md", "# New", 'not included in the "nav"'),
    ],
)
def test_the_site_is_not_built_with_a_fault(tmp_path: Path, page: str, text: str, noticed: str) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    with (tmp_path / "docs" / page).open("a") as file:
        file.write(f"\n{text}\n")
    built = build(tmp_path / "docs", tmp_path / "site")
    assert built.returncode != 0
    assert noticed in built.stderr
