"""The machine's cost: the size of its user data, and how long it takes to serve next to a bare Docker install."""

from __future__ import annotations

import time
from typing import Any

from .clock import line

EXAMPLE = "maycast-recorder"
BARE = """\
#cloud-config
runcmd:
- - sh
  - -c
  - apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends docker.io docker-compose-v2
    && docker run --rm nginx:1.28.0-alpine true && touch /var/lib/installed
"""


def sizes() -> None:
    """Bytes of each example's user data, packed as EC2 gets it; 16384 is EC2's limit."""
    from tests.boot.example import EXAMPLES, example

    for name in EXAMPLES:
        line(f"{name}: user data", f"{len(example(name).user_data)} B", "under 16384 B")


def boot() -> None:
    """From power-on to the first visitor's answer, with every package installed by the boot, and to a bare Docker's first
    container: the same machine, the same mirror, the same registry."""
    from tests.boot.machine import Machine

    _boot(Machine, None)


def boot_vm() -> None:
    """The same in QEMU, in seconds of the machine's own clock."""
    from tests.boot.virtual import VirtualMachine, missing

    _boot(VirtualMachine, missing())


def _boot(kind: Any, lacking: str | None) -> None:
    from tests.boot.example import example
    from tests.boot.life import visits, world
    from tests.boot.machine import SLOW, machine, wait_for
    from tests.boot.roots import missing

    reason = missing() or lacking
    if reason:
        line("skipped", reason)
        return
    which = example(EXAMPLE)
    host, path = visits(which)[-1]
    with world(which) as (outside, share):
        with machine(outside, BARE.encode(), kind, root="bare") as here:
            here.start()
            installed = ["test", "-e", "/var/lib/installed"]
            wait_for(
                "a bare Docker's container",
                lambda: here.try_(*installed).returncode == 0,
                300,
                pause=SLOW / 5,
            )
            docker = here.clock()
        line("power-on to the first container of a bare Docker install", f"{docker:.1f} s")
        with machine(outside, which.user_data, kind, root="bare", share=share) as here:
            here.start()
            end = time.monotonic() + 600 * SLOW
            while outside.edge.request(host, path, wait=600 * SLOW).status != 200:
                if time.monotonic() > end:
                    raise RuntimeError("\n".join(here.log()[-20:]))
            serving = here.clock()
    line(f"power-on to serving ({EXAMPLE}, all packages installed)", f"{serving:.1f} s")
    line("boot to serving, in bare Docker installs", f"{serving / docker:.2f}")
