"""What the actions that our workflows use leave behind, read from their sources at the commits that are pinned.

An action is its inputs with their defaults, and what it leaves; another input raises Unsupported. It ends badly where the real one does.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .workflow_hub import OURS, Unsupported
from .workflow_job import Failed, Job

Inputs = Mapping[str, str]
Leave = Callable[[Job, Inputs, Mapping[str, str]], "dict[str, str] | None"]


@dataclass(frozen=True, kw_only=True)
class Action:
    inputs: Mapping[str, str]
    leave: Leave


def checkout(job: Job, given: Inputs, env: Mapping[str, str]) -> None:
    """actions/checkout: the commit of the event, or a branch, as deep as asked, with git's own means."""
    if job.done.permissions.get("contents") not in ("read", "write"):
        raise Failed("remote: Write access to repository not granted. fatal: unable to access: 403")
    event, origin = job.run_.event, job.hub.origin
    ref = given["ref"] or event.ref
    _refuse_a_forks_commit(job, given["ref"])
    git = ["git", "-c", "advice.detachedHead=false", "-C", str(job.workspace)]

    def run(*words: str) -> str:
        done = subprocess.run([*git, *words], capture_output=True, text=True, check=False, env=_quiet(env))
        if done.returncode:
            raise Failed(f"git {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout.strip()

    run("init", "--quiet", "--initial-branch=main")
    run("remote", "add", "origin", origin.as_uri())
    wanted = (
        event.sha
        if not given["ref"]
        else ref
        if ref.startswith("refs/") or _sha(ref)
        else f"refs/heads/{ref}"
    )
    depth = [] if given["fetch-depth"] == "0" else [f"--depth={given['fetch-depth']}"]
    every = ["+refs/heads/*:refs/remotes/origin/*"] if not depth else []
    run("fetch", "--quiet", "--no-tags", *depth, "origin", *every, wanted)
    fetched = wanted if _sha(wanted) else run("rev-parse", "FETCH_HEAD")
    if given["sparse-checkout"]:
        run("sparse-checkout", "set", "--cone", *given["sparse-checkout"].split("\n"))
    run("checkout", "--quiet", "--force", "--detach", fetched)
    if given["persist-credentials"] != "false":
        run("config", "http.https://github.com/.extraheader", f"AUTHORIZATION: {job.secrets['GITHUB_TOKEN']}")


def _refuse_a_forks_commit(job: Job, ref: str) -> None:
    """v7 does not check out what a fork wrote where the workflow is the repository's own."""
    ended = job.run_.event.payload.get("workflow_run")
    if not ended or ended["event"] != "pull_request" or ended["head_repository"]["id"] == OURS:
        return
    if ref == ended["head_sha"] or re.fullmatch(r"refs/pull/\d+/(head|merge)", ref):
        raise Failed("Refusing to check out fork pull request code from a 'workflow_run' workflow.")


def _sha(ref: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{40}", ref) is not None


def _quiet(env: Mapping[str, str]) -> dict[str, str]:
    return {
        "PATH": env.get("PATH", "/usr/bin:/bin"),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
    }


def install_pulumi(job: Job, given: Inputs, env: Mapping[str, str]) -> None:
    """pulumi/actions without a command: the CLI of the version that a file of the checkout names, on PATH."""
    file = job.workspace / given["pulumi-version-file"]
    if not given["pulumi-version-file"] or not file.is_file():
        raise Failed(f"ENOENT: no such file or directory, open '{file}'")
    if "pulumi/actions" not in job.hub.path_of:
        raise Failed("no Pulumi CLI on this machine")
    job.paths.insert(0, job.hub.path_of["pulumi/actions"])


def enter_aws(job: Job, given: Inputs, env: Mapping[str, str]) -> None:
    """aws-actions/configure-aws-credentials by OIDC: credentials of a role that trusts this very job."""
    if not given["aws-region"]:
        raise Failed("Input required and not supplied: aws-region")
    if not given["role-to-assume"] or job.done.permissions.get("id-token") != "write":
        raise Failed(
            "Credentials could not be loaded, please check your action inputs: Could not load credentials from any providers"
        )
    event = job.run_.event
    where = (
        f"environment:{job.done.environment}"
        if job.done.environment
        else "pull_request"
        if event.name == "pull_request"
        else f"ref:{event.ref}"
    )
    if job.hub.roles.get(given["role-to-assume"]) != f"repo:{job.hub.repository}:{where}":
        raise Failed(
            "Could not assume role with OIDC: Not authorized to perform sts:AssumeRoleWithWebIdentity"
        )
    job.done.role = given["role-to-assume"]
    job.added |= {
        "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_SESSION_TOKEN": given["role-to-assume"],
        "AWS_REGION": given["aws-region"],
        "AWS_DEFAULT_REGION": given["aws-region"],
        **job.hub.credentials,
    }


def upload(job: Job, given: Inputs, env: Mapping[str, str]) -> None:
    """actions/upload-artifact: a folder's files (or one file), hidden ones left out, under a name that the run has not yet."""
    if set(given["path"]) & set("*?[!"):
        raise Unsupported(f"upload-artifact path: {given['path']}")
    roots = [job.workspace / line.strip() for line in given["path"].split("\n") if line.strip()]
    files = {
        root: [root] if root.is_file() else sorted(file for file in root.rglob("*") if file.is_file())
        for root in roots
    }
    # Of several paths the root is what they have in common; of a single file it is its folder.
    root = roots[0].parent if roots[0].is_file() else roots[0]
    root = Path(os.path.commonpath(roots)) if len(roots) > 1 else root
    found = [(file, file.relative_to(above)) for above, inside in files.items() for file in inside]
    kept = {str(file.relative_to(root)): file.read_bytes() for file, inner in found if not _hidden(inner)}
    if not kept:
        said = f"No files were found with the provided path: {given['path']}. No artifacts will be uploaded."
        if given["if-no-files-found"] == "error":
            raise Failed(said)
        if given["if-no-files-found"] == "warn":
            job.done.errors.append(said)
        return
    name = given["name"]
    if bad := set(name) & set('":<>|*?\r\n\\/'):
        raise Failed(
            f"The artifact name is not valid: {name}. Contains the following character: {sorted(bad)[0]}"
        )
    if not name:
        raise Failed("Provided artifact name input during validation is empty")
    if name in job.run_.artifacts:
        raise Failed(
            "Failed to CreateArtifact: (409) Conflict: an artifact with this name already exists on the workflow run"
        )
    job.run_.artifacts[name] = kept


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def download(job: Job, given: Inputs, env: Mapping[str, str]) -> dict[str, str]:
    """actions/download-artifact v8: one by its name, or all that fit a pattern.

    Each of several goes into a folder of its name; one alone, by name or as the only one that fits, goes into `path` itself.
    """
    run = job.run_
    if given["github-token"]:
        rights = job.hub.github.tokens.get(given["github-token"], {})
        if rights.get("actions") not in ("read", "write"):
            raise Failed("Unable to download artifact(s): Resource not accessible by integration")
        run = job.hub.run(int(given["run-id"]))
    folder = job.workspace / given["path"]
    if given["name"]:
        if given["name"] not in run.artifacts:
            raise Failed(f"Unable to download artifact(s): Artifact not found for name: {given['name']}")
        chosen = {given["name"]: run.artifacts[given["name"]]}
    else:
        pattern = given["pattern"] or "*"
        chosen = {name: files for name, files in run.artifacts.items() if fnmatch.fnmatchcase(name, pattern)}
    flat = bool(given["name"]) or given["merge-multiple"] == "true" or len(chosen) == 1
    for name, files in chosen.items():
        for path, content in files.items():
            file = folder / path if flat else folder / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    return {"download-path": str(folder)}


def upload_sarif(job: Job, given: Inputs, env: Mapping[str, str]) -> None:
    """github/codeql-action/upload-sarif: a file, or all `*.sarif` of a folder, one analysis for each category and tool."""
    rights, private = job.done.permissions, job.hub.private
    if rights.get("security-events") != "write" or (
        private and rights.get("actions") not in ("read", "write")
    ):
        raise Failed("Resource not accessible by integration")
    if private and not job.hub.code_security:
        raise Failed("Code Security must be enabled for this repository to use code scanning.")
    path = job.workspace / given["sarif_file"]
    if not path.exists():
        raise Failed(f"Path does not exist: {path}")
    files = sorted(path.rglob("*.sarif")) if path.is_dir() else [path]
    if not files:
        raise Failed(f'No SARIF files found to upload in "{path}".')
    for run in [run for file in files for run in json.loads(file.read_text(encoding="utf-8"))["runs"]]:
        key = (run["automationDetails"]["id"], run["tool"]["driver"]["name"], job.run_.id)
        if key in job.hub.analyses:
            raise Failed("A delivery cannot contain multiple runs with the same category")
        job.hub.analyses[key] = run["results"]


ACTIONS: dict[str, Action] = {
    "actions/checkout": Action(
        inputs={"ref": "", "fetch-depth": "1", "persist-credentials": "true", "sparse-checkout": ""},
        leave=checkout,
    ),
    "actions/upload-artifact": Action(
        inputs={"name": "artifact", "path": "", "if-no-files-found": "warn", "retention-days": ""},
        leave=upload,
    ),
    "actions/download-artifact": Action(
        inputs={
            "name": "",
            "path": ".",
            "pattern": "",
            "merge-multiple": "false",
            "github-token": "",
            "run-id": "",
        },
        leave=download,
    ),
    "github/codeql-action/upload-sarif": Action(inputs={"sarif_file": "../results"}, leave=upload_sarif),
    "pulumi/actions": Action(inputs={"pulumi-version-file": ""}, leave=install_pulumi),
    "aws-actions/configure-aws-credentials": Action(
        inputs={"role-to-assume": "", "aws-region": "", "role-duration-seconds": "3600"}, leave=enter_aws
    ),
}
