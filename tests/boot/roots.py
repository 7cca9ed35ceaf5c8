"""Root file systems made from the Debian mirror, once, and kept outside the tree: the machine's, the apps', the database's.

Debian's next release stands in for Ubuntu 24.04: its systemd and cloud-init are of the same age, Debian 12's are not.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

CACHE = Path(os.environ.get("DRAWBRIDGE_CACHE") or Path.home() / ".cache" / "drawbridge")
HERE = Path(__file__).resolve().parent
SUITE = "trixie"
MIRROR = os.environ.get("DRAWBRIDGE_MIRROR", "http://deb.debian.org/debian")
TOOLS = ("mmdebstrap", "unshare", "nsenter", "ip", "openssl", "mount", "setpriv")
APT = [
    '--aptopt=APT::Install-Recommends "false"',
    '--aptopt=Acquire::Retries "5"',
    "--dpkgopt=force-unsafe-io",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
]
# What Ubuntu's server image has beyond a minimal system and a boot uses. cloud-init's network stage fails without e2fsprogs,
# openssh-client and fdisk.
SYSTEM = (
    "systemd,systemd-sysv,systemd-resolved,udev,dbus,cloud-init,iproute2,netplan.io,kmod,ca-certificates,curl,openssl,procps,"
    "e2fsprogs,openssh-client,fdisk,apparmor,less"
)
# All that the packages step of any example may install. Ubuntu's docker.io has the command line in it; Debian's has not.
PACKAGES = [
    "docker.io",
    "docker-cli",
    "docker-compose",
    "iptables",
    "pigz",
    "python3-boto3",
    "nfs-common",
    "python3-psycopg2",
    "amazon-ecr-credential-helper",
]
APPS = "busybox-static,python3,python3-psycopg2,nginx-light,redis-server,postgresql-client-17,bash,base-files"
KEPT_SIZE = """\
growpart: {mode: "off"}
resize_rootfs: false
"""
CLOUD_CFG = f"""\
datasource_list: [NoCloud, None]
ssh_genkeytypes: [ed25519]
{KEPT_SIZE}# Debian's mirror is named in the machine's own sources; cloud-init would write others.
apt: {{preserve_sources_list: true}}
"""
# What a machine has beyond that when its kernel is its own: the kernel, what makes its root file system as large as the disk, and
# the other end of the line by which commands come (virtual.py).
KERNEL = "linux-image-cloud-amd64,initramfs-tools,zstd,cloud-guest-utils,qemu-guest-agent"
DRIVERS = ("virtio_pci", "virtio_blk", "ext4")
# QEMU of Debian's next release (Debian 12's lets this kernel panic), what makes a machine's disks, and an NFS server.
EMULATOR = "qemu-system-x86,genisoimage,e2fsprogs,fdisk,nfs-ganesha,nfs-ganesha-vfs,dash,coreutils,base-files"
# Units that do nothing for a test but cost time, or want a device that a namespace has not.
MASKED = [
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
    "systemd-hwdb-update.service",
    "ldconfig.service",
    "systemd-binfmt.service",
    "systemd-rfkill.socket",
    "getty@tty1.service",
    "console-getty.service",
    "systemd-journal-catalog-update.service",
    "systemd-firstboot.service",
    "systemd-networkd-persistent-storage.service",
    "run-rpc_pipefs.mount",
]


def missing() -> str | None:
    """Why machines cannot be booted here, or None."""
    if os.uname().sysname != "Linux":
        return "needs Linux"
    if os.geteuid() != 0:
        return "needs root: machines have mount, network and process namespaces of their own"
    lacking = [tool for tool in TOOLS if not shutil.which(tool)]
    if lacking:
        return f"needs {', '.join(lacking)} (apt-get install mmdebstrap iproute2 openssl util-linux)"
    with tempfile.TemporaryDirectory() as place:
        namespaces = ["--mount", "--net", "--pid", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child"]
        tried = subprocess.run(
            ["unshare", *namespaces, "sh", "-ec", _TRY, "sh", place],
            capture_output=True,
            text=True,
            check=False,
        )
    return f"needs what root may not do here: {tried.stderr.strip()[-200:]}" if tried.returncode else None


# What a machine needs of the kernel and of whatever confines this root, in small; see enter.sh.
_TRY = """
mount --make-rprivate /
mount -t tmpfs try "$1"
mkdir "$1/lower" "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
mkdir proc groups
mount -t proc proc proc
mount -t cgroup2 cgroup2 groups
pivot_root . .
"""


def run(*command: str, **options: object) -> str:
    """Output of a command that must succeed; its end is in the error when it does not."""
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)  # type: ignore[call-overload]
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)[:300]}: exit code {done.returncode}\n{done.stdout[-3000:]}")
    return str(done.stdout)


def cached(name: str, recipe: str, make: Callable[[Path], None]) -> Path:
    """The folder that `make` fills, made once for each text of its recipe. An interrupted making is not taken for one."""
    place = CACHE / f"{name}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            new = place.with_suffix(".new")
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
            make(new)
            new.rename(place)
    return place


def system() -> Path:
    """`bare`: an installed system without the machine's packages; `ready`: with them; `debs`: the packages themselves."""

    def make(folder: Path) -> None:
        bare, ready, debs = folder / "bare", folder / "ready", folder / "debs"
        run(
            "mmdebstrap",
            "--variant=minbase",
            "--mode=root",
            "--format=directory",
            *APT,
            f"--include={SYSTEM}",
            SUITE,
            str(bare),
            MIRROR,
        )
        (bare / "etc/cloud/cloud.cfg.d/99_test.cfg").write_text(CLOUD_CFG)
        (bare / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
        (bare / "etc/hostname").write_text("machine\n")
        for unit in MASKED:
            (bare / "etc/systemd/system" / unit).symlink_to("/dev/null")
        run("chroot", str(bare), "systemctl", "enable", "systemd-networkd", "systemd-resolved")
        for stamp in ("etc/.updated", "var/.updated"):
            (bare / stamp).touch()
        run("cp", "-a", str(bare), str(ready))
        install = f"""
            set -e
            mount --bind {ready} {ready}; mount -t proc proc {ready}/proc
            # The host's resolver, where the machine has systemd's own.
            mkdir -p {ready}/run/systemd/resolve; cp -L /etc/resolv.conf {ready}/run/systemd/resolve/stub-resolv.conf
            export DEBIAN_FRONTEND=noninteractive
            apt="chroot {ready} apt-get -q -y -o APT::Keep-Downloaded-Packages=true -o Dpkg::Options::=--force-unsafe-io --no-install-recommends"
            $apt update
            printf '#!/bin/sh\\nexit 101\\n' >{ready}/usr/sbin/policy-rc.d; chmod +x {ready}/usr/sbin/policy-rc.d
            $apt install {" ".join(PACKAGES)}
            rm -r {ready}/usr/sbin/policy-rc.d {ready}/run/systemd/resolve
        """
        run("unshare", "--mount", "--propagation", "private", "sh", "-c", install)
        debs.mkdir()
        for deb in (ready / "var/cache/apt/archives").glob("*.deb"):
            deb.rename(debs / deb.name)
        shutil.rmtree(ready / "var/lib/apt/lists")
        shutil.rmtree(bare / "var/lib/apt/lists", ignore_errors=True)
        (ready / "var/lib/apt/lists/partial").mkdir(parents=True)
        (bare / "var/lib/apt/lists/partial").mkdir(parents=True)

    recipe = "\n".join([SUITE, MIRROR, SYSTEM, *APT, *PACKAGES, CLOUD_CFG, *MASKED, "1"])
    return cached("system", recipe, make)


def extracted(name: str, packages: str, finish: Callable[[Path], None]) -> Path:
    """Packages and what they need, unpacked but not set up: enough to run a program in."""

    def make(folder: Path) -> None:
        merged = "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr"
        place = folder / "root"
        run(
            "mmdebstrap",
            "--variant=extract",
            "--mode=root",
            "--format=directory",
            *APT,
            merged,
            f"--include={packages}",
            SUITE,
            str(place),
            MIRROR,
        )
        shutil.rmtree(place / "var/lib/apt", ignore_errors=True)
        shutil.rmtree(place / "var/cache/apt", ignore_errors=True)
        finish(place)

    return cached(name, "\n".join([SUITE, MIRROR, packages, *APT, "4"]), make) / "root"


def apps() -> Path:
    """What the apps' images are made of: BusyBox, Python, the real nginx, redis and psql."""

    def finish(root: Path) -> None:
        for applet in [
            "sh",
            "wget",
            "grep",
            "cat",
            "ls",
            "sleep",
            "test",
            "true",
            "false",
            "env",
            "id",
            "ps",
            "kill",
            "nc",
            "mkdir",
            "rm",
            "touch",
            "head",
            "tail",
            "sed",
        ]:
            if not (root / "usr/bin" / applet).exists():
                (root / "usr/bin" / applet).symlink_to("busybox")
        (root / "usr/bin/python").symlink_to("python3")
        # Debian's psql is a script that looks for the version.
        (root / "usr/local/bin").mkdir(parents=True, exist_ok=True)
        (root / "usr/local/bin/psql").symlink_to("/usr/lib/postgresql/17/bin/psql")
        (root / "etc/passwd").write_text(
            "root:x:0:0::/root:/bin/sh\nnginx:x:101:101::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"
        )
        (root / "etc/group").write_text("root:x:0:\nnginx:x:101:\nnogroup:x:65534:\n")
        # As the official image's: the server blocks are in conf.d, and the log goes to the container's.
        shutil.rmtree(root / "etc/nginx/modules-enabled", ignore_errors=True)
        (root / "etc/nginx/conf.d").mkdir(exist_ok=True)
        (root / "etc/nginx/nginx.conf").write_text(
            "user nginx;\nworker_processes auto;\npid /run/nginx.pid;\nerror_log /dev/stderr notice;\n"
            "events { worker_connections 1024; }\nhttp {\n include /etc/nginx/mime.types;\n default_type application/octet-stream;\n"
            " access_log /dev/stdout;\n sendfile on;\n keepalive_timeout 65;\n include /etc/nginx/conf.d/*.conf;\n}\n"
        )
        for folder in ("var/lib/nginx", "var/log/nginx", "run", "tmp", "app", "root"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        (root / "tmp").chmod(0o1777)
        for useless in (
            "usr/share/doc",
            "usr/share/man",
            "usr/share/locale",
            "usr/share/perl5",
            "usr/share/zoneinfo",
            "usr/lib/x86_64-linux-gnu/gconv",
            "usr/share/perl",
            "usr/lib/x86_64-linux-gnu/perl-base",
        ):
            shutil.rmtree(root / useless, ignore_errors=True)

    return extracted("apps", APPS, finish)


def kernel() -> Path:
    """`bare` and `ready` as `system` has them, with a kernel (`vmlinuz`, `initrd.img`), and with a disk that cloud-init grows."""

    def make(folder: Path) -> None:
        for name in ("bare", "ready"):
            root = folder / name
            run("cp", "-a", str(system() / name), str(root))
            (root / "etc/initramfs-tools/conf.d").mkdir(parents=True)
            (root / "etc/initramfs-tools/conf.d/test").write_text("MODULES=list\n")
            install = f"""
                set -e
                mount --bind {root} {root}; mount -t proc proc {root}/proc
                mkdir -p {root}/run/systemd/resolve; cp -L /etc/resolv.conf {root}/run/systemd/resolve/stub-resolv.conf
                export DEBIAN_FRONTEND=noninteractive
                apt="chroot {root} apt-get -q -y -o Dpkg::Options::=--force-unsafe-io --no-install-recommends"
                $apt update
                printf '#!/bin/sh\\nexit 101\\n' >{root}/usr/sbin/policy-rc.d; chmod +x {root}/usr/sbin/policy-rc.d
                $apt install initramfs-tools
                printf '%s\\n' {" ".join(DRIVERS)} >>{root}/etc/initramfs-tools/modules
                $apt install {KERNEL.replace(",", " ")}
                rm -r {root}/usr/sbin/policy-rc.d {root}/run/systemd/resolve {root}/var/lib/apt/lists {root}/var/cache/apt/archives
                mkdir -p {root}/var/lib/apt/lists/partial {root}/var/cache/apt/archives/partial
            """
            run("unshare", "--mount", "--propagation", "private", "sh", "-c", install)
            (root / "etc/cloud/cloud.cfg.d/99_test.cfg").write_text(CLOUD_CFG.replace(KEPT_SIZE, ""))

    recipe = "\n".join([str(system()), KERNEL, *DRIVERS, CLOUD_CFG, KEPT_SIZE, "1"])
    return cached("kernel", recipe, make)


def emulator() -> Path:
    """QEMU, the tools that make its disks, and an NFS server."""

    def finish(root: Path) -> None:
        (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
        (root / "etc/group").write_text("root:x:0:\n")
        (root / "etc/mtab").symlink_to("/proc/self/mounts")
        for folder in ("machine", "export", "root", "lower"):
            (root / folder).mkdir(exist_ok=True)

    return extracted("emulator", EMULATOR, finish)


def postgres() -> Path:
    """PostgreSQL 17's programs, which stand in for RDS outside the machine."""

    def finish(root: Path) -> None:
        (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\npostgres:x:70:70::/:/bin/sh\n")
        (root / "etc/group").write_text("root:x:0:\npostgres:x:70:\n")

    return extracted("postgres", "postgresql-17,dash,coreutils,base-files,tzdata", finish)
