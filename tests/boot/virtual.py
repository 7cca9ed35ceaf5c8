"""A machine in QEMU, with a kernel, disks, control groups and AppArmor of its own; everything outside it is as for the others."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.processes import stop

from . import roots
from .addresses import GATEWAY
from .machine import SLOW, Machine, wait_for
from .outside import Outside

MEMORY_MIB, PROCESSORS = 4096, 2  # a t3.medium's
DISK_GIB = 30  # host.diskGiB of every example
IMAGE_MIB = 3072  # what the image comes with; cloud-init makes the file system as large as the disk
PARTITION = 1 << 20
NETWORK = """\
version: 2
ethernets:
  card: {{match: {{macaddress: "{card}"}}, addresses: [{address}/24], routes: [{{to: default, via: {gateway}}}], nameservers: {{addresses: [{gateway}]}}}}
"""
# AppArmor on, as on Ubuntu. The kernel's other hardening is no subject here, and an emulated machine is slow enough.
KERNEL_LINE = (
    "root=LABEL=root rw console=ttyS0 quiet loglevel=3 systemd.show_status=0 apparmor=1 security=apparmor"
    " mitigations=off init_on_alloc=0 hardened_usercopy=off randomize_kstack_offset=off"
)
# A plain processor, and what TLS and the images' digests are computed with: one instruction in place of many.
PROCESSOR = "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+aes,+pclmulqdq,+sha-ni"
# The machine's clock counts its instructions, a thousand million a second, and stands still while the emulation does not get
# to run: a health check that may take three seconds may take three of the machine's, however slow and busy the host is.
CLOCK = ["-icount", "shift=0,sleep=on", "-rtc", "clock=vm"]
EXPORT = """\
NFS_CORE_PARAM {{ Protocols = 4; Bind_addr = {gateway}; Enable_NLM = false; Enable_RQUOTA = false; NFS_Port = 2049; Enable_UDP = false; allow_set_io_flusher_fail = true; }}
NFSv4 {{ Minor_Versions = 1; RecoveryRoot = /machine/recovery; Grace_Period = 120; Lease_Lifetime = 120; Allow_Numeric_Owners = true; Only_Numeric_Owners = true; }}
EXPORT {{ Export_Id = 1; Path = /export; Pseudo = /; Protocols = 4; Access_Type = RW; Squash = No_Root_Squash; SecType = sys; FSAL {{ Name = VFS; }} }}
"""


def missing() -> str | None:
    """Why no machine can be emulated here, or None."""
    if os.uname().machine != "x86_64":
        return "needs an x86-64 machine"
    if not Path("/dev/net/tun").exists():
        return "needs /dev/net/tun: a machine's network card is a tap device"
    return None


def with_tools(outside: Outside, folder: Path, script: str) -> list[str]:
    """A command for a shell script among the emulator's programs: `$root` is their root, `/machine` there is `folder`; in the
    network outside. It ends with the test run."""
    before = f"set -e; root={roots.emulator()}; mount --bind {folder} $root/machine; mount --rbind /dev $root/dev; mount -t proc proc $root/proc;"
    command = ["setpriv", "--pdeathsig", "KILL", "nsenter", "--target", str(outside.holder.pid), "--net"]
    return [*command, "unshare", "--mount", "--propagation", "private", "sh", "-c", before + script]


class Line:
    """One of QEMU's sockets: a JSON object a line."""

    def __init__(self, path: Path, seconds: float) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(seconds)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rb")

    def say(self, command: str, before: bytes = b"", **arguments: Any) -> None:
        self.socket.sendall(
            before + json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n"
        )

    def hear(self) -> Any:
        line = self.file.readline()
        if not line:
            raise OSError("the line is cut")
        return json.loads(line.rpartition(b"\xff")[2])

    def close(self) -> None:
        self.file.close()
        self.socket.close()


class VirtualMachine(Machine):
    """Commands go to QEMU's guest agent, which the image has for the tests; the user data has nothing of it."""

    seed = "DataSourceNoCloud [seed=/dev/vdb]"

    def _system(self) -> Path:
        return roots.kernel()

    def _furnish(self, seed: dict[str, str | bytes]) -> None:
        self.card = f"52:54:00:77:00:{int(self.address.rpartition('.')[2]):02x}"
        seed["network-config"] = NETWORK.format(card=self.card, address=self.address, gateway=GATEWAY)
        (self.folder / "seed").mkdir()
        for name, content in seed.items():
            (self.folder / "seed" / name).write_bytes(
                content.encode() if isinstance(content, str) else content
            )
        self._asking = threading.Lock()
        self._made = False
        self._files: subprocess.Popen[bytes] | None = None
        self.reason = ""

    # -- its disks

    def _tools(self, script: str) -> str:
        return roots.run(*with_tools(self.outside, self.folder, script))

    def _make_disks(self) -> None:
        """A disk with one partition, whose file system fills only a part of it, as an AMI's on a larger volume; and the seed."""
        self._tools(f"""
            mount -t overlay overlay -o lowerdir={self.lower},upperdir={self.disk}/upper,workdir={self.disk}/work $root/lower
            truncate -s {DISK_GIB}G {self.folder}/disk.img
            echo 'label: gpt\nstart={PARTITION // 512}, size={IMAGE_MIB * 2048}, type=L, name=root' | chroot $root sfdisk -q /machine/disk.img
            chroot $root mke2fs -q -F -t ext4 -L root -E offset={PARTITION},root_owner=0:0 -d /lower /machine/disk.img {IMAGE_MIB}M
            chroot $root genisoimage -quiet -output /machine/seed.iso -volid cidata -joliet -rock {" ".join(f"/machine/seed/{p.name}" for p in sorted((self.folder / "seed").iterdir()))}
        """)
        self._made = True

    def read(self, path: str) -> str:
        if self.process and self.process.poll() is None:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                return self.try_("cat", path).stdout
        if not self._made:
            return ""
        return self._tools(
            f"chroot $root debugfs -R 'cat {path}' '/machine/disk.img?offset={PARTITION}' 2>/dev/null"
        )

    # -- its life

    def start(self) -> None:
        assert self.process is None
        if not self._made:
            self._make_disks()
        if self.share and not self._files:
            self._files = self._serve_files(self.share / "export")
        self.boots += 1
        self.tap = f"m{self.address.rpartition('.')[2]}-{self.boots}"
        self.outside.ip("tuntap", "add", self.tap, "mode", "tap")
        self.outside.ip("link", "set", self.tap, "master", "br0", "up")
        for name in ("agent", "control"):
            (self.folder / name).unlink(missing_ok=True)
        words = [
            "qemu-system-x86_64",
            "-machine",
            "q35",
            "-accel",
            "tcg,thread=single,tb-size=2047",
            *CLOCK,
            "-cpu",
            PROCESSOR,
            "-smp",
            str(PROCESSORS),
            "-m",
            str(MEMORY_MIB),
            "-display",
            "none",
            "-monitor",
            "none",
            "-nodefaults",
            "-no-reboot",
            "-kernel",
            "/machine/vmlinuz",
            "-initrd",
            "/machine/initrd.img",
            "-append",
            f"'{KERNEL_LINE}'",
            "-drive",
            "if=none,id=root,file=/machine/disk.img,format=raw,cache=unsafe,discard=unmap",
            "-device",
            "virtio-blk-pci,drive=root",
            "-drive",
            "if=none,id=seed,file=/machine/seed.iso,format=raw,readonly=on",
            "-device",
            "virtio-blk-pci,drive=seed",
            "-netdev",
            f"tap,id=net,ifname={self.tap},script=no,downscript=no",
            "-device",
            f"virtio-net-pci,netdev=net,mac={self.card}",
            "-device",
            "virtio-rng-pci",
            "-device",
            "virtio-serial",
            "-chardev",
            "socket,id=agent,path=/machine/agent,server=on,wait=off",
            "-device",
            "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
            "-qmp",
            "unix:/machine/control,server=on,wait=off",
            "-serial",
            "stdio",
        ]
        for name in ("vmlinuz", "initrd.img"):
            source, here = (self.lower / "boot").glob(f"{name}-*"), self.folder / name
            here.write_bytes(next(source).read_bytes())
        command = with_tools(self.outside, self.folder, f"exec chroot $root {' '.join(words)}")
        self.reason = ""
        self.started = time.time()
        with open(self.folder / "console", "ab") as console:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        control: Line = wait_for("QEMU's control socket", self._control, 20, more=self._console)
        self._listener = threading.Thread(target=self._listen, args=(control,), daemon=True)
        self._listener.start()

    def _console(self) -> str:
        return (self.folder / "console").read_text(errors="replace")[-1500:]

    def _control(self) -> Line | None:
        try:
            line = Line(self.folder / "control", 20)
        except OSError:
            return None
        line.hear()
        line.say("qmp_capabilities")
        line.socket.settimeout(None)
        return line

    def _listen(self, control: Line) -> None:
        """Why QEMU ended: the guest's reset, its power-off, or nothing at all."""
        with contextlib.suppress(OSError, ValueError):
            while True:
                message = control.hear()
                if message.get("event") == "SHUTDOWN":
                    self.reason = message["data"]["reason"]
        control.close()

    def _serve_files(self, export: Path) -> subprocess.Popen[bytes]:
        """An NFS 4.1 server for the folder, where the name of the file system leads to; as on EFS, root is root there."""
        (self.folder / "files.conf").write_text(EXPORT.format(gateway=GATEWAY))
        (self.folder / "recovery").mkdir()
        script = f"mount --bind {export} $root/export; exec chroot $root ganesha.nfsd -F -x -f /machine/files.conf -L STDERR -p /machine/files.pid"
        with open(self.folder / "files.log", "ab") as log:
            return subprocess.Popen(
                with_tools(self.outside, self.folder, script),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def ended(self, seconds: float) -> str:
        assert self.process
        code = self.process.wait(seconds * SLOW)
        self._listener.join(10)
        self._over()
        return {"guest-reset": "reboot", "guest-shutdown": "poweroff"}.get(
            self.reason, f"exit code {code}, {self.reason}"
        )

    def cut(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait(30)
            self._over()

    def _over(self) -> None:
        self.process = None
        self.outside.ip("link", "delete", self.tap)

    def remove(self) -> None:
        self.cut()
        if self._files:
            stop(self._files)
        super().remove()

    # -- inside

    def clock(self) -> float:
        """Seconds since its power-on, as it counts them."""
        return float(self.run("cat", "/proc/uptime").split()[0])

    @contextlib.contextmanager
    def _agent(self) -> Iterator[Line]:
        """The agent, in step: whatever it said to a caller who gave up is past."""
        with self._asking:
            line = Line(self.folder / "agent", 10 * max(1.0, SLOW))
            try:
                number = time.monotonic_ns() & 0x7FFFFFFF
                line.say("guest-sync-delimited", before=b"\xff", id=number)
                while line.hear().get("return") != number:
                    pass
                yield line
            finally:
                line.close()

    def _execute(self, *command: str) -> int:
        with self._agent() as agent:
            home = ["HOME=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
            arguments: dict[str, Any] = {"path": "/usr/bin/env", "arg": ["-i", *home, *command]}
            arguments["capture-output"] = True
            agent.say("guest-exec", **arguments)
            return int(agent.hear()["return"]["pid"])

    def _send(self, *command: str) -> None:
        self._execute(*command)

    def try_(self, *command: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        end = time.monotonic() + seconds * SLOW
        try:
            number = self._execute(*command)
            while True:
                with self._agent() as agent:
                    agent.say("guest-exec-status", pid=number)
                    answer = agent.hear()["return"]
                if answer["exited"]:
                    break
                if time.monotonic() > end:
                    raise subprocess.TimeoutExpired(command, seconds * SLOW)
                time.sleep(0.1)
        except OSError as error:
            return subprocess.CompletedProcess(command, 255, "", f"the agent does not answer: {error}")
        out, err = (
            base64.b64decode(answer.get(name, "")).decode(errors="replace")
            for name in ("out-data", "err-data")
        )
        return subprocess.CompletedProcess(
            command, answer.get("exitcode", 128 + answer.get("signal", 0)), out, err
        )

    def run(self, *command: str, seconds: float = 120) -> str:
        done = self.try_(*command, seconds=seconds)
        if done.returncode:
            raise RuntimeError(
                f"{' '.join(command)[:300]}: exit code {done.returncode}\n{(done.stdout + done.stderr)[-3000:]}"
            )
        return done.stdout
