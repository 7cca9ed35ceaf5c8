"""A machine in namespaces of its own: real systemd as PID 1, cloud-init with a NoCloud seed, the real Docker engine."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from . import roots
from .addresses import GATEWAY
from .outside import Outside

LOG = "/var/log/cloud-init-output.log"
_numbers = itertools.count(11)
NETWORK = """\
version: 2
ethernets:
  eth0: {{addresses: [{address}/24], routes: [{{to: default, via: {gateway}}}], nameservers: {{addresses: [{gateway}]}}}}
"""
# The kernel here has no NFS. The helper of mount(8) for nfs4 binds a folder that all machines share, or fails as a server would.
MOUNT_NFS4 = """\
#!/bin/sh
echo "$*" >>/var/log/mount.nfs4
[ -d /srv/efs-server/export ] || { echo "mount.nfs4: Connection timed out for $1 on $2" >&2; exit 32; }
exec mount --bind /srv/efs-server/export "$2"
"""


# How many times longer than on an idle machine everything may take.
SLOW = float(os.environ.get("DRAWBRIDGE_SLOW", "1"))


def wait_for(
    what: str, check: Callable[[], Any], seconds: float, pause: float = 0.2, more: Callable[[], str] = str
) -> Any:
    """The first true value of `check`; AssertionError, with `more`, after so many seconds."""
    end = time.monotonic() + seconds * SLOW
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < end, f"not in {seconds * SLOW} s: {what}\n{more()}"
        time.sleep(pause)


def cgroups() -> Path:
    """The version 2 tree, which may be all there is or lie beside version 1."""
    unified = Path("/sys/fs/cgroup/unified")
    return unified if unified.is_dir() else Path("/sys/fs/cgroup")


class Machine:
    """`start` boots it; `cut` takes its power away, and `start` again is the next boot of the same disk."""

    seed = "DataSourceNoCloud [seed=/var/lib/cloud/seed/nocloud]"

    def __init__(
        self,
        outside: Outside,
        user_data: bytes,
        *,
        root: str = "ready",
        share: Path | None = None,
        disk_mib: int | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        number = next(_numbers)
        self.outside = outside
        self.address = f"10.77.0.{number}"
        self.instance = f"i-{number:017x}"
        self.lower = self._system() / root
        self.folder = Path(tempfile.mkdtemp(prefix=f"drawbridge-{number}-", dir="/var/tmp"))
        self.disk = self.folder / "disk"
        self.process: subprocess.Popen[bytes] | None = None
        self.init = 0
        self.boots = 0
        self.started = 0.0
        self._mounted = disk_mib is not None
        self.disk.mkdir()
        if disk_mib is not None:
            roots.run("mount", "-t", "tmpfs", "-o", f"size={disk_mib}m,mode=755", "disk", str(self.disk))
        for folder in ("upper", "work"):
            (self.disk / folder).mkdir()
        self.share = share
        if share:
            (share / "export").mkdir(parents=True, exist_ok=True)
        outside.announce(self.address, self.instance)
        bundle = (self.lower / "etc/ssl/certs/ca-certificates.crt").read_bytes()
        self.write("etc/ssl/certs/ca-certificates.crt", bundle + (outside.pki / "ca.pem").read_bytes())
        self.write("etc/apt/sources.list", f"deb [trusted=yes] {roots.MIRROR} {roots.SUITE} main\n")
        self.write("etc/dpkg/dpkg.cfg.d/test", "force-unsafe-io\n")
        # Debian's botocore brings certificates of its own; the machine's are to count.
        settings = {"AWS_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt", **(environment or {})}
        words = " ".join(f'"{key}={value}"' for key, value in settings.items())
        self.write(
            "etc/systemd/system.conf.d/test.conf",
            f"[Manager]\nDefaultEnvironment={words}\nDefaultTimeoutStartSec={60 * SLOW:.0f}s\n",
        )
        name = f"instance-id: {self.instance}\nlocal-hostname: machine-{number}\n"
        self._furnish({"user-data": user_data, "meta-data": name})

    def _system(self) -> Path:
        return roots.system()

    def _furnish(self, seed: dict[str, str | bytes]) -> None:
        """What this kind of machine needs beyond that, and where it finds its seed."""
        for folder in ("docker", "containerd"):
            (self.disk / folder).mkdir()
        (self.folder / "root").mkdir()
        for name, content in {
            **seed,
            "network-config": NETWORK.format(address=self.address, gateway=GATEWAY),
        }.items():
            self.write(f"var/lib/cloud/seed/nocloud/{name}", content)
        self.write("usr/sbin/mount.nfs4", MOUNT_NFS4, 0o755)
        self.write("etc/dpkg/dpkg.cfg.d/test", "path-exclude=/usr/sbin/mount.nfs4\nforce-unsafe-io\n")

    # -- its disk, from outside

    def write(self, path: str, content: str | bytes, mode: int = 0o644) -> None:
        """Put a file on its disk before it boots."""
        target = self._place(path)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        target.chmod(mode)

    def link(self, path: str, target: str) -> None:
        """Put a symbolic link on its disk before it boots."""
        self._place(path).symlink_to(target)

    def _place(self, path: str) -> Path:
        """Where a path of its disk is, with the folders above it as they are in its system."""
        place = self.disk / "upper"
        for part in Path(path).parts[:-1]:
            below = self.lower / place.relative_to(self.disk / "upper") / part
            place = place / part
            if not place.exists():
                place.mkdir()
                if below.exists():
                    shutil.copystat(below, place)
        return self.disk / "upper" / path

    def read(self, path: str) -> str:
        """A file that it wrote, whether it runs or not."""
        target = self.disk / "upper" / path.lstrip("/")
        return target.read_text(errors="replace") if target.exists() else ""

    def log(self) -> list[str]:
        return self.read(LOG).splitlines()

    def said(self, start: str = "drawbridge: ") -> list[str]:
        """What the boot script said, of all its boots."""
        return [line for line in self.log() if line.startswith(start)]

    # -- its life

    def start(self) -> None:
        assert self.process is None
        self.boots += 1
        # By the folder's name: process ids may be the same in two containers over one tree of control groups.
        self.cgroup = cgroups() / f"{self.folder.name}-{self.boots}"
        self.cgroup.mkdir()
        command = ["sh", "-c", f'echo $$ >{self.cgroup}/cgroup.procs && exec "$@"', "sh"]
        # A test run that is killed takes its machines with it.
        command += [
            "setpriv",
            "--pdeathsig",
            "KILL",
            "unshare",
            "--mount",
            "--net",
            "--pid",
            "--uts",
            "--ipc",
            "--cgroup",
            "--fork",
            "--kill-child",
        ]
        command += [
            "sh",
            str(roots.HERE / "enter.sh"),
            str(self.lower),
            str(self.folder),
            str(self.share or ""),
        ]
        self.started = time.time()
        with open(self.folder / "console", "ab") as console:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        self.init = int(
            wait_for("the machine's first process", lambda: children.read_text().split()[:1], 20, 0.02)[0]
        )
        card = f"m{self.address.rpartition('.')[2]}-{self.boots}"
        self.outside.ip("link", "add", card, "type", "veth", "peer", "name", "eth0", "netns", str(self.init))
        self.outside.ip("link", "set", card, "master", "br0", "up")

    def ended(self, seconds: float) -> str:
        """Wait until it ends by itself: 'reboot' or 'poweroff'."""
        assert self.process
        code = self.process.wait(seconds * SLOW)
        self._over()
        return {-signal.SIGHUP: "reboot", -signal.SIGINT: "poweroff"}.get(code, f"exit code {code}")

    def cut(self) -> None:
        """The power goes: every process ends at once."""
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.init, signal.SIGKILL)
            self.process.wait(30)
            self._over()

    def _over(self) -> None:
        self.process = None
        with contextlib.suppress(FileNotFoundError):
            for folder in sorted(self.cgroup.rglob("*"), reverse=True):
                if folder.is_dir():
                    wait_for("an empty control group", functools.partial(_removed, folder), 10, 0.05)
            wait_for("an empty control group", lambda: _removed(self.cgroup), 10, 0.05)

    def restart(self, seconds: float = 90) -> None:
        """An orderly reboot."""
        self._send("systemctl", "reboot", "--no-block")
        assert self.ended(seconds) == "reboot"
        self.start()

    def stop(self, seconds: float = 90) -> None:
        self._send("systemctl", "poweroff", "--no-block")
        assert self.ended(seconds) == "poweroff"

    def remove(self) -> None:
        self.cut()
        if self._mounted:
            roots.run("umount", str(self.disk))
        storage = self.disk / "upper/srv/drawbridge/storage"
        if storage.exists():  # immutable while bare
            subprocess.run(["chattr", "-i", str(storage)], capture_output=True)
        shutil.rmtree(self.folder)

    # -- inside

    def clock(self) -> float:
        """Seconds since its power-on."""
        return time.time() - self.started

    def inside(self, *command: str) -> list[str]:
        names = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"]
        return [
            "nsenter",
            "--target",
            str(self.init),
            *names,
            "--root",
            "--wd",
            "env",
            "-i",
            "HOME=/root",
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            *command,
        ]

    def _send(self, *command: str) -> None:
        """A command that may take the answer's way down with it."""
        self.run(*command)

    def run(self, *command: str, seconds: float = 120) -> str:
        """Output of a command in the machine, which must succeed."""
        return roots.run(*self.inside(*command), timeout=seconds * SLOW)

    def try_(self, *command: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.inside(*command), text=True, capture_output=True, timeout=seconds * SLOW)

    def cloud_init(self, seconds: float = 180) -> dict[str, Any]:
        """cloud-init's own result, once it is there: `{"datasource", "errors"}`."""

        def result() -> Any:
            assert self.process and self.process.poll() is None, (
                "the machine ended: " + (self.folder / "console").read_text()[-1500:]
            )
            done = self.try_("cat", "/run/cloud-init/result.json")
            return json.loads(done.stdout)["v1"] if done.returncode == 0 and done.stdout else None

        found: dict[str, Any] = wait_for(
            "cloud-init's result", result, seconds, more=lambda: "\n".join(self.log()[-30:])
        )
        return found

    def containers(self) -> dict[str, dict[str, Any]]:
        """`docker inspect` of the stack's containers, by service."""
        ids = self.run("docker", "ps", "-aq", "--filter", "label=com.docker.compose.project=app").split()
        found = json.loads(self.run("docker", "inspect", *ids)) if ids else []
        return {c["Config"]["Labels"]["com.docker.compose.service"]: c for c in found}

    def unwell(self) -> list[str]:
        """Services that are not as they should be; a stack without containers is not either."""
        found = self.containers()
        wrong = []
        for name, container in found.items():
            state = container["State"]
            once = container["HostConfig"]["RestartPolicy"]["Name"] in ("", "no", "on-failure")
            if state["Status"] == "exited" and state["ExitCode"] == 0 and once:
                continue
            if state["Status"] != "running" or state.get("Health", {}).get("Status", "healthy") != "healthy":
                wrong.append(f"{name}: {state['Status']}")
        return wrong if found else ["no container"]

    def healthy(self, seconds: float = 90) -> None:
        def well() -> bool:
            with contextlib.suppress(RuntimeError):  # Docker itself may be on its way
                return not self.unwell()
            return False

        wait_for("a healthy stack", well, seconds)

    def modes(self, *tops: str) -> dict[str, str]:
        """`mode owner:group sha256` of each file below, by path."""
        script = 'find "$@" -xdev -type f | sort | while read -r f; do printf "%s %s %s\\n" "$f" "$(stat -c "%a %U:%G" "$f")" "$(sha256sum <"$f")"; done'
        lines = self.run("sh", "-c", script, "sh", *tops).splitlines()
        return {line.split(" ", 1)[0]: re.sub(r"\s+-$", "", line.split(" ", 1)[1]) for line in lines}


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


@contextlib.contextmanager
def machine(
    outside: Outside, user_data: bytes, kind: type[Machine] = Machine, **options: Any
) -> Iterator[Machine]:
    """A machine that is gone afterwards, whatever happened."""
    here = kind(outside, user_data, **options)
    try:
        yield here
    finally:
        here.remove()
