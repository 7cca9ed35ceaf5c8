"""What is typed on a machine, as plain command lines. Nothing secret ever stands in one: every process there can read them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from operate.stack import Fault

APP = "/opt/drawbridge/app"
COMPOSE = ("docker", "compose", "--project-name", "app", "-f", "compose.yaml", "-f", "compose.override.yaml")
"""As the machine's own unit calls it (cloud-init/drawbridge.service)."""
SERVICE = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]*")


def service(name: str) -> str:
    """Raises Fault for what is no service's name, and would be read as an option."""
    if not SERVICE.fullmatch(name):
        raise Fault(f"expected a service of compose.yaml, found {name!r}")
    return name


def as_root(*command: str) -> str:
    """A command of root's, in the app's folder."""
    inner = f"cd {APP} && exec {shlex.join(command)}"
    return shlex.join(["sudo", "-n", "sh", "-c", inner])


def compose(*arguments: str) -> str:
    return as_root(*COMPOSE, *arguments)


def ps() -> str:
    return compose("ps", "--all")


def stats() -> str:
    """CPU, memory, network of every container, once."""
    return as_root("docker", "stats", "--no-stream")


WELL = "every container is well"


def states() -> str:
    """How the machine's own agent finds its containers: `drawbridge: every container is well`, or what is not."""
    return as_root("/opt/drawbridge/bin/drawbridge", "states")


def execute(name: str, command: Sequence[str], *, terminal: bool) -> str:
    """A command beside what a service's container runs."""
    return compose("exec", *(() if terminal else ("-T",)), service(name), *command)


def restart(name: str) -> str:
    return compose("restart", service(name))


def copy_out(name: str, path: str) -> str:
    """A path of a service's container as a tar archive, on standard output."""
    return compose("cp", f"{service(name)}:{path}", "-")


def copy_in(name: str, folder: str) -> str:
    """A tar archive from standard input into a folder of a service's container."""
    return compose("cp", "-", f"{service(name)}:{folder}")


def logs(name: str | None, since: str, *, follow: bool) -> str:
    """Containers' lines, where they stay on the machine (host.logs: journald)."""
    chosen = [service(name)] if name else []
    return compose("logs", "--timestamps", "--since", since, *(["--follow"] if follow else []), *chosen)


ALONE = r"""
import importlib.machinery, importlib.util, os, select, signal, subprocess, sys, threading, time
loader = importlib.machinery.SourceFileLoader("agent", "/opt/drawbridge/bin/drawbridge")
agent = importlib.util.module_from_spec(importlib.util.spec_from_loader("agent", loader))
sys.dont_write_bytecode = True
loader.exec_module(agent)
wait, beside, name, *command = sys.argv[1:]
def left(*_):
    subprocess.run(["docker", "rm", "-f", name], capture_output=True)
    os._exit(1)
for one in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGPIPE):
    signal.signal(one, left)
def watch():
    # Whoever asked is gone: sshd closes the other end, and no signal comes where there is no terminal.
    poll = select.poll()
    poll.register(1, 0)
    while not poll.poll(1000):
        pass
    left()
threading.Thread(target=watch, daemon=True).start()
def run():
    try:
        return subprocess.run(command).returncode
    finally:
        subprocess.run(["docker", "rm", "-f", name], capture_output=True)
if beside == "beside":
    sys.exit(run())
with agent.alone(time.monotonic() + float(wait)):
    code = run()
sys.exit(code)
"""
"""Runs a container under the lock of what runs once a release, and takes it away with whoever asked for it.

It is the machine's own agent that knows the lock, in the database or in the shared files."""


def run_alone(
    name: str, command: Sequence[str], container: str, *, terminal: bool, wait: int = 60, beside: bool = False
) -> str:
    """A container of its own: the service's image, variables and networks, without what it depends on, gone afterwards."""
    started = [
        *COMPOSE,
        "run",
        "--rm",
        "--no-deps",
        "--name",
        container,
        *(() if terminal else ("-T",)),
        service(name),
        *command,
    ]
    return as_root("python3", "-c", ALONE, str(wait), "beside" if beside else "alone", container, *started)


DATABASE = r"""
import json
here = json.load(open("/etc/drawbridge/machine.json"))["database"]
password = json.load(open("/etc/drawbridge/secrets.json"))["PGPASSWORD"]
ca = open("/etc/drawbridge/rds-ca.pem").read()
print(json.dumps({**here, "password": password, "ca": ca}))
"""
"""How the app itself logs in to its database; over the connection, never to a terminal."""


def database() -> str:
    return as_root("python3", "-c", DATABASE)
