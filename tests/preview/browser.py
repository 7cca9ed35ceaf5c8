"""A headless Chromium, driven over its DevTools protocol: what a page does, and pictures of it."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.processes import stop


def _has_fonts() -> bool:
    """Are the fonts there whose widths the drawing's labels are held against?"""
    if not shutil.which("fc-list"):
        return False
    return bool(subprocess.run(["fc-list", "DejaVu Sans"], capture_output=True, check=False).stdout)


PROGRAM = (
    next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if _has_fonts()
    else None
)
WHY_NOT = (
    "needs Chromium and the DejaVu fonts (Debian: apt-get install chromium fontconfig fonts-dejavu-core)"
)
START_SECONDS = 60


@dataclass
class Page:
    """One tab. ``requests`` are the URLs that it asked for, ``messages`` what its console and its policies complained of."""

    socket: ClientConnection
    session: str = ""
    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    _last: int = 0
    _seen: list[str] = field(default_factory=list)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._last += 1
        session = {"sessionId": self.session} if self.session else {}
        self.socket.send(json.dumps({"id": self._last, "method": method, "params": parameters, **session}))
        while True:
            message = self._next()
            if message.get("id") == self._last:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return dict(message["result"])

    def wait(self, event: str) -> None:
        while event not in self._seen:
            self._next()
        self._seen.clear()

    def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.socket.recv(timeout=30))
        method, data = message.get("method", ""), message.get("params", {})
        self._seen.append(method)
        if method == "Network.requestWillBeSent":
            self.requests.append(data["request"]["url"])
        elif method == "Runtime.consoleAPICalled":
            self.messages.append(str(data["args"]))
        elif method == "Runtime.exceptionThrown":
            self.messages.append(str(data["exceptionDetails"]))
        elif method == "Log.entryAdded":
            self.messages.append(data["entry"]["text"])
        return message

    def open(self, file: Path, *, width: int, height: int = 900, scheme: str = "light") -> None:
        """Load a file in a window of this width (not bound to the least width of a real window)."""
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        mobile = width < 600
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=mobile,
        )
        self.call(
            "Emulation.setEmulatedMedia",
            media="screen",
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )
        self.requests.clear()
        self.messages.clear()
        self._seen.clear()
        self.call("Page.navigate", url=file.resolve().as_uri())
        self.wait("Page.loadEventFired")

    def run(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page. It is run by the debugger, which the page's policy does not bind."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(str(result["exceptionDetails"]))
        return result["result"].get("value")

    def picture(self, file: Path) -> None:
        """The whole page as PNG."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))


@contextlib.contextmanager
def browser(profile: Path) -> Iterator[Page]:
    """A tab of a new Chromium with an empty profile, which ends with the block."""
    assert PROGRAM, WHY_NOT
    flags = [
        "--headless",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--remote-debugging-port=0",
        f"--user-data-dir={profile}",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium refuses root otherwise; what it opens is our own page
    with open(profile / "log", "wb") as log:
        process = subprocess.Popen([PROGRAM, *flags, "about:blank"], stdout=log, stderr=log)
    try:
        with connect(_address(profile, process), max_size=None) as socket:
            yield _tab(socket)
    finally:
        stop(process)


def _address(profile: Path, process: subprocess.Popen[bytes]) -> str:
    """Where the browser listens; it writes the port that it chose, and a path, into its profile."""
    written = profile / "DevToolsActivePort"
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if written.exists() and len(lines := written.read_text().splitlines()) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.05)
    raise RuntimeError(f"Chromium does not answer: {(profile / 'log').read_text(errors='replace')[-2000:]}")


def _tab(socket: ClientConnection) -> Page:
    """The socket is the browser's: the tab is reached through a session of its own, named in each message."""
    page = Page(socket)
    target = page.call("Target.createTarget", url="about:blank")["targetId"]
    session = page.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    page.session = session
    return page
