"""Python processes that start warm: one process imports, and forks for every run.

    python warm.py SOCKET PARENT MODULE[:ATTRIBUTE]…       the warm process: imports, then serves until PARENT is gone

`python_like` writes an executable that stands where a Python interpreter is expected. Runs of the named kinds go to the warm
process, with their arguments, environment, directory and the three standard streams; others to the real interpreter. What runs is the same code in a process of its own; only the
imports (five seconds with the cloud SDKs) are not paid again.
"""

from __future__ import annotations

import array
import gc
import importlib
import json
import operator
import os
import runpy
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

# Run by `python -I -S`, which starts in 15 ms: sends this process's run to the socket and ends as that run ends.
_CLIENT = """\
import array, json, os, signal, socket, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
streams = array.array("i", [0, 1, 2])
run = json.dumps({"argv": sys.argv[2:], "environ": dict(os.environ), "cwd": os.getcwd()}).encode()
connection.sendmsg([b"%10d" % len(run)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
connection.sendall(run)
connection.settimeout(1)
parent = os.getppid()
while os.getppid() == parent:
    try:
        ended = connection.recv(1)
        os._exit(ended[0] if ended else 70)
    except TimeoutError:
        pass
"""


def python_like(file: Path, address: Path, *runs: str) -> None:
    """An executable in Python's place: runs with one of these texts among their arguments go to the warm process."""
    client = file.parent / "warm-client.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    client.write_text(_CLIENT, encoding="utf-8")
    patterns = "|".join(f"*'{text}'*" for text in runs)
    file.write_text(
        "#!/bin/sh\n"
        f'case "$*" in {patterns})\n'
        f"  exec '{sys.executable}' -I -S '{client}' '{address}' \"$@\" ;;\n"
        "esac\n"
        f"exec '{sys.executable}' \"$@\"\n",
        encoding="utf-8",
    )
    file.chmod(file.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def start(address: Path, modules: list[str], path: list[Path]) -> Callable[[], None]:
    """Start a warm process, which ends with this one; call the result to wait until it serves."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, __file__, str(address), str(os.getpid()), *modules]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)

    def wait() -> None:
        deadline = time.monotonic() + 120
        while not address.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise RuntimeError(f"the warm process did not start: {' '.join(command)}")
            time.sleep(0.02)

    return wait


def _serve(address: Path, parent: int) -> NoReturn:
    listener = socket.socket(socket.AF_UNIX)
    fresh = address.with_suffix(".new")
    listener.bind(str(fresh))
    listener.listen(64)
    listener.settimeout(1.0)
    os.replace(fresh, address)  # whoever sees the address may connect
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the clients learn how a run ended, not this process
    gc.collect()
    gc.freeze()  # shared pages stay shared
    while os.getppid() == parent:
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        connection.setblocking(True)
        if os.fork() == 0:
            listener.close()
            _run(connection)
        connection.close()
    os._exit(0)


def _run(connection: socket.socket) -> NoReturn:
    """In the child: become the run that was asked for."""
    code, own, leave = 1, os.getpid(), os._exit

    def told(code: int) -> NoReturn:
        """A run may end itself at once; whoever asked for it hears how."""
        sys.stdout.flush()
        sys.stderr.flush()
        if os.getpid() == own:
            connection.sendall(bytes([code]))
        leave(code)

    os._exit = told  # type: ignore[assignment]
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        run = _receive(connection)
        os.environ.clear()
        os.environ.update(run["environ"])
        os.chdir(run["cwd"])
        threading.Thread(target=_end_with, args=(connection, leave), daemon=True).start()
        argv = [word for word in run["argv"] if word != "-u"]
        if argv[0] == "-m":
            sys.argv = argv[1:]
            if argv[1] not in sys.modules:
                sys.path.insert(0, os.getcwd())  # as Python does for what is not imported yet
            if not hasattr(sys.modules.get(argv[1]), "__path__"):
                sys.modules.pop(argv[1], None)  # imported for the sake of what it imports
            runpy.run_module(argv[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv, sys.path[:0] = argv, [str(Path(argv[0]).parent)]
            runpy.run_path(argv[0], run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    told(code)


def _receive(connection: socket.socket) -> dict[str, Any]:
    streams = array.array("i")
    head, ancillary, _, _ = connection.recvmsg(10, socket.CMSG_SPACE(3 * streams.itemsize))
    for _, _, data in ancillary:
        streams.frombytes(data)
    for number, received in enumerate(streams):
        os.dup2(received, number)
        os.close(received)
    wanted, text = int(head), b""
    while len(text) < wanted:
        text += connection.recv(1 << 20)
    return dict(json.loads(text))


def _end_with(client: socket.socket, end: Callable[[int], NoReturn]) -> NoReturn:
    """The client was killed: so ends what it stands for."""
    client.recv(1)
    end(1)


if __name__ == "__main__":
    for _module in sys.argv[3:]:
        _name, _, _attributes = _module.partition(":")
        operator.attrgetter(_attributes or "__doc__")(importlib.import_module(_name))
    _serve(Path(sys.argv[1]), int(sys.argv[2]))
