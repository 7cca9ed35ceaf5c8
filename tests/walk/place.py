"""A machine's services as ordinary processes on loopback: what the compose file and its overlay say, started as they say it.

Each service has an address of its own; the ports are free ones. Names of services (`http://opa:8181`) become these addresses in
commands, environments and nginx's files, as Docker's resolver would have it, and what only the clouds know gets a value.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from websockets.sync.client import ClientConnection, connect

from model import generated_values
from preview.resources import Evaluation
from tests.evaluations import ROOT, deployed
from tests.machine.postgres import Server
from tests.machine.rendered import merged, project, written
from tests.processes import stop

from .edge import Address, Edge, Running, checked, service_of

STANDIN = ROOT / "tests" / "walk" / "standin"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
OPA = shutil.which("opa")
CONNECTOR = "127.0.80.2"
SUBNETS = ("172.16.80.0/24", "127.0.80.0/24")
"""The connector's network on a machine, and in its place one of this machine's own, from which nothing but the connector speaks.
No stack file may name the latter."""


def settler(stack: Evaluation) -> Callable[[str], str]:
    """Gives values to placeholders: a database on this machine, and for each random text one of its own, made into what the
    stack file asks for as the program does it."""
    generate = json.loads(stack.config["drawbridge:app"]).get("generate", {})

    def value(match: re.Match[str]) -> str:
        random_text = hashlib.sha256(match[1].encode()).hexdigest()
        name = re.search(r"-secrets-(\w+)\.result$", match[1])
        settings = generate.get(name[1], {}) if name else {}
        if not settings or settings.get("encoding") == "letters":
            return random_text
        return generated_values.written(
            random_text, int(settings.get("bytes", 32)), settings.get("encoding", "hex")
        )

    def settle(text: str) -> str:
        text = re.sub(r"%C2%AB.*?%C2%BB", lambda match: unquote(match[0]), text)  # as it stands in a URL
        text = re.sub(r"«[^«»]*-postgres\.address»", "localhost", text)
        return re.sub(r"«([^«»]+)»", value, text).replace(*SUBNETS)

    return settle


def free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


class Place:
    """The services of one example. ``services`` is Compose's own reading, placeholders settled."""

    def __init__(self, example: str, folder: Path, **changes: Any) -> None:
        self.example, self.folder = example, folder
        self.stack: Evaluation = deployed(example, secretDelivery="cloud-init", **changes)
        self.settle = settler(self.stack)
        project(example, folder, **changes)
        facts = json.loads(written(example, "cloud-init", **changes)["/etc/drawbridge/machine.json"])
        self.once: list[str] = facts["once"]
        document = merged(folder, *(word for name in self.once for word in ("--profile", f"once-{name}")))
        self.networks = {name: set(body.get("networks") or {}) for name, body in document["services"].items()}
        self.services: dict[str, Any] = json.loads(
            self.settle(json.dumps(document["services"], ensure_ascii=False))
        )
        self.volumes: dict[str, Any] = document.get("volumes", {})
        self.addresses: dict[tuple[str, int], Address] = {}

    def address(self, service: str, port: int) -> Address:
        """Where a service's port is on this machine."""
        key = (service, port)
        if key not in self.addresses:
            ip = f"127.0.90.{sorted(self.services).index(service) + 1}"
            self.addresses[key] = (ip, free_port(ip))
        return self.addresses[key]

    def find(self, url: str) -> Address:
        return self.address(*service_of(url))

    def here(self, text: str) -> str:
        """The text with services' names and ports replaced by where they are."""
        names = "|".join(map(re.escape, self.services))

        def place(match: re.Match[str]) -> str:
            ip, port = self.address(match[1], int(match[2]))
            return f"//{ip}:{port}"

        return re.sub(rf"//({names}):(\d+)", place, text)

    def environment(self, service: str) -> dict[str, str]:
        return {
            name: self.here(str(value))
            for name, value in (self.services[service].get("environment") or {}).items()
        }

    # --- processes ----------------------------------------------------------------------------------------------------

    @contextmanager
    def standin(self, service: str, port: int) -> Iterator[None]:
        """The app of a few lines, by the service's own command where it is uvicorn's."""
        ip, real = self.address(service, port)
        words = list(
            self.services[service].get("command")
            or ["uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", str(port)]
        )
        assert words[:2] == ["uvicorn", "app.main:app"], words
        words[words.index("--host") + 1] = ip
        assert words[words.index("--port") + 1] == str(port), f"the route goes to {port}"
        words[words.index("--port") + 1] = str(real)
        if "--proxy-headers" not in words:
            words.append("--no-proxy-headers")
        environment = {"PATH": os.environ["PATH"], "WALK_SERVICE": service, **self.environment(service)}
        command = [sys.executable, "-m", *words, "--log-level", "warning"]
        with _process(command, self.folder / f"{service}.log", cwd=STANDIN, env=environment):
            _answers((ip, real), self.folder / f"{service}.log")
            yield

    @contextmanager
    def nginx(self, service: str = "nginx", port: int = 80) -> Iterator[None]:
        """The real nginx with the app's own file."""
        ip, real = self.address(service, port)
        site = self.here((self.folder / "nginx" / "default.conf").read_text())
        folder = self.folder / "running-nginx"
        folder.mkdir()
        (folder / "site.conf").write_text(site.replace(f"listen {port};", f"listen {ip}:{real};"))
        paths = " ".join(
            f"{name}_temp_path {folder}/{name};"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root;" if os.geteuid() == 0 else ""
        main = f"{user} daemon off; worker_processes 1; pid {folder}/pid; error_log stderr warn; events {{}}"
        (folder / "nginx.conf").write_text(
            f"{main} http {{ access_log off; {paths} include {folder}/site.conf; }}"
        )
        command = [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
        with _process(command, self.folder / "nginx.log"):
            _answers((ip, real), self.folder / "nginx.log")
            yield

    @contextmanager
    def opa(self, service: str = "opa") -> Iterator[None]:
        """The real OPA, by the service's own command, over its own policy folder."""
        ip, real = self.address(service, 8181)
        words = [str(word) for word in self.services[service]["command"]]
        words[words.index(":8181")] = f"{ip}:{real}"
        assert words[-1] == "/policy"
        words[-1] = str(self.folder / "policy")
        with _process([str(OPA), *words], self.folder / "opa.log"):
            _answers((ip, real), self.folder / "opa.log")
            yield


@contextmanager
def _process(command: list[str], log: Path, **options: Any) -> Iterator[None]:
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, **options)
        try:
            yield
        finally:
            stop(process)


def _answers(address: Address, log: Path, patience: float = 60) -> None:
    end = time.monotonic() + patience
    while True:
        try:
            socket.create_connection(address, 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise AssertionError(f"nothing listens on {address}: {log.read_text()}") from None
            time.sleep(0.05)


class Visitor:
    """Somebody on the Internet: every request goes through the edge."""

    def __init__(self, place: Place, running: Running) -> None:
        self.place, self.running = place, running

    def __call__(
        self,
        url: str,
        method: str = "GET",
        *,
        who: Mapping[str, Any] | None = None,
        token: str | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        secure: bool = True,
        claims_length: int | None = None,
    ) -> Answer:
        """``url`` is HOST/PATH, sent as it is written. ``who`` is a login, ``token`` a service token's name; ``claims_length`` is
        a Content-Length for a body that is not sent."""
        host, slash, path = url.partition("/")
        connection = HTTPConnection(
            "127.0.0.1", self.running.https if secure else self.running.http, timeout=30
        )
        connection.putrequest(method, (slash + path) or "/", skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", host)
        if who:
            connection.putheader("Walk-Login", json.dumps(who))
        if token:
            connection.putheader("CF-Access-Client-Id", f"{token}.access")
            connection.putheader("CF-Access-Client-Secret", f"secret of {token}")
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        if body or claims_length:
            connection.putheader("Content-Length", str(claims_length or len(body)))
        connection.endheaders(body if not claims_length else None)
        with connection.getresponse() as response:
            return Answer(response)

    def identity(self, answer: Answer) -> str:
        """Whom the assertion names that the service got."""
        claims = checked(answer.seen["headers"].get("cf-access-jwt-assertion"))
        assert claims is not None, "the service got no assertion of the team's"
        return claims["sub"]

    @contextmanager
    def websocket(self, host: str, path: str) -> Iterator[Socket]:
        wire = socket.create_connection(("127.0.0.1", self.running.https), 30)
        with connect(f"ws://{host}{path}", sock=wire, open_timeout=30, proxy=None) as connection:
            yield Socket(connection)


class Socket:
    """An open WebSocket: ``report`` is what the service said of the request, before anything was sent."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.report: dict[str, Any] = json.loads(connection.recv(30))

    def ask(self, text: str) -> str:
        self._connection.send(text)
        return str(self._connection.recv(30))


class Answer:
    """A response: ``refused`` is why the edge or the connector gave it, ``seen`` what the service says it got."""

    def __init__(self, response: HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.refused = self.headers.get("walk-refused")
        text = response.read().decode()
        self.seen: dict[str, Any] = json.loads(text) if text.startswith("{") else {}
        self.text = text

    @property
    def service(self) -> str | None:
        return self.seen.get("service")


@contextmanager
def walking(example: str, folder: Path, apps: Mapping[str, int], **changes: Any) -> Iterator[Visitor]:
    """The example's services behind its edge. ``apps`` are the services stood in for, with their ports."""
    place = Place(example, folder, **changes)
    with ExitStack() as running:
        for service, port in apps.items():
            running.enter_context(place.standin(service, port))
        if "nginx" in place.services:
            running.enter_context(place.nginx())
        if "opa" in place.services and OPA:
            running.enter_context(place.opa())
        edge = Edge(place.stack, place.find, place.settle, CONNECTOR)
        yield Visitor(place, running.enter_context(Running(edge)))


# --- the database -----------------------------------------------------------------------------------------------------


def database_environment(place: Place, service: str, server: Server) -> dict[str, str]:
    """A service's environment, with the port and the certificate of a server on this machine."""
    environment = {
        name: value.replace(":5432/", f":{server.port}/")
        for name, value in place.environment(service).items()
    }
    ca = str(server.folder / "ca.pem")
    environment = {
        name: value.replace("/etc/drawbridge/rds-ca.pem", ca) for name, value in environment.items()
    }
    return {"PATH": os.environ["PATH"], **environment, "PGPORT": str(server.port)}


def opened(server: Server, environment: Mapping[str, str]) -> None:
    """The role and the database that the machine's boot makes (tests/machine/test_app_role.py has the real one)."""
    connection = server.connect(user="superuser", password="super-pw")
    connection.autocommit = True
    role, name, password = (environment[key] for key in ("PGUSER", "PGDATABASE", "PGPASSWORD"))
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
        cursor.execute(f"CREATE DATABASE {name} OWNER {role}")
    connection.close()


def run_python(script: str, environment: Mapping[str, str], *words: str) -> list[Any]:
    """What a script prints as JSON, run with a service's environment."""
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))
