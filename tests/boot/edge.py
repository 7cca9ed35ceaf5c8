"""Cloudflare's edge, as the machines' connectors know it."""

from __future__ import annotations

import ctypes
import json
import os
import random
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

CLONE_NEWNET = 0x40000000


def in_namespace(pid: int, action: Callable[[], Any]) -> Any:
    """What `action` returns, run in the network namespace of a process. A socket stays in the namespace that it was made in."""
    result: list[Any] = []

    def there() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        handle = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        try:
            if libc.setns(handle, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            result.append(action())
        finally:
            os.close(handle)

    # Of a thread, not of the process: the namespace goes with the thread.
    thread = threading.Thread(target=there)
    thread.start()
    thread.join()
    if not result:
        raise RuntimeError("the namespace's thread failed")
    return result[0]


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    connector: str


class Edge:
    """Cloudflare's side of the tunnel: connectors dial in, visitors' requests go to any of them."""

    def __init__(self, listener: socket.socket) -> None:
        self.rules: list[dict[str, Any]] = []
        self.hellos: list[dict[str, Any]] = []
        self.idle: dict[socket.socket, str] = {}
        self.change = threading.Condition()
        self.listener = listener
        threading.Thread(target=self._accept, daemon=True).start()

    def connectors(self) -> set[str]:
        with self.change:
            return set(self.idle.values())

    def _accept(self) -> None:
        while True:
            try:
                there, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._greet, args=(there,), daemon=True).start()

    def _greet(self, there: socket.socket) -> None:
        try:
            there.settimeout(10)
            line = b""
            while not line.endswith(b"\n"):
                part = there.recv(1)
                if not part:
                    return
                line += part
            hello = json.loads(line)
            there.sendall(json.dumps({"rules": self.rules}).encode() + b"\n")
        except (OSError, ValueError):
            return
        with self.change:
            if hello["connector"] not in [known["connector"] for known in self.hellos]:
                self.hellos.append(hello)
            self.idle[there] = hello["connector"]
            self.change.notify_all()
        # An idle connection that ends is not there any more; one byte is looked at, none taken.
        threading.Thread(target=self._watch, args=(there,), daemon=True).start()

    def _watch(self, there: socket.socket) -> None:
        while there in self.idle:
            try:
                there.settimeout(0.5)
                if there.recv(1, socket.MSG_PEEK) == b"":
                    break
                return
            except TimeoutError:
                continue
            except OSError:
                break
        with self.change:
            self.idle.pop(there, None)

    def request(
        self,
        host: str,
        path: str,
        method: str = "GET",
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        wait: float = 10,
        connector: str = "",
    ) -> Answer:
        """One visitor's request, through any connector or a given one. A connection that did not take it lets another try, as
        the edge's does; then its answer counts."""
        end = time.monotonic() + wait
        lines = {
            "Host": host,
            "Cf-Connecting-Ip": "203.0.113.7",
            "Content-Length": str(len(body)),
            **(headers or {}),
        }
        message = (
            f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items()) + "\r\n"
        )
        while True:
            with self.change:

                def fit() -> list[socket.socket]:
                    return [there for there, by in self.idle.items() if connector in ("", by)]

                if not self.change.wait_for(fit, timeout=max(0.0, end - time.monotonic())):
                    return Answer(530, {}, b"no connector", "")
                there = random.choice(fit())
                taker = self.idle.pop(there)
            with there:
                try:
                    there.settimeout(130)
                    there.sendall(message.encode() + body)
                    if there.recv(1) != b"A":
                        continue
                    whole = _all(there)
                except OSError as error:
                    return Answer(520, {}, str(error).encode(), taker)
            head, separator, rest = whole.partition(b"\r\n\r\n")
            if not separator:
                return Answer(520, {}, whole, taker)
            first, *others = head.decode("latin-1").split("\r\n")
            got = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in others)}
            if "content-length" in got and method != "HEAD" and len(rest) != int(got["content-length"]):
                return Answer(520, got, rest, taker)
            return Answer(int(first.split()[1]), got, rest, taker)


def _all(there: socket.socket) -> bytes:
    return b"".join(iter(lambda: there.recv(65536), b""))
