"""`python -m preview`: what a stack would be, without asking any cloud."""

from __future__ import annotations

import argparse
import gc
import io
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="preview", description="Show what a stack would register, without any cloud.")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--stack", metavar="NAME", help="the stack whose file is Pulumi.NAME.yaml (prod)")
    which.add_argument("--config-file", metavar="FILE", type=Path, help="a stack file, Pulumi.NAME.yaml, anywhere")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="for people or for programs (text)")
    parser.add_argument("--show-user-data", action="store_true", help="print the rendered cloud-init, secrets masked")
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, help="write there instead of to standard output")
    options = parser.parse_args(arguments)

    from .evaluate import ProgramError, evaluate, project_root
    from .stackfile import StackFileError

    try:
        evaluation = evaluate(project_root(), stack=options.stack, config_file=options.config_file)
    except (ProgramError, StackFileError) as error:
        print(error, file=sys.stderr)
        return 1
    if options.show_user_data:
        several = len(evaluation.user_data) > 1
        text = "\n".join((f"# {name}\n" if several else "") + body for name, body in evaluation.user_data.items())
    elif options.format == "json":
        from .report import to_json

        text = to_json(evaluation)
    else:
        from .text import to_text

        text = to_text(evaluation, colour=options.output is None and sys.stdout.isatty())
    if options.output is None:
        # The reports are UTF-8 whatever the locale says: their placeholders and frames are not in every other encoding.
        if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.encoding.lower() != "utf-8":
            sys.stdout.reconfigure(encoding="utf-8")
        sys.stdout.write(text)
        return 0
    try:
        options.output.write_text(text, encoding="utf-8")
    except OSError as error:
        print(f"{options.output}: cannot be written ({error.strerror}). Give -o a file in an existing folder.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    # Loading the SDKs makes millions of objects that all stay: collecting among them is a third of a short life.
    gc.disable()
    sys.exit(main())
