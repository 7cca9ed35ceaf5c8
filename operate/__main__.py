"""`python -m operate`: a stack's machines, logs, shells, database and outputs, without an open port."""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from model.printable import printable, printable_lines
from operate import copy, database, logs, outputs, remote, status
from operate.connection import USER, Account, Connection, connected
from operate.machines import chosen, machines
from operate.stack import Fault, Stack, read
from preview.doctor.answers import Unasked
from preview.doctor.cloudflare import API, Cloudflare
from preview.evaluate.project import nearest
from preview.evaluate.stackfile import StackFileError

ENVIRONMENT = os.environ


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="operate", description=(__doc__ or "").partition(": ")[2])
    made.add_argument("--project", metavar="DIR", type=Path, help="the folder of your Pulumi.yaml")
    which = made.add_mutually_exclusive_group()
    which.add_argument("--stack", metavar="NAME", help="the stack whose file is Pulumi.NAME.yaml (prod)")
    which.add_argument("--config-file", metavar="FILE", type=Path, help="a stack file, Pulumi.NAME.yaml")
    made.add_argument(
        "--outputs",
        metavar="FILE",
        type=Path,
        help="what `pulumi stack output --json` wrote, where the CLI is not logged in here",
    )
    made.add_argument("--machine", metavar="ID", help="an instance's id, or its number in `status` (1)")
    made.add_argument("--user", default=USER, help=argparse.SUPPRESS)
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text)

    one = add(
        "status", "machines, database, alarms, connectors: one screen; 0 well, 2 not, 3 could not be asked"
    )
    one.add_argument("--format", choices=("text", "json"), default="text")
    one.add_argument(
        "--services", action="store_true", help="ask each machine for its containers' health, too"
    )
    one = add("logs", "containers' lines, of all machines")
    one.add_argument("service", nargs="?")
    one.add_argument("-f", "--follow", action="store_true")
    one.add_argument("--since", metavar="WHEN", default="15m", help="15m, 2h, 1d, or 2026-11-27T08:00 (15m)")
    one.add_argument("--boot", action="store_true", help="the boot logs of machines that never served")
    one = add("exec", "a command in a service's running container: exec SERVICE -- CMD")
    _command(one)
    one = add("run", "a command in a container of its own, gone afterwards: run SERVICE -- CMD")
    _command(one)
    one.add_argument(
        "--wait", metavar="SECONDS", type=int, default=60, help="for what runs once a release (60)"
    )
    one.add_argument("--beside", action="store_true", help="do not wait for it, and let it not wait for this")
    add("shell", "a login shell on the machine")
    add("ps", "the containers of the machine")
    add("top", "CPU, memory and network of each container")
    one = add("restart", "restart a service's container; for a new version, release one")
    one.add_argument("service")
    one = add("cp", "SERVICE:PATH to a path here, or the other way round")
    one.add_argument("source")
    one.add_argument("target")
    one = add("psql", "the app's database, read-only unless --write: psql [-- ARGUMENTS]")
    one.add_argument("--write", action="store_true")
    one = add(
        "outputs", "the stack's outputs, for front ends and GitHub: outputs VITE_API_URL=urls.api.example.com"
    )
    one.add_argument("names", nargs="*", metavar="VARIABLE=OUTPUT")
    one.add_argument("--format", choices=outputs.FORMATS, default="env")
    one.add_argument("--prefix", default="", help="before each variable's name, where none is named")
    return made


def _command(one: argparse.ArgumentParser) -> None:
    one.add_argument("service")
    one.add_argument("-T", "--no-terminal", action="store_true", help="no terminal, even from one")


def main(arguments: list[str] | None = None) -> int:
    """The command's own exit code; 1 with the reason on standard error where it cannot be carried out."""
    for ending in (signal.SIGTERM, signal.SIGHUP):  # so that what runs there ends with this
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    given, typed = split(sys.argv[1:] if arguments is None else arguments)
    try:
        options = parser().parse_args(given)
    except SystemExit as end:
        return 1 if end.code else 0
    root = (options.project or nearest(Path()) or Path(__file__).parents[1]).resolve()
    try:
        stack = read(root, options.stack, options.config_file, options.outputs, ENVIRONMENT)
        return carried_out(options, typed, stack)
    except (Fault, Unasked, StackFileError) as error:
        print(printable_lines(str(error)), file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader has seen enough
        return 0
    except KeyboardInterrupt:
        return 130


def split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """What is ours, and what stands behind the first `--`: a command of the container's, never an option of ours."""
    given = list(arguments)
    at = given.index("--") if "--" in given else len(given)
    return given[:at], given[at + 1 :]


def carried_out(options: argparse.Namespace, typed: list[str], stack: Stack) -> int:
    account = Account(stack.region, stack.config.get("aws:profile"))
    command = options.command
    if typed and command not in ("exec", "run", "psql"):
        raise Fault(f"{command} takes no command, found {shlex.join(typed)!r}")
    if command == "status":
        address = stack.config.get("cloudflare:baseUrl") or ENVIRONMENT.get("CLOUDFLARE_BASE_URL") or API
        parts = status.status(account, Cloudflare(ENVIRONMENT.get("CLOUDFLARE_API_TOKEN"), address), stack)
        if options.services:
            parts += _services(options, account, stack)
        sys.stdout.write(
            status.as_json(parts) if options.format == "json" else printable(status.text(parts), keep="\n")
        )
        return status.exit_code(parts)
    if command == "outputs":
        sys.stdout.write(outputs.rendered(stack, options.format, options.names, options.prefix))
        return 0
    if command == "logs" and (stack.outputs.get("logGroup") or options.boot):
        return _logs(options, account, stack)
    with _connection(options, account, stack) as connection:
        return _on_machine(options, typed, connection)


@contextlib.contextmanager
def _connection(options: argparse.Namespace, account: Account, stack: Stack) -> Iterator[Connection]:
    machine = chosen(machines(account, stack), options.machine)
    profile = stack.config.get("aws:profile")
    with connected(
        account, machine.id, user=options.user, profile=profile, environment=ENVIRONMENT
    ) as connection:
        yield connection


def _services(options: argparse.Namespace, account: Account, stack: Stack) -> Iterator[status.Part]:
    """What each machine's own agent says of its containers."""
    for number, machine in enumerate(machines(account, stack), 1):
        subject, profile = f"services {number}", stack.config.get("aws:profile")
        try:
            with connected(
                account, machine.id, user=options.user, profile=profile, environment=ENVIRONMENT
            ) as connection:
                said = connection.ask(remote.states()).strip().removeprefix("drawbridge: ")
        except (Fault, Unasked) as reason:
            yield status.Part(subject, "unknown", f"{machine.id}: {reason}")
            continue
        yield status.Part(subject, "ok" if said == remote.WELL else "bad", f"{machine.id}: {said}")


def _logs(options: argparse.Namespace, account: Account, stack: Stack) -> int:
    group, since = stack.output("logGroup"), logs.moment(options.since, time.time())
    service = remote.service(options.service) if options.service else None
    found = (
        logs.follow(account, group, since=since, service=service)
        if options.follow
        else logs.lines(account, group, since=since, service=service, boot=options.boot)
    )
    for line in found:
        print(printable(str(line)), flush=options.follow)
    return 0


def _on_machine(options: argparse.Namespace, typed: list[str], connection: Connection) -> int:
    command = options.command
    terminal = sys.stdin.isatty() and sys.stdout.isatty() and not getattr(options, "no_terminal", False)
    if command == "psql":
        return database.psql(connection, typed, write=options.write, environment=ENVIRONMENT)
    if command == "cp":
        copy.copy(connection, options.source, options.target)
        return 0
    if command == "shell":
        return int(connection.run(None, terminal=True).returncode)
    if command in ("exec", "run"):
        if command == "exec" and not typed:
            raise Fault(f"exec: expected a command after `--`: exec {options.service} -- sh")
        name = f"drawbridge-run-{secrets.token_hex(6)}"
        text = (
            remote.execute(options.service, typed, terminal=terminal)
            if command == "exec"
            else remote.run_alone(
                options.service, typed, name, terminal=terminal, wait=options.wait, beside=options.beside
            )
        )
        return int(connection.run(text, terminal=terminal).returncode)
    plain: dict[str, Callable[[], str]] = {
        "ps": remote.ps,
        "top": remote.stats,
        "restart": lambda: remote.restart(options.service),
        "logs": lambda: remote.logs(options.service, options.since, follow=options.follow),
    }
    return int(connection.run(plain[command]()).returncode)


if __name__ == "__main__":
    sys.exit(main())
