"""A real PostgreSQL that speaks TLS and nothing else, as RDS does from version 15 on."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest

BINARIES = [
    os.path.dirname(p)
    for p in (shutil.which("initdb"), *sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb")))
    if p
]
needs_postgres = pytest.mark.skipif(
    not BINARIES or not shutil.which("openssl"),
    reason="needs PostgreSQL's server (initdb, postgres) and openssl",
)


class Server:
    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port

    def connect(self, **changes: Any) -> Any:
        given = {
            "host": "localhost",
            "port": self.port,
            "dbname": "postgres",
            "user": "master",
            "password": "master-pw",
            **changes,
        }
        return psycopg2.connect(**given, sslmode="verify-full", sslrootcert=str(self.folder / "ca.pem"))

    def log(self) -> str:
        return (self.folder / "log").read_text()


@contextmanager
def running() -> Iterator[Server]:
    """A server of its own, with a certificate for `localhost` and a master as RDS has it.

    Its folder is not pytest's: PostgreSQL runs as nobody here, and every pytest that starts shuts others out of its own.
    """
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder:
        yield from _running(Path(folder))


def _running(folder: Path) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # PostgreSQL refuses to run as root.
    run_as: dict[str, Any] = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        run_as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        folder.chmod(0o755)
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, **run_as)

    def tool(name: str, *words: str) -> None:
        subprocess.run(
            [f"{BINARIES[0]}/{name}", *words], cwd=folder, check=True, capture_output=True, **run_as
        )

    openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=ca",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
    )
    openssl(
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=localhost",
        "-keyout",
        "server.key",
        "-out",
        "server.csr",
    )
    openssl(
        "x509",
        "-req",
        "-in",
        "server.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        "2",
        "-out",
        "server.pem",
    )
    (folder / "pw").write_text("super-pw")
    tool(
        "initdb",
        "-D",
        "data",
        "-U",
        "superuser",
        "--pwfile",
        "pw",
        "-A",
        "scram-sha-256",
        "-E",
        "UTF8",
        "--no-sync",
    )
    (folder / "data" / "pg_hba.conf").write_text("hostssl all all all scram-sha-256\n")
    settings = (
        f"-p {port} -k {folder} -c listen_addresses=localhost -c ssl=on -c ssl_cert_file={folder}/server.pem"
    )
    settings += f" -c ssl_key_file={folder}/server.key -c log_statement=all -c fsync=off"
    tool("pg_ctl", "-D", "data", "-l", "log", "-w", "-o", settings, "start")
    here = Server(folder, port)
    # RDS's master is no superuser.
    connection = here.connect(user="superuser", password="super-pw")
    connection.autocommit = True
    connection.cursor().execute("CREATE ROLE master LOGIN CREATEDB CREATEROLE PASSWORD 'master-pw'")
    connection.close()
    try:
        yield here
    finally:
        # Whether it is still there to be stopped is no test's affair.
        stop = [f"{BINARIES[0]}/pg_ctl", "-D", "data", "-m", "immediate", "stop"]
        subprocess.run(stop, cwd=folder, capture_output=True, **run_as)
