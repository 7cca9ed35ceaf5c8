"""Images, and what a container may do on its machine."""

from __future__ import annotations

import re

from model.compose.casts import may_be_on
from preview.posture.compose import host_mounts, images, services
from preview.posture.program import Program
from preview.posture.rule import Broken, rule
from preview.resource_types.type_names import INSTANCE, LAUNCH_TEMPLATE
from preview.resources import MASK, Secret


@rule(
    id="image-mutable",
    severity="medium",
    title="An image has no version",
    promise="Images have versions",
    why="`latest` moves: two machines may run two versions, and nobody can go back to the one that worked.",
    fix="Name a version or a digest in the compose file.",
)
def image_mutable(program: Program) -> Broken:
    for name, service, image in images(program):
        last = image.rpartition("/")[2]
        if "@sha256:" not in image and (":" not in last or last.endswith(":latest")):
            yield name, f"service {service} runs {image}"


@rule(
    id="image-digest",
    severity="info",
    title="An image is not pinned by digest",
    promise="Images are pinned by digest",
    why="Who controls the registry can push another image under a tag; a digest cannot be moved.",
    fix="Write NAME:TAG@sha256:… for images that are not your own builds.",
)
def image_digest(program: Program) -> Broken:
    loose: dict[str, list[str]] = {}
    for name, service, image in images(program):
        if "@sha256:" not in image:
            loose.setdefault(name, []).append(service)
    for name, several in loose.items():
        yield name, f"pinned by tag: {', '.join(sorted(set(several)))}"


@rule(
    id="container-privileged",
    severity="critical",
    title="A container is privileged",
    promise="No container is privileged",
    why="A privileged container has every capability and every device: whoever takes it over is root on the machine.",
    fix="Remove `privileged`; add the one capability or device that the service needs, with a reason.",
)
def container_privileged(program: Program) -> Broken:
    for name, service, definition, _ in services(program):
        if may_be_on(definition.get("privileged", False)):
            yield name, f"service {service} is privileged"


_SOCKETS = re.compile(
    r"/(docker|containerd|podman|crio|dockershim)(/[^/]+)?\.sock$|/run/(docker|containerd)(/|$)"
)


@rule(
    id="container-socket",
    severity="critical",
    title="A container can command the container engine",
    promise="No container reaches the container engine's socket",
    why="Who may speak to the engine may start a privileged container, and is root on the machine. Read-only does not help.",
    fix="Take the mount out, or put a proxy in front of the socket that allows the needed calls only.",
)
def container_socket(program: Program) -> Broken:
    for name, service, source, _ in host_mounts(program):
        if _SOCKETS.search(source):
            yield name, f"service {service} mounts {source}"
    for name, service, definition, _ in services(program):
        if may_be_on(definition.get("use_api_socket", False)):
            yield name, f"service {service} uses the engine's API socket"


_NAMESPACES = ("pid", "ipc", "uts", "userns_mode", "cgroup")


@rule(
    id="container-host-namespace",
    severity="high",
    title="A container shares a namespace with the machine",
    promise="Containers have namespaces of their own",
    why="It sees, and may signal or trace, the machine's own processes, or is not confined to users of its own.",
    fix="Remove the setting; let containers share with each other (`service:NAME`) if they must.",
)
def container_host_namespace(program: Program) -> Broken:
    for name, service, definition, _ in services(program):
        for key in _NAMESPACES:
            if str(definition.get(key)) == "host":
                yield name, f"service {service} has {key}: host"


@rule(
    id="container-host-network",
    severity="high",
    title="A container uses the machine's network",
    promise="Containers have networks of their own",
    why="It reaches the machine's credentials (the metadata service is one hop nearer) and every port of its loopback.",
    fix="Remove `network_mode: host`; containers of one network reach each other by their services' names.",
)
def container_host_network(program: Program) -> Broken:
    for name, service, definition, _ in services(program):
        if str(definition.get("network_mode")) == "host":
            yield name, f"service {service} has network_mode: host"
        given = definition.get("networks") or ()
        if "host" in (given if isinstance(given, dict | list) else ()):
            yield name, f"service {service} joins the network host"


@rule(
    id="container-device",
    severity="high",
    title="A container has a device of the machine",
    promise="No container has a device of the machine",
    why="A disk, /dev/mem or /dev/kmsg read from a container is the machine's own data.",
    fix="Remove `devices` and `device_cgroup_rules`, or suppress this with the reason for the one device.",
)
def container_device(program: Program) -> Broken:
    for name, service, definition, _ in services(program):
        for key in ("devices", "device_cgroup_rules"):
            for device in definition.get(key) or ():
                shown = device.get("source") if isinstance(device, dict) else device
                yield name, f"service {service} has the device {shown}"


# What Docker gives every container; adding these back after `cap_drop: [ALL]` is hardening.
_USUAL = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "NET_RAW",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)


@rule(
    id="container-capability",
    severity="high",
    title="A container has a capability beyond Docker's own",
    promise="No container has a capability beyond Docker's own",
    why="SYS_ADMIN, SYS_PTRACE, SYS_MODULE and others are ways out of the container; NET_ADMIN changes the machine's rules.",
    fix="Remove it from `cap_add`, or suppress this with the reason for the one capability.",
)
def container_capability(program: Program) -> Broken:
    for name, service, definition, _ in services(program):
        for given in definition.get("cap_add") or ():
            capability = str(given).upper().removeprefix("CAP_")
            if capability not in _USUAL:
                yield name, f"service {service} has {capability}"


_UNCONFINED = re.compile(
    r"^(seccomp|apparmor|systempaths)[=:]\s*unconfined$|^label[=:]\s*disable$|^no-new-privileges[=:]\s*false$"
)


@rule(
    id="container-unconfined",
    severity="high",
    title="A container runs without its security profile",
    promise="Containers run under Docker's seccomp and AppArmor profiles",
    why="The profiles refuse the system calls and files that most escapes from a container need.",
    fix="Remove the entry of `security_opt`, or give a profile of its own.",
)
def container_unconfined(program: Program) -> Broken:
    for name, service, definition, _ in services(program):
        for option in definition.get("security_opt") or ():
            if _UNCONFINED.match(str(option).strip().lower()):
                yield name, f"service {service} has {option}"


# Whose contents are the machine's: its settings and secrets, processes, devices, programs, other containers' data.
_SYSTEM = re.compile(
    r"^/$|^/(etc|proc|sys|dev|run|var/run|root|boot|home|bin|sbin|lib|lib32|lib64|libx32|usr|snap)(/|$)"
    r"|^/var/?$|^/var/(lib|log|spool|cache|backups)/?$|^/var/lib/(docker|containerd|cloud|drawbridge)(/|$)|^/opt/?$"
)
# What Drawbridge itself mounts, and what says nothing that a container may not know, when it is read-only.
_HARMLESS = re.compile(
    r"^/etc/drawbridge/(tunnel-token|rds-ca\.pem)$|^/etc/(localtime|timezone|os-release|machine-id)$"
    r"|^/etc/(ssl/certs|ca-certificates|pki)(/|$)|^/usr/share/(zoneinfo|ca-certificates)(/|$)|^/usr/local/share/ca-certificates(/|$)"
)


@rule(
    id="container-host-mount",
    severity="high",
    title="A container mounts a system directory of the machine",
    promise="No container mounts a system directory of the machine",
    why="Read, it gives away the machine's secrets and other containers' data; written, it makes the container root there.",
    fix="Mount the one file that is needed, read-only, or let `app.files` place a copy of it.",
)
def container_host_mount(program: Program) -> Broken:
    for name, service, source, read_only in host_mounts(program):
        if _SOCKETS.search(source) or not _SYSTEM.search(source):
            continue
        if not (read_only and _HARMLESS.search(source)):
            yield name, f"service {service} mounts {source}{'' if read_only else ', writable'}"


@rule(
    id="user-data-unread",
    severity="medium",
    title="A machine's user data cannot be read",
    promise="Every machine's user data can be read and judged",
    why="What its containers may do, and which files and secrets it has, is then judged by nobody.",
    fix="Give user data as a #cloud-config, plain, in base64, or in gzip and base64.",
)
def user_data_unread(program: Program) -> Broken:
    for machine in program.of(LAUNCH_TEMPLATE, INSTANCE):
        value = machine.raw.get("userData") or machine.raw.get("userDataBase64")
        text = value.value if isinstance(value, Secret) else value
        # What an engine hides or does not know yet is judged by the `up`.
        hidden = not isinstance(text, str) or text.startswith("«") or text == MASK
        if not hidden and machine.name not in program.user_data:
            yield machine.name, "is no #cloud-config, or not in a known encoding"
