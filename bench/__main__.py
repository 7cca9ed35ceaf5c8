"""`python -m bench [SECTION ...]` (`make bench`): ratios measured in one run, on this machine, now. Nothing here is a test."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable

from . import flat, machine, preview

SECTIONS: dict[str, Callable[[], None]] = {
    "preview": preview.against_imports,
    "engine-preview": flat.against_a_flat_program,
    "preview-engine": preview.against_the_engine,
    "routes": preview.many_routes,
    "user-data": machine.sizes,
    "boot": machine.boot,
    "boot-vm": machine.boot_vm,
}
ON_REQUEST = {"boot-vm"}  # emulated: it took twelve minutes


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description="Print ratios measured in one run.")
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION", help=f"some of {', '.join(SECTIONS)} (all but boot-vm)"
    )
    asked = parser.parse_args().sections
    for name in asked:
        if name not in SECTIONS:
            print(f"expected one of {', '.join(SECTIONS)}, found {name!r}", file=sys.stderr)
            return 1
    print(this_machine(), flush=True)
    for name in asked or [name for name in SECTIONS if name not in ON_REQUEST]:
        print(f"\n{name}", flush=True)
        SECTIONS[name]()
    return 0


def this_machine() -> str:
    """Processor, cores, load and Python: what the figures depend on."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next(
                (line.partition(":")[2].strip() for line in file if line.startswith("model name")),
                platform.processor(),
            )
    except OSError:
        model = platform.processor()
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return f"{model}, {os.cpu_count()} cores, load {load}, Python {platform.python_version()}, {platform.system()}"


if __name__ == "__main__":
    sys.exit(main())
