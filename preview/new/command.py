"""`python -m preview new`: writes a stack file for a compose file, and previews it at once."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from model.compose.file import Compose, parse
from model.printable import printable_lines
from preview.evaluate.program import ProgramError, checkout, evaluate
from preview.evaluate.project import nearest
from preview.evaluate.stackfile import StackFileError
from preview.new import services, text, values, volumes
from preview.new.proposal import Proposal

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")

PLACEHOLDER = "0123456789abcdef0123456789abcdef"


def main(arguments: list[str]) -> int:
    """0: it previews cleanly; 2: a question is left; 1: nothing was written."""
    parser = argparse.ArgumentParser(
        prog="preview new",
        description="Write a stack file for a compose file, which stays as it is, and preview it.",
    )
    parser.add_argument(
        "--app", metavar="PATH", type=Path, required=True, help="the compose file, or its folder"
    )
    parser.add_argument(
        "--host", metavar="NAME", required=True, help="where people reach it, such as app.example.com"
    )
    parser.add_argument(
        "--project",
        metavar="DIR",
        type=Path,
        help="the folder of your Pulumi.yaml (the nearest above the app; none: the app's)",
    )
    parser.add_argument("--stack", metavar="NAME", default="prod", help="writes Pulumi.NAME.yaml (prod)")
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, help="write the stack file there")
    parser.add_argument("--region", default=text.REGION, help=f"of AWS ({text.REGION})")
    parser.add_argument("--zone", help="the Cloudflare zone (the host without its first label)")
    parser.add_argument("--account-id", default=PLACEHOLDER, help="of Cloudflare")
    parser.add_argument("--zone-id", default=PLACEHOLDER[::-1], help="of Cloudflare")
    parser.add_argument("--team", default="acme", help="of NAME.cloudflareaccess.com")
    try:
        options = parser.parse_args(arguments)
    except SystemExit as end:
        return 1 if end.code else 0
    if not re.fullmatch(
        r"(?=.{4,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+", options.host
    ):
        return _stop(f"--host: expected a hostname such as app.example.com, found {options.host!r}")
    file = _compose_file(options.app)
    if file is None:
        return _stop(
            f"--app: expected a compose file or a folder with one of {', '.join(NAMES)}, found {str(options.app)!r}"
        )
    root = (options.project or nearest(file.parent) or file.parent).resolve()
    if not file.is_relative_to(root):
        return _stop(
            f"--app: expected a file below the project {root}, found {file}; copy it there, or leave --project out"
        )
    target = options.output or root / f"Pulumi.{options.stack}.yaml"
    if target.exists():
        return _stop(f"{target}: there is such a stack; give another by --stack NAME, or move it away")
    labels = options.host.split(".")
    zone = options.zone or (".".join(labels[1:]) if len(labels) > 2 else options.host)
    try:
        proposal = proposed(file, root, options.host)
    except ValueError as error:
        return _stop(str(error))
    written = [target]
    if not (root / "Pulumi.yaml").exists():
        (root / "Pulumi.yaml").write_text(_project(root), encoding="utf-8")
        written.append(root / "Pulumi.yaml")
    content = text.stack_file(
        proposal,
        region=options.region,
        zone=zone,
        account=options.account_id,
        zone_id=options.zone_id,
        team=options.team,
    )
    target.write_text(content, encoding="utf-8")
    return _told(root, target, written, proposal)


def proposed(file: Path, root: Path, host: str) -> Proposal:
    """The proposal for a compose file below the project's folder. Raises ValueError where Compose would refuse the file."""
    source = file.read_text(encoding="utf-8-sig")
    called = file.relative_to(root).as_posix()
    proposal = Proposal(compose=called, host=host)
    examples, example = values.read_examples(file.parent, file.name)
    compose = _read(source, called, examples)
    services.propose(compose, proposal)
    prefix = file.parent.relative_to(root).as_posix()
    volumes.propose(compose, file.parent, "" if prefix == "." else prefix, proposal)
    whole = _env_files(compose, file.parent, "" if prefix == "." else prefix, proposal)
    examples = values.without_database(compose, examples, proposal)
    wanted = dict.fromkeys(_wanted(compose, examples, proposal), "")
    if example:
        proposal.because("env", f"values of {example}")
    values.propose(compose, wanted, examples, whole, proposal)
    return proposal


def _read(source: str, called: str, env: dict[str, str]) -> Compose:
    compose = parse(source, called, env=env)
    if compose.findings:
        raise ValueError("\n".join(map(str, compose.findings)))
    return compose


def _wanted(compose: Compose, examples: Mapping[str, str], proposal: Proposal) -> frozenset[str]:
    """The variables without a value of the services that run; those of a replaced database are the machine's own business."""
    read = {variable for _, service in services.kept(compose, proposal) for variable in service.variables}
    needed = compose.required | (examples.keys() & (compose.mentioned | read))
    replaced = (proposal.database or {}).get("replaces")
    gone = {*proposal.without, *([replaced] if replaced else [])}
    only_gone = {
        variable
        for name, service in compose.services.items()
        if name in gone
        for variable in service.variables
    } - {
        variable
        for name, service in compose.services.items()
        if name not in gone
        for variable in service.variables
    }
    # Compose puts them in all the same, and refuses a mount without a source or a port without a number.
    filled = {name for name in only_gone & examples.keys() if examples[name] and not values.is_secret(name)}
    return (needed - only_gone) | filled


def _env_files(compose: Compose, folder: Path, prefix: str, proposal: Proposal) -> bool:
    """The files of `env_file`; whether a service reads all of .env."""
    whole = False
    for name, service in services.kept(compose, proposal):
        for item in service.env_files:
            relative = item["path"].removeprefix("./")
            if relative == ".env":
                whole = True
                continue
            near = [
                relative,
                f"{relative}.example",
                f"{relative}.sample",
                f"{relative}.template",
                f"example.{relative}",
            ]
            there = next((path for path in near if (folder / path).is_file()), None)
            if there:
                proposal.files[relative] = f"{prefix}/{there}" if prefix else there
                proposal.because(
                    "files", f"{relative} is read by '{name}' (env_file); take secrets out of it"
                )
            elif item["required"]:
                proposal.questions.append(
                    f"drawbridge:app files: where is {relative}, the env_file of '{name}'?"
                )
    return whole


def _compose_file(path: Path) -> Path | None:
    if path.is_file():
        return path.resolve()
    return next(((path / name).resolve() for name in NAMES if (path / name).is_file()), None)


def _project(root: Path) -> str:
    name = re.sub(r"[^a-z0-9-]+", "-", root.name.lower()).strip("-")[:31] or "app"
    place = Path(os.path.relpath(checkout(), root)).as_posix()
    return (
        f"name: {name if name[0].isalpha() else f'app-{name}'[:31]}\n"
        f"description: A Docker Compose app on AWS behind Cloudflare\nmain: {place}\n"
        f"runtime:\n  name: python\n  options: {{toolchain: pip, virtualenv: {place}/.venv}}\n"
    )


def _told(root: Path, target: Path, written: Sequence[Path], proposal: Proposal) -> int:
    for path in written:
        print(f"written: {os.path.relpath(path)}")
    try:
        evaluation = evaluate(root, config_file=target)
    except (ProgramError, StackFileError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        asked = [*proposal.questions, *[line for line in lines if not re.match(r"\d+ errors? in ", line)]]
        print(printable_lines(f"one question: {asked[0]}"))
        for line in asked[1:]:
            print(printable_lines(f"  the same, or after it: {line}"))
        return 2
    for question in proposal.questions[:1]:
        print(printable_lines(f"one question: {question}"))
    for warning in evaluation.warnings:
        print(printable_lines(f"look at: {warning}"))
    print(f"previews cleanly: {len(evaluation.resources)} resources")
    return 2 if proposal.questions else 0


def _stop(said: str) -> int:
    print(printable_lines(said), file=sys.stderr)
    return 1
