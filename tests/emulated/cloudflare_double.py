"""Cloudflare's API on loopback, as much of it as our resources use, in the shapes that it answers. Standard library only.

    python -m tests.emulated.cloudflare_double [--port N] [--log FILE]     prints its address (the plugin's `cloudflare:baseUrl`)

It keeps what it is given and fills in what Cloudflare fills in; it refuses what Cloudflare refuses of our resources: no or a
malformed token, a second tunnel of one name, deleting a tunnel that a connector holds (`POST /_double/connections {"tunnel", "count"}`),
a second record of one name, a second entry-point ruleset of a phase, a tunnel's rules without a catch-all, deleting a policy that an
application uses, an unknown id. Codes and texts are Cloudflare's where they are known to us from its users' reports
(1013, 1022, 7003, 10000, 11010, 20217, 81053); the rest are marked with 99999. What it cannot show: plan limits and entitlements.
What has no collection of its own, a zone or an organisation, is what `POST /_double/facts {PATH: RESULT}` says; 403: the token may not GET it.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import secrets
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TextIO
from urllib.parse import parse_qs, urlsplit

from .cloudflare_cloud import (
    KINDS,
    NOW,
    Cloud,
    Kind,
    Plain,
    Refused,
    policy,
    refused,
    ruleset,
    service_token,
    tunnel,
)

TOKEN = re.compile(r"Bearer [0-9A-Za-z_-]{40,80}")  # as the provider demands it
HEX32 = "([0-9a-f]{32})"
NORMALIZATION = {"type": "cloudflare", "scope": "incoming"}  # as every zone begins


# Routes ---------------------------------------------------------------------------------------------------------------


def answer(cloud: Cloud, method: str, path: str, query: dict[str, str], given: Plain) -> Any:
    """The `result` of a call. Refused: an error."""
    for pattern, kind in KINDS.items():
        if found := re.fullmatch(f"({pattern.format(HEX32)})(?:/({kind.identifier}))?", path):
            return collection(cloud, kind, found[1], found[3], method, query, given)
    if found := re.fullmatch(
        f"accounts/{HEX32}/cfd_tunnel/([0-9a-f-]{{36}})/(configurations|token|connections)", path
    ):
        return of_tunnel(cloud, found[1], found[2], found[3], method, given)
    if found := re.fullmatch(f"zones/{HEX32}/rulesets/phases/(\\w+)/entrypoint", path):
        return entry_point(cloud, f"zones/{found[1]}/rulesets", found[2], method, given)
    if found := re.fullmatch(f"zones/{HEX32}/settings/(\\w+)", path):
        key = f"{found[1]}/{found[2]}"
        if method == "PATCH":
            cloud.settings[key] = given["value"]
        return {"id": found[2], "value": cloud.settings.get(key, "off"), "editable": True, "modified_on": NOW}
    if method == "GET" and (known := fact(cloud, path)) is not None:
        return known
    if found := re.fullmatch(f"zones/{HEX32}/url_normalization", path):
        key = f"{found[1]}/url_normalization"
        if method == "PUT":
            cloud.settings[key] = {**NORMALIZATION, **given}
        elif method == "DELETE":
            cloud.settings.pop(key, None)
        return cloud.settings.get(key, NORMALIZATION)
    raise Refused(
        404, 7003, f"Could not route to /client/v4/{path}, perhaps your object identifier is invalid?"
    )


def fact(cloud: Cloud, path: str) -> Any:
    """What `POST /_double/facts {PATH: RESULT}` has set: a zone, an organisation, a token's record. None: nothing."""
    found = cloud.facts.get(path)
    if isinstance(found, int):
        raise Refused(
            found, 10000 if found == 403 else 99999, "Authentication error" if found == 403 else "not found"
        )
    return found


def collection(
    cloud: Cloud,
    kind: Kind,
    owned: str,
    identifier: str | None,
    method: str,
    query: dict[str, str],
    given: Plain,
) -> Any:
    if identifier is None:
        if method == "GET":
            wanted = {key: value for key, value in query.items() if key in ("name", "type", "phase")}
            return [
                thing
                for thing in cloud.of(owned).values()
                if all(thing.get(key) == value for key, value in wanted.items())
            ]
        if method != "POST":
            raise refused(f"{method} is not a method of a collection", 405)
        made = kind.make(cloud, owned, given, None)
        cloud.of(owned)[made["id"]] = made
        # Shown this one time, and never kept.
        once = {"client_secret": secrets.token_hex(32)} if kind.make is service_token else {}
        return {**made, **once}
    old = cloud.get(owned, identifier)
    if method == kind.change or method == "PATCH":
        made = kind.make(cloud, owned, given, old)
        cloud.of(owned)[identifier] = made
        return made
    if method == "DELETE":
        deletable(cloud, kind, owned, old)
        return cloud.of(owned).pop(identifier)
    if method != "GET":
        raise refused(f"{method} is not a method of this", 405)
    return counted(cloud, kind, owned, old)


def deletable(cloud: Cloud, kind: Kind, owned: str, thing: Plain) -> None:
    if kind.make is tunnel and thing["connections"]:
        raise Refused(400, 1022, "Cannot delete tunnel because it has active connections")
    if kind.make is policy and users(cloud, owned, thing):
        raise refused("access.api.error.conflict: the policy is used by an application", 409)
    if kind.make is tunnel:
        cloud.configurations.pop(thing["id"], None)


def users(cloud: Cloud, owned: str, thing: Plain) -> int:
    applications = cloud.of(owned.replace("/policies", "/apps")).values()
    return sum(
        thing["id"] in [policy["id"] for policy in application["policies"]] for application in applications
    )


def counted(cloud: Cloud, kind: Kind, owned: str, thing: Plain) -> Plain:
    return {**thing, "app_count": users(cloud, owned, thing)} if kind.make is policy else thing


def of_tunnel(cloud: Cloud, account: str, identifier: str, what: str, method: str, given: Plain) -> Any:
    thing = cloud.get(f"accounts/{account}/cfd_tunnel", identifier)
    if what == "token":
        token = {"a": account, "t": identifier, "s": cloud.tunnel_secrets[identifier]}
        return base64.b64encode(json.dumps(token, separators=(",", ":")).encode()).decode()
    if what == "connections":
        if method == "DELETE":
            thing["connections"] = []
        return thing["connections"]
    if method == "PUT":
        rules = given["config"].get("ingress") or []
        if not rules or any(rules[-1].get(key) for key in ("hostname", "path")):
            raise refused(
                "The last ingress rule must match all URLs (i.e. it should not have a hostname or path filter)"
            )
        version = cloud.configurations.get(identifier, {"version": 0})["version"] + 1
        cloud.configurations[identifier] = {
            "tunnel_id": identifier,
            "account_id": account,
            "version": version,
            "config": given["config"],
            "source": "cloudflare",
            "created_at": NOW,
        }
    empty = {
        "tunnel_id": identifier,
        "account_id": account,
        "version": 0,
        "config": None,
        "source": "cloudflare",
        "created_at": NOW,
    }
    return cloud.configurations.get(identifier, empty)


def entry_point(cloud: Cloud, owned: str, phase: str, method: str, given: Plain) -> Any:
    found = next((thing for thing in cloud.of(owned).values() if thing["phase"] == phase), None)
    if method == "PUT":
        made = ruleset(cloud, owned, {"name": "default", **given, "phase": phase}, found)
        cloud.of(owned)[made["id"]] = made
        return made
    if found is None:
        raise refused(f"could not find entrypoint ruleset in the {phase} phase", 404)
    return found


# The server -----------------------------------------------------------------------------------------------------------


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int = 0, log: TextIO | None = None) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.cloud, self.lock, self.log = Cloud(), threading.Lock(), log


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def handle_call(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = url.path.removeprefix("/client/v4").strip("/")
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        try:
            given = json.loads(body or b"{}")
            if not isinstance(given, dict):
                raise refused(f"the body must be an object, got {body[:80]!r}")
            with self.server.lock:
                if path == "_double/connections":
                    self._connect(given)
                    result = None
                elif path == "_double/facts":
                    self.server.cloud.facts.update(given)
                    result = None
                else:
                    if not TOKEN.fullmatch(self.headers.get("Authorization", "")):
                        raise Refused(403, 10000, "Authentication error")
                    if self.command == "GET" and self.server.cloud.facts.get(path) == 403:
                        raise Refused(403, 10000, "Authentication error")
                    result = answer(self.server.cloud, self.command, path, query, given)
            document: Plain
            status, document = 200, {"success": True, "errors": [], "messages": [], "result": result}
            if isinstance(result, list):
                total = len(result)
                document["result_info"] = {
                    "page": 1,
                    "per_page": max(total, 20),
                    "count": total,
                    "total_count": total,
                    "total_pages": 1,
                }
                if query.get("page", "1") != "1":
                    document["result"] = []
        except (Refused, KeyError, ValueError) as error:
            status, code = (error.status, error.code) if isinstance(error, Refused) else (400, 99999)
            message = f"{error} is required" if isinstance(error, KeyError) else str(error)
            errors = [{"code": code, "message": message}]
            document = {"success": False, "errors": errors, "messages": [], "result": None}
        content = json.dumps(document).encode()
        if self.server.log:  # before whoever asked goes on, and reads it
            print(self.command, path, status, file=self.server.log, flush=True)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_call

    def _connect(self, given: Plain) -> None:
        """As if so many connectors held the tunnel."""
        for kind, things in self.server.cloud.things.items():
            if kind.endswith("/cfd_tunnel") and given["tunnel"] in things:
                things[given["tunnel"]]["connections"] = [
                    {"id": str(uuid.uuid4())} for _ in range(given["count"])
                ]

    def log_message(self, *_: Any) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="emulated.cloudflare_double", description="Cloudflare's API on loopback."
    )
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--log", type=argparse.FileType("a"), help="a line a call: method, path, status")
    options = parser.parse_args()
    server = Server(options.port, options.log)
    print(f"http://127.0.0.1:{server.server_port}/client/v4", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
