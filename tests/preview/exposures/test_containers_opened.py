"""What a container may do to its machine: each power is one exposure of the service, and none is one that it had."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.preview.opened import between, machine, opens, service
from tests.preview.programs import program

IMAGE = {"image": "app:1"}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"privileged": True}, "runs privileged: it is root on the machine"),
        ({"privileged": "true"}, "runs privileged: it is root on the machine"),
        (
            {"volumes": ["/var/run/docker.sock:/var/run/docker.sock"]},
            "mounts /var/run/docker.sock of the machine to write, where Docker takes orders: it is root on the machine",
        ),
        (
            {"volumes": ["/run:/host-run:ro"]},
            "mounts /run of the machine to read, where Docker takes orders: it is root on the machine",
        ),
        ({"volumes": ["/:/host:ro"]}, "mounts / of the machine to read, which is all of it"),
        (
            {"volumes": [{"type": "bind", "source": "/proc", "target": "/p", "read_only": True}]},
            "mounts /proc of the machine to read",
        ),
        (
            {"volumes": ["/etc/drawbridge:/secrets:ro"]},
            "mounts /etc/drawbridge of the machine to read, where the secrets of every service are",
        ),
        ({"volumes": ["../../../etc:/e"]}, "mounts /etc of the machine to write"),
        (
            {"volumes": ["./.env:/run/env:ro"]},
            "mounts /opt/drawbridge/app/.env of the machine to read, where the secrets of every service are",
        ),
        ({"volumes": ["~/.docker:/d"]}, "mounts ~/.docker of the machine to write"),
        ({"pid": "host"}, "shares the machine's processes"),
        ({"ipc": "host"}, "shares the machine's shared memory"),
        ({"uts": "host"}, "shares the machine's hostname"),
        ({"userns_mode": "host"}, "shares the machine's users"),
        ({"network_mode": "host"}, "shares the machine's network, and so the machine's credentials"),
        ({"network_mode": "service:db"}, "shares the network of service:db"),
        ({"devices": ["/dev/kvm:/dev/kvm"]}, "uses the machine's device /dev/kvm:/dev/kvm"),
        ({"device_cgroup_rules": ["c 1:3 mr"]}, "uses the machine's device c 1:3 mr"),
        ({"cap_add": ["SYS_ADMIN"]}, "has the capability SYS_ADMIN"),
        ({"cap_add": ["cap_net_raw"]}, "has the capability NET_RAW"),
        ({"security_opt": ["seccomp:unconfined"]}, "runs without a guard of the machine: seccomp:unconfined"),
        (
            {"security_opt": ["apparmor=unconfined"]},
            "runs without a guard of the machine: apparmor=unconfined",
        ),
        ({"security_opt": ["label:disable"]}, "runs without a guard of the machine: label:disable"),
        ({"user": "0:0"}, "runs as root"),
        ({"ports": ["8080:80"]}, "answers on port 8080/tcp of the machine"),
        ({"ports": ["0.0.0.0:53:53/udp"]}, "answers on port 53/udp of the machine"),
        ({"ports": [{"target": 9000, "published": "9001"}]}, "answers on port 9001/tcp of the machine"),
        ({"extra_hosts": ["metadata:169.254.169.254"]}, "reaches the machine itself by metadata"),
        (
            {"extra_hosts": {"host.docker.internal": "host-gateway"}},
            "reaches the machine itself by host.docker.internal",
        ),
        ({"use_api_socket": True}, "speaks to Docker, and so is root on the machine"),
        ({"group_add": ["docker"]}, "is in the machine's group docker"),
        (
            {"post_start": [{"command": "x", "privileged": True}]},
            "runs a privileged command as it starts or stops",
        ),
        ({"sysctls": {"net.ipv4.ip_forward": 1}}, "sets net.ipv4.ip_forward=1 of the kernel"),
    ],
)
def test_a_power_over_the_machine_is_an_exposure_of_its_service(given: dict[str, Any], text: str) -> None:
    assert service(IMAGE, {**IMAGE, **given}) == [("container", "app", f"service app {text}")]
    # A new service has its powers as news, one that had them before has none, and giving them up opens nothing.
    assert opens([machine({"services": {}})], [machine({"services": {"app": given}})]) == [
        ("container", "app", f"service app {text}")
    ]
    assert service({**IMAGE, **given}, {**given, "image": "app:2"}) == []
    assert service({**IMAGE, **given}, IMAGE) == []


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ({"read_only": True}, {}, "may write to its own file system"),
        ({"cap_drop": ["ALL"]}, {"cap_drop": ["NET_RAW"]}, "is no longer without the capabilities ALL"),
        (
            {"cap_drop": ["NET_RAW", "MKNOD"]},
            {"cap_drop": ["MKNOD"]},
            "is no longer without the capabilities NET_RAW",
        ),
        ({"security_opt": ["no-new-privileges:true"]}, {}, "loses a guard: no-new-privileges:true"),
        ({"security_opt": ["apparmor=strict"]}, {"security_opt": []}, "loses a guard: apparmor=strict"),
        ({"user": "1000:1000"}, {}, "runs as its image says, not as 1000"),
        ({"user": "node"}, {"user": "root"}, "runs as root"),
        (
            {"volumes": ["/etc/hosts:/h:ro"]},
            {"volumes": ["/etc/hosts:/h"]},
            "mounts /etc/hosts of the machine to write",
        ),
    ],
)
def test_a_guard_that_goes_is_an_exposure(old: dict[str, Any], new: dict[str, Any], text: str) -> None:
    assert service(old, new) == [("container", "app", f"service app {text}")]
    assert service(new, old) == []


@pytest.mark.parametrize(
    "given",
    [
        {
            "volumes": [
                "data:/data",
                "./nginx.conf:/etc/nginx/nginx.conf:ro",
                "/srv/drawbridge/storage/up:/up",
            ]
        },
        {"volumes": [{"type": "tmpfs", "target": "/tmp"}, "/cache"]},
        {
            "volumes": [
                {"type": "bind", "source": "/etc/drawbridge/rds-ca.pem", "target": "/ca", "read_only": True}
            ]
        },
        {"ports": ["127.0.0.1:8080:80", {"target": 80, "published": 81, "host_ip": "127.0.0.1"}]},
        {"cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"], "read_only": True, "user": "1000"},
        {"network_mode": "none"},
        {"extra_hosts": ["db:10.0.0.5"]},
        {
            "environment": {"A": "b"},
            "restart": "always",
            "init": True,
            "shm_size": "1gb",
            "privileged": False,
        },
    ],
)
def test_what_gives_no_power_is_no_exposure(given: dict[str, Any]) -> None:
    assert service(IMAGE, {**IMAGE, **given}) == []


def test_a_named_volume_is_what_it_stands_for_on_the_machine() -> None:
    def version(device: str) -> Any:
        options = {"type": "none", "o": "bind", "device": device}
        return machine(
            {"services": {"app": {"volumes": ["data:/data"]}}, "volumes": {"data": {"driver_opts": options}}}
        )

    assert opens([version("/srv/drawbridge/storage/data")], [version("/root")]) == [
        ("container", "app", "service app mounts /root of the machine to write")
    ]
    assert opens([version("/root")], [version("/srv/drawbridge/storage/data")]) == []


def test_a_variable_is_read_as_the_machine_fills_it_in() -> None:
    compose = {"services": {"app": {"privileged": "${PRIVILEGED:-false}"}}}
    before, after = (machine(compose, facts={"env": env}) for env in ({}, {"PRIVILEGED": "true"}))
    assert opens([before], [after]) == [
        ("container", "app", "service app runs privileged: it is root on the machine")
    ]


def test_the_overlay_has_the_last_word() -> None:
    compose = {"services": {"app": {"ports": ["80:80"], "privileged": True}}}
    reset = "services: {app: {ports: !override [], privileged: false}}"
    assert opens([machine({"services": {"app": {}}})], [machine(compose, reset)]) == []
    assert [text for *_, text in opens([machine(compose, reset)], [machine(compose)])] == [
        "service app answers on port 80/tcp of the machine",
        "service app runs privileged: it is root on the machine",
    ]


def joined(**networks: list[str]) -> Any:
    return machine(
        {"services": {name: {"networks": listed} if listed else {} for name, listed in networks.items()}}
    )


def test_a_service_that_was_kept_apart_and_is_not_any_longer_is_an_exposure() -> None:
    private = {"api": ["default", "private-db"], "web": [], "db": ["private-db"]}
    assert opens([joined(**private)], [joined(**{**private, "web": ["default", "private-db"]})]) == [
        ("container", "db", "service db is reached by web, which did not reach it")
    ]
    assert opens([joined(**private)], [joined(**{**private, "db": []})]) == [
        ("container", "db", "service db is reached by web, which did not reach it")
    ]
    assert opens([joined(**private)], [joined(**private, job=["private-db"])]) == [
        ("container", "db", "service db is reached by job, which did not reach it")
    ]
    assert opens([joined(front=["a"], back=["b"])], [joined(front=["a", "b"], back=["b"])]) == [
        ("container", "back", "service back is reached by front, which did not reach it")
    ]
    # Taken apart, or joined by one that everybody meets anyway.
    assert opens([joined(api=[], db=[])], [joined(api=["default", "private-db"], db=["private-db"])]) == []
    assert opens([joined(api=[], db=[])], [joined(api=[], db=[], job=[])]) == []
    assert opens([joined(**private)], [joined(**private, job=[])]) == []


@pytest.mark.parametrize(
    ("allow", "expected"),
    [
        (
            {"hostNetwork": ["probe"]},
            [("container", "probe", "service probe is let pass by app.allow.hostNetwork")],
        ),
        (
            {"byHost": ["nginx"], "mutableImages": ["db"]},
            [
                ("container", "db", "service db is let pass by app.allow.mutableImages"),
                ("container", "nginx", "service nginx is let pass by app.allow.byHost"),
            ],
        ),
        (
            {"dockerSocket": {"watcher": "It restarts things"}},
            [("container", "watcher", "service watcher is let pass by app.allow.dockerSocket")],
        ),
        ({"noHealthcheck": ["job"]}, []),
    ],
)
def test_what_the_stack_file_lets_pass_is_named_by_its_service(allow: dict[str, Any], expected: Any) -> None:
    before, after = (program(app={"compose": "c.yaml", "allow": given}) for given in ({}, allow))
    assert between(before, after) == expected
    assert between(after, before) == between(after, after) == []
    assert json.loads(after.config["drawbridge:app"])["allow"] == allow
