"""`python -m tests.mutations [TEXT] [--processes N]`: make each fault, alone, in a copy; run the tests near it; list what they miss."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from .faults import FAULTS, Fault

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", "venv", "dist", "site", ".*_cache", ".hypothesis")
PATIENCE = 600.0  # seconds for the tests of one fault; what a fault makes endless is noticed


def copied(place: Path) -> Path:
    shutil.copytree(ROOT, place, symlinks=True, ignore=LEFT_OUT)
    (place / ".venv").symlink_to(Path(sys.prefix).resolve(), target_is_directory=True)
    return place


def outcome(fault: Fault, copy: Path) -> str:
    """`noticed`, `missed`, or what is wrong with the fault itself."""
    file = copy / fault.file
    text = file.read_text(encoding="utf-8")
    if text.count(fault.old) != 1:
        return f"stale: its text stands there {text.count(fault.old)} times"
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider"]
    command += ["-m", "not engine and not vm", *fault.tests]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    file.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
    _invalidate(file)
    try:
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return "noticed"
    finally:
        file.write_text(text, encoding="utf-8")
        _invalidate(file)
    known = {0: "missed", 1: "noticed", 2: "noticed"}  # 2: a file of tests cannot even be imported
    return known.get(done.returncode) or f"pytest ended with {done.returncode}: {done.stdout.decode()[-400:]}"


def _invalidate(file: Path) -> None:
    """Compiled code is taken for current if time and size of its source are: neither need change with a fault."""
    shutil.rmtree(file.parent / "__pycache__", ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.mutations", description="Which faults do the tests notice?")
    parser.add_argument("text", nargs="?", default="", help="only faults whose file or change has this text")
    parser.add_argument("--processes", type=int, default=2, metavar="N", help="how many at once (2)")
    options = parser.parse_args()
    faults = [fault for fault in FAULTS if options.text in f"{fault.file} {fault.old} {fault.new}"]
    counts: dict[str, int] = {}
    lock, copies = threading.Lock(), SimpleQueue[Path]()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.processes):
            copies.put(copied(Path(folder) / str(number)))

        def judged(fault: Fault) -> None:
            copy, started = copies.get(), time.monotonic()
            try:
                found = outcome(fault, copy)
            finally:
                copies.put(copy)
            with lock:
                counts[found.partition(":")[0]] = counts.get(found.partition(":")[0], 0) + 1
                change = f"{' '.join(fault.old.split())} -> {' '.join(fault.new.split()) or '(nothing)'}"
                print(f"{found:8} {time.monotonic() - started:5.0f} s  {fault.file}: {change}", flush=True)

        with ThreadPoolExecutor(options.processes) as pool:
            list(pool.map(judged, faults))
    print(", ".join(f"{count} {found}" for found, count in sorted(counts.items())), f"of {len(faults)}")
    return 0 if set(counts) <= {"noticed"} else 1


if __name__ == "__main__":
    sys.exit(main())
