"""`python -m preview`: what a stack would be, without asking any cloud."""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from model.printable import printable_lines
from preview.report import formats

if TYPE_CHECKING:
    from preview.analysis.gate import Gate
    from preview.changes import Comparison, Side
    from preview.report.report import Report
    from preview.resources import Evaluation


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["doctor"]:
        from preview.doctor import command

        return command.main(arguments[1:])
    if arguments[:1] == ["new"]:
        from preview.new import command as new

        return new.main(arguments[1:])
    parser = argparse.ArgumentParser(
        prog="preview",
        description="Show what a stack would register, without any cloud.",
        epilog="`preview new` writes the stack file of a compose file; `preview doctor` asks the clouds what would refuse it: "
        "preview new --help, preview doctor --help",
    )
    parser.add_argument(
        "--project",
        metavar="DIR",
        type=Path,
        help="the folder of your Pulumi.yaml (the one that you stand in; outside of any, Drawbridge's own)",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--stack", metavar="NAME", help="the stack whose file is Pulumi.NAME.yaml (prod)")
    which.add_argument(
        "--config-file", metavar="FILE", type=Path, help="a stack file, Pulumi.NAME.yaml, anywhere"
    )
    parser.add_argument(
        "--format",
        metavar=f"{{{','.join(formats.FORMATS)}}}[=FILE]",
        action="append",
        type=formats.wanted,
        default=[],
        help="for a terminal (text), a pull request, a browser, programs, code scanning, or as `terraform show -json`; "
        "iam: the deployer's policies; again and again with a file each, for several from one run",
    )
    other = parser.add_mutually_exclusive_group()
    other.add_argument(
        "--against", metavar="REF_OR_FILE", help="compare with a git ref, or with another stack file"
    )
    other.add_argument(
        "--engine",
        metavar="FILE",
        help="judge what `pulumi preview --json --show-sames` wrote there (-: standard input)",
    )
    parser.add_argument(
        "--fail-on",
        metavar="GROUND",
        action="append",
        type=_grounds,
        default=[],
        help="exit 2 at such a change: replace, downtime, exposure, data-loss, refused, contract, unknown, "
        "posture or posture=SEVERITY (high), or all (comma-separated)",
    )
    parser.add_argument(
        "--show-user-data", action="store_true", help="print the rendered cloud-init, secrets masked"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=Path,
        help="write the format that names no file there instead of to standard output",
    )
    try:
        options = parser.parse_args(arguments)
    except SystemExit as end:
        # argparse says 2, which is the gate's answer here.
        return 1 if end.code else 0
    if options.fail_on and not (options.against or options.engine):
        print(
            "--fail-on: expected --against REF_OR_FILE or --engine FILE with it, found neither; add one",
            file=sys.stderr,
        )
        return 1

    try:
        places = formats.placed(options.format, options.output)
    except ValueError as error:
        _complain(str(error))
        return 1

    from preview.evaluate.program import ProgramError, checkout, evaluate
    from preview.evaluate.project import nearest, stack_file
    from preview.evaluate.stackfile import StackFileError
    from preview.report.report import build

    root = (options.project or nearest(Path()) or checkout()).resolve()
    comparison, gate = None, None
    try:
        gone = _gone(root, options)
        if gone:
            comparison, gate = gone
            evaluation = comparison.after
        else:
            evaluation = evaluate(root, stack=options.stack, config_file=options.config_file)
        if not gone and (options.against or options.engine):
            comparison, gate = _compared(root, options, evaluation)
    except (ProgramError, StackFileError, ValueError) as error:
        _complain(str(error))
        return 1
    if options.show_user_data:
        several = len(evaluation.user_data) > 1
        text = "\n".join(
            (f"# {name}\n" if several else "") + body for name, body in evaluation.user_data.items()
        )
        written = [(options.output, printable_lines(text))]
    else:
        report = build(evaluation, comparison, gate)
        if any(one.format == "sarif" for one in places):
            from preview.evaluate.places import places_of

            file = stack_file(root, options.stack, options.config_file)
            report = replace(report, places=places_of(root, file))
        written = [(one.file, _rendered(one, report)) for one in places]
    if not all([_written(file, text) for file, text in written]):
        return 1
    return _code(gate)


def _rendered(wanted: formats.Wanted, report: Report) -> str:
    if wanted.format == "terraform":
        from preview.report.terraform import left_out

        for token in left_out(report.evaluation):
            _complain(f"{token} has no name in Terraform that we know, and is left out of the plan")
    return formats.render(wanted.format, report, colour=wanted.file is None and sys.stdout.isatty())


def _written(file: Path | None, text: str) -> bool:
    """Writes a report; False if that cannot be done, which is said."""
    try:
        if file:
            file.write_text(text, encoding="utf-8")
        else:
            _print(text)
    except OSError as error:
        place, fix = (file, "a file in an existing folder") if file else ("standard output", "a file")
        _complain(f"{place}: cannot be written: {error.strerror}; give -o {fix}")
        return False
    return True


def _grounds(text: str) -> str:
    from preview.analysis import gate

    try:
        gate.grounds(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _judged(comparison: Comparison, options: argparse.Namespace) -> Gate:
    from preview.analysis import gate

    if not options.fail_on:
        return gate.decide(comparison, ())
    wanted = ",".join(options.fail_on)
    return gate.decide(comparison, gate.grounds(wanted), gate.severity(wanted))


def _gone(root: Path, options: argparse.Namespace) -> tuple[Comparison, Gate] | None:
    """The comparison for a stack that the other version has and whose file is gone; None for any other."""
    from preview.analysis import verdict
    from preview.evaluate import against, sides

    file = against.stack_file(root, options.stack, options.config_file)
    if not options.against or Path(options.against).is_file() or file.exists():
        return None
    with against.earlier(
        root, options.against, stack=options.stack, config_file=options.config_file
    ) as there:
        if not there.file:
            return None
        stack = file.name.removeprefix("Pulumi.").removesuffix(".yaml")
        before = against.evaluate_gone(there, options.against, against.Gone(stack, there.file))
        former = sides.earlier(root, options.against, there, stack)
    after = against.nothing(before)
    after.config["drawbridge:acknowledge"] = against.acknowledgements_beside(file.resolve())
    now = replace(sides.present(root, file, stack), file="", stack="")
    comparison = replace(verdict.gone(before, after, file.name), sides=(former, now))
    return comparison, _judged(comparison, options)


def _present(root: Path, options: argparse.Namespace, evaluation: Evaluation) -> Side:
    from preview.evaluate import project, sides

    return sides.present(root, project.stack_file(root, options.stack, options.config_file), evaluation.stack)


def _compared(root: Path, options: argparse.Namespace, evaluation: Evaluation) -> tuple[Comparison, Gate]:
    """The comparison that was asked for, and the gate's answer."""
    from preview.evaluate import sides

    if options.engine:
        from preview.analysis.verdict import compare_plan

        comparison = compare_plan(options.engine, evaluation)
        comparison = replace(
            comparison,
            sides=(sides.plan(options.engine, evaluation.stack), _present(root, options, evaluation)),
        )
    else:
        from preview.analysis.attribution import caused
        from preview.analysis.verdict import compare
        from preview.diff import stacks
        from preview.evaluate import against
        from preview.evaluate.program import both_probed
        from preview.evaluate.versions import upgrade

        reference = options.against
        file = against.stack_file(root, options.stack, options.config_file)
        with against.earlier(root, reference, stack=options.stack, config_file=options.config_file) as there:
            before = against.evaluate_earlier(there, reference, evaluation)
            before, evaluation = both_probed(before, there.root, evaluation, root)
            comparison = replace(compare(before, evaluation), upgrade=upgrade(there, root))
            others = against.gone_stacks(there, root, file)
            successor = None if there.file else against.successor_of(others, file)
            found = [
                stacks.succeeded(against.evaluate_gone(there, reference, gone), gone.file.name, evaluation)
                if gone == successor
                else stacks.another_gone(gone.file.name, gone.stack)
                for gone in others
            ]
            comparison = replace(
                comparison,
                stack_changes=(*found, *comparison.stack_changes),
                causes=caused(comparison, there, root),
                sides=(
                    sides.earlier(root, reference, there, evaluation.stack),
                    _present(root, options, evaluation),
                ),
            )
    return comparison, _judged(comparison, options)


def _code(gate: Gate | None) -> int:
    return 2 if gate and gate.closed else 0


def _complain(text: str) -> None:
    print(printable_lines(text), file=sys.stderr)


def _print(text: str) -> None:
    # The reports are UTF-8 whatever the locale says: their placeholders and frames are not in every other encoding.
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.encoding.lower() != "utf-8":
        sys.stdout.reconfigure(encoding="utf-8")
    with contextlib.suppress(BrokenPipeError):  # the reader has seen enough, as `head` has
        sys.stdout.write(text)
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
