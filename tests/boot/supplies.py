"""What the world outside serves: certificates, and packages of a mirror."""

from __future__ import annotations

import functools
import hashlib
import time
from pathlib import Path

import yaml

from tests.evaluations import EXAMPLES, example_file

from . import roots
from .addresses import NAMES


def pki() -> Path:
    """A certificate authority, trusted by the machines, and one certificate for every name outside."""
    wild = sorted({*NAMES, *(f"*.{name}" for name in NAMES)})
    stacks = (yaml.safe_load(example_file(name).read_text()) for name in EXAMPLES)
    regions = sorted({"ap-northeast-1", *(stack["config"]["aws:region"] for stack in stacks)})
    wild += [f"*.{r}.amazonaws.com" for r in regions] + ["*.pki.rds.amazonaws.com"]
    wild += [f"*.c1a2b3.{r}.rds.amazonaws.com" for r in regions]
    names = ",".join(f"DNS:{name}" for name in wild)

    def make(folder: Path) -> None:
        def openssl(*words: str) -> None:
            roots.run("openssl", *words, cwd=folder)

        (folder / "names").write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
        constraint = [
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
        ]
        openssl(
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "3650",
            "-subj",
            "/CN=Test CA",
            *constraint,
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
        )
        openssl(
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=outside",
            "-keyout",
            "server.key",
            "-out",
            "server.csr",
        )
        signed = [
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "3650",
            "-extfile",
            "names",
        ]
        openssl("x509", "-req", "-in", "server.csr", *signed, "-out", "server.pem")

    return roots.cached("pki", names + "1", make)


@functools.cache
def packages() -> dict[str, Path]:
    """The archive's files: what a ready system was made from, and Ubuntu's name for Debian's docker-compose."""

    def make(folder: Path) -> None:
        control = folder / "content/DEBIAN"
        control.mkdir(parents=True)
        # With the command line, which Ubuntu has in docker.io.
        (control / "control").write_text(
            "Package: docker-compose-v2\nVersion: 1\nArchitecture: all\nMaintainer: tests <tests@example.com>\n"
            "Depends: docker-compose, docker-cli, iptables\nDescription: Ubuntu's name\n"
        )
        roots.run("dpkg-deb", "--build", f"{folder}/content", f"{folder}/docker-compose-v2_1_all.deb")

    alias = roots.cached("alias", "1", make)
    return {deb.name: deb for place in (roots.system() / "debs", alias) for deb in place.glob("*.deb")}


@functools.cache
def mirror() -> dict[str, bytes]:
    """The archive's lists, over its packages."""
    stanzas = []
    for _, deb in sorted(packages().items()):
        data = deb.read_bytes()
        fields = roots.run("dpkg-deb", "--field", str(deb)).rstrip()
        stanzas.append(
            f"{fields}\nFilename: pool/{deb.name}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n"
        )
    content = "\n".join(stanzas).encode()
    size = f"{hashlib.sha256(content).hexdigest()} {len(content)} main/binary-amd64/Packages"
    # Yesterday's: an emulated machine's clock falls behind, and apt takes nothing from the future.
    date = time.strftime("%a, %d %b %Y %H:%M:%S UTC", time.gmtime(time.time() - 86400))
    release = f"Origin: Test\nSuite: {roots.SUITE}\nCodename: {roots.SUITE}\nDate: {date}\nArchitectures: amd64 all\nComponents: main\nSHA256:\n {size}\n"
    return {"Packages": content, "Release": release.encode()}
