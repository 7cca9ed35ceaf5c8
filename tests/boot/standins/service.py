#!/usr/bin/python3
"""A few lines in place of an app's image: the same ports, every health path, the same environment, a graceful end.

STANDIN_PORTS are the ports that the compose file gives the service. Under a name that the app's image would have as a program
(the compose file's healthcheck, a migration) it does that program's work: asks the service beside it, or runs once and ends.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORTS = [int(port) for port in os.environ.get("STANDIN_PORTS", "").split()]
busy = 0
eaten: list[bytes] = []
change = threading.Condition()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def answer(self) -> None:
        global busy
        with change:
            busy += 1
        try:
            where = urllib.parse.urlsplit(self.path)
            asked = dict(urllib.parse.parse_qsl(where.query))
            received = len(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            if "seconds" in asked:  # a long request: part of the answer now, the rest later
                time.sleep(float(asked["seconds"]))
            if "eat" in asked:  # MiB, each page of them touched
                eaten.append(b"x" * (int(asked["eat"]) << 20))
            if "write" in asked:  # what an upload does
                path = os.path.join(asked["write"], asked["name"])
                with open(path, "w") as file:
                    file.write(asked["text"])
            if "read" in asked:
                with open(asked["read"]) as file:
                    text = file.read()
            body = json.dumps(
                {
                    "host": socket.gethostname(),
                    "path": where.path,
                    "received": received,
                    "text": locals().get("text"),
                    "environment": dict(os.environ) if "environment" in asked else None,
                    "headers": dict(self.headers),
                }
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        finally:
            with change:
                busy -= 1
                change.notify_all()

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = answer


def listening() -> int | None:
    for port in PORTS:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return port
    return None


def serve() -> None:
    servers = [Server(("", port), Handler) for port in PORTS]
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    for server in servers:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    print("standin: serves", PORTS, "as", os.getuid(), flush=True)
    ended.wait()
    for server in servers:
        server.shutdown()
    with change:
        change.wait_for(lambda: busy == 0, timeout=120)
    print("standin: drained", flush=True)


def once() -> None:
    """A migration that does not lock: it writes down when it ran, and two at a time would show."""
    import psycopg2

    connection = psycopg2.connect("")  # libpq's own PG* variables, verified TLS among them
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE IF NOT EXISTS migrated (machine text, began timestamptz, ended timestamptz)")
    cursor.execute("INSERT INTO migrated VALUES (%s, clock_timestamp())", [socket.gethostname()])
    time.sleep(2)
    cursor.execute("UPDATE migrated SET ended = clock_timestamp() WHERE machine = %s", [socket.gethostname()])
    print("standin: migrated", flush=True)
    connection.close()


if __name__ == "__main__":
    there = listening()
    if os.environ.get("STANDIN_ONCE"):
        if os.environ.get("PGHOST"):
            once()
    elif there:
        urllib.request.urlopen(f"http://127.0.0.1:{there}/", timeout=3)
    elif PORTS:
        serve()
    else:  # a worker: it has no port, and does nothing until it is told to stop
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        print("standin: works as", os.getuid(), flush=True)
        threading.Event().wait()
