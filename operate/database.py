"""`psql` through the endpoint: verified TLS to the database itself, as the app's own role, read-only unless asked otherwise."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from operate import remote
from operate.connection import Connection
from operate.stack import Fault

READ_ONLY = "-c default_transaction_read_only=on"


def psql(
    connection: Connection, arguments: Sequence[str], *, write: bool, environment: Mapping[str, str]
) -> int:
    """Runs this machine's psql until its end; its exit code. Raises Fault."""
    program = shutil.which("psql", path=environment.get("PATH"))
    if not program:
        raise Fault(
            "psql is not on PATH; install PostgreSQL's client (Debian, Ubuntu: postgresql-client; macOS: libpq)"
        )
    here = login(connection.ask(remote.database()))
    with tempfile.TemporaryDirectory(prefix="drawbridge-") as folder:
        ca = Path(folder) / "rds-ca.pem"
        ca.write_text(here["ca"], encoding="utf-8")
        port = _free_port()
        # The way in is open already, by the connection that asked: the forwarding is asked of it.
        way = ["-O", "forward", "-L", f"127.0.0.1:{port}:{here['host']}:{here['port']}"]
        command = ["ssh", *connection.options, *way, f"{connection.user}@{connection.machine}"]
        done = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=False)
        if done.returncode:
            raise Fault(f"the database cannot be reached through {connection.machine}: {done.stderr.strip()}")
        return subprocess.run(
            [program, *arguments], env=variables(here, port, ca, environment, write=write), check=False
        ).returncode


def login(text: str) -> dict[str, Any]:
    """What the machine tells of its database. Raises Fault."""
    try:
        here = json.loads(text)
        return {"ca": here["ca"], **{key: here[key] for key in ("host", "port", "name", "role", "password")}}
    except (ValueError, KeyError, TypeError):
        raise Fault("the machine does not tell how it logs in to a database; has the stack one?") from None


def variables(
    here: Mapping[str, Any], port: int, ca: Path, environment: Mapping[str, str], *, write: bool
) -> dict[str, str]:
    """libpq's variables: its certificate is checked against the database's own name, whatever address leads there."""
    plain = {name: value for name, value in environment.items() if not name.startswith("PG")}
    options = {} if write else {"PGOPTIONS": READ_ONLY}
    return (
        plain
        | options
        | {
            "PGHOST": str(here["host"]),
            "PGHOSTADDR": "127.0.0.1",
            "PGPORT": str(port),
            "PGDATABASE": str(here["name"]),
            "PGUSER": str(here["role"]),
            "PGPASSWORD": str(here["password"]),
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": str(ca),
            "PGAPPNAME": f"drawbridge {os.environ.get('USER', '')}".strip(),
        }
    )


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
