"""`python -m preview doctor`: what would refuse a stack's first `pulumi up`, asked of the clouds, each with its fix."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from model.printable import printable_lines

IMPORT = "pulumi import --file {file} --protect=false --generate-code=false"


def main(arguments: list[str], environment: Mapping[str, str] = os.environ) -> int:
    """0: nothing in the way; 2: something is refused; 3: something could not be asked; 1: the stack file is wrong."""
    parser = argparse.ArgumentParser(
        prog="preview doctor",
        description="Ask AWS, Cloudflare and the registries what would refuse a stack. Nothing is made or changed.",
    )
    parser.add_argument("--project", metavar="DIR", type=Path, help="the folder of your Pulumi.yaml")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--stack", metavar="NAME", help="the stack whose file is Pulumi.NAME.yaml (prod)")
    which.add_argument("--config-file", metavar="FILE", type=Path, help="a stack file, Pulumi.NAME.yaml")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument(
        "--state",
        metavar="FILE",
        type=Path,
        help="what `pulumi stack export` wrote, where the CLI is not logged in here",
    )
    parser.add_argument(
        "--imports",
        metavar="FILE",
        type=Path,
        help="write there what `pulumi import --file` takes over of what stands in the way",
    )
    try:
        options = parser.parse_args(arguments)
    except SystemExit as end:
        return 1 if end.code else 0

    from preview.doctor import render
    from preview.doctor.aws import Aws
    from preview.doctor.cloudflare import API, Cloudflare
    from preview.doctor.context import Context
    from preview.doctor.diagnose import diagnose
    from preview.doctor.registry import HUB, Registry
    from preview.doctor.state import read
    from preview.doctor.tools import deployed
    from preview.doctor.wanted import NoDrawbridge, Wanted
    from preview.evaluate.program import ProgramError, checkout, evaluate
    from preview.evaluate.project import nearest
    from preview.evaluate.stackfile import StackFileError

    root = (options.project or nearest(Path()) or checkout()).resolve()
    try:
        evaluation = evaluate(root, stack=options.stack, config_file=options.config_file)
        wanted = Wanted(evaluation)
        state = (
            read(options.state.read_text(encoding="utf-8"))
            if options.state
            else deployed(root, evaluation.stack, environment)
        )
    except (ProgramError, StackFileError, NoDrawbridge) as error:
        print(printable_lines(str(error)), file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        print(printable_lines(f"{options.state}: {error}"), file=sys.stderr)
        return 1
    config = evaluation.config
    context = Context(
        wanted=wanted,
        aws=Aws(wanted.region, config.get("aws:profile")),
        cloudflare=Cloudflare(
            environment.get("CLOUDFLARE_API_TOKEN"),
            config.get("cloudflare:baseUrl") or environment.get("CLOUDFLARE_BASE_URL") or API,
        ),
        registry=Registry(environment.get("DRAWBRIDGE_HUB", HUB)),
        state=state,
        checkout=checkout(),
        project=root,
        environment=environment,
    )
    diagnosis = diagnose(context)
    sys.stdout.write(render.to_json(diagnosis) if options.format == "json" else render.to_text(diagnosis))
    if options.imports and any(answer.taken for answer in diagnosis.answers):
        try:
            options.imports.write_text(render.import_file(diagnosis, evaluation), encoding="utf-8")
        except OSError as error:
            print(printable_lines(f"{options.imports}: cannot be written: {error.strerror}"), file=sys.stderr)
            return 1
        print(f"{options.imports} is written: {IMPORT.format(file=options.imports)}", file=sys.stderr)
    return diagnosis.exit_code
