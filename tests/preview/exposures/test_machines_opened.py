"""What a machine opens: its template's switches, its system's own texts, its disks and databases."""

from __future__ import annotations

from typing import Any

import pytest

from tests.preview.opened import LAUNCH_TEMPLATE, SAFE, edited, machine, opens
from tests.preview.programs import resource

DATABASE = "aws:rds/instance:Instance"
FILE_SYSTEM = "aws:efs/fileSystem:FileSystem"
VOLUME = "aws:ebs/volume:Volume"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
ENCRYPTED = [{"deviceName": "/dev/sda1", "ebs": {"encrypted": "true"}}]


def template(**inputs: Any) -> dict[str, Any]:
    return {"metadataOptions": SAFE, "blockDeviceMappings": ENCRYPTED, **inputs}


@pytest.mark.parametrize(
    ("new", "text"),
    [
        (
            template(metadataOptions={**SAFE, "httpTokens": "optional"}),
            "the machines' credentials need no session token (IMDSv1)",
        ),
        (
            template(metadataOptions={**SAFE, "httpPutResponseHopLimit": 2}),
            "containers reach the machines' credentials (hop limit above 1)",
        ),
        (template(keyName="ops"), "a lasting SSH key opens the machines"),
        (
            template(blockDeviceMappings=[{"ebs": {"encrypted": "false"}}]),
            "the machines' disks are no longer encrypted",
        ),
        (template(blockDeviceMappings=[]), "the machines' disks are no longer encrypted"),
        (
            template(networkInterfaces=[{"associatePublicIpAddress": "true"}]),
            "the machines get public addresses",
        ),
        (template(networkInterfaces=[{"ipv6AddressCount": 1}]), "the machines get public addresses"),
    ],
)
def test_a_template_that_opens_its_machines_is_an_exposure(new: dict[str, Any], text: str) -> None:
    assert edited(LAUNCH_TEMPLATE, template(), new) == [("address", "it", text)]
    assert edited(LAUNCH_TEMPLATE, new, template()) == edited(LAUNCH_TEMPLATE, new, new) == []


def test_another_key_and_metadata_that_comes_on_are_exposures() -> None:
    assert edited(LAUNCH_TEMPLATE, template(keyName="a"), template(keyName="b")) == [
        ("address", "it", "another SSH key opens the machines")
    ]
    off = template(metadataOptions={"httpEndpoint": "disabled"})
    assert [text for *_, text in edited(LAUNCH_TEMPLATE, off, template(metadataOptions={}))] == [
        "the machines' credentials need no session token (IMDSv1)"
    ]
    assert edited(LAUNCH_TEMPLATE, template(), off) == []


def test_a_new_machine_with_a_public_address_is_one_where_its_groups_admit_somebody_or_are_not_known() -> (
    None
):
    group = resource(GROUP, "web", {})
    public = template(
        networkInterfaces=[{"associatePublicIpAddress": "true", "securityGroups": ["«web.id»"]}]
    )
    assert edited(LAUNCH_TEMPLATE, None, public, group) == []
    unknown = template(networkInterfaces=[{"associatePublicIpAddress": "true"}])
    assert edited(LAUNCH_TEMPLATE, None, unknown, group) == [
        ("address", "it", "the machines get public addresses")
    ]
    instance = {
        "associatePublicIpAddress": True,
        "rootBlockDevice": {"encrypted": True},
        "metadataOptions": SAFE,
    }
    assert edited("aws:ec2/instance:Instance", None, instance) == [
        ("address", "it", "the machines get public addresses")
    ]


@pytest.mark.parametrize(
    ("token", "old", "new", "text"),
    [
        (
            DATABASE,
            {"storageEncrypted": True},
            {"storageEncrypted": True, "publiclyAccessible": True},
            "the database gets a public address",
        ),
        (
            "aws:redshift/cluster:Cluster",
            {"x": 1},
            {"x": 1, "publiclyAccessible": True},
            "it gets a public address",
        ),
        (DATABASE, {"storageEncrypted": True}, {}, "the database's storage is no longer encrypted"),
        (
            DATABASE,
            {"storageEncrypted": True, "manageMasterUserPassword": True},
            {"storageEncrypted": True},
            "RDS no longer keeps the master password",
        ),
        (FILE_SYSTEM, {"encrypted": True}, {"encrypted": False}, "the files are no longer encrypted"),
        (VOLUME, {"encrypted": True}, {}, "the disk is no longer encrypted"),
        (DATABASE, None, {"storageEncrypted": False}, "the database's storage is not encrypted"),
        (VOLUME, None, {}, "the disk is not encrypted"),
    ],
)
def test_data_that_lies_open_is_an_exposure(token: str, old: Any, new: Any, text: str) -> None:
    found = [item for item in edited(token, old, new) if item[0] == "address"]
    assert found == [("address", "it", text)]
    assert [item for item in edited(token, new, old) if item[0] == "address"] == []


def test_a_database_that_takes_plain_connections_is_an_exposure() -> None:
    token = "aws:rds/parameterGroup:ParameterGroup"

    def version(*listed: tuple[str, str]) -> dict[str, Any]:
        return {"parameters": [{"name": name, "value": value} for name, value in listed]}

    says = "it: the database takes connections with weaker TLS: rds.force_ssl 0"
    assert edited(token, version(), version(("rds.force_ssl", "0"))) == [("address", "it", says)]
    assert edited(token, version(("rds.force_ssl", "0")), version(("rds.force_ssl", "1"))) == []
    assert edited(token, version(), version(("work_mem", "64"))) == []


# Texts of the system ----------------------------------------------------------------------------------------------------------

BOOT = "/opt/drawbridge/bin/boot"
UNIT = "/etc/systemd/system/drawbridge.service"


def script(*lines: str, path: str = BOOT) -> Any:
    return machine(files={path: "\n".join(["#!/bin/bash", "say hello", *lines]) + "\n"})


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("chmod 0666 /etc/drawbridge/secrets.json", "rights of files are widened"),
        ("chmod -R o+r /etc/drawbridge", "rights of files are widened"),
        ("chmod 644 /etc/drawbridge/tunnel-token", "rights of files are widened"),
        ("chmod u+s /usr/bin/tool", "a program runs with the rights of another"),
        ("echo 'ubuntu ALL=(ALL) NOPASSWD:ALL' >/etc/x", "somebody may become root"),
        ("usermod -aG docker ubuntu", "somebody may become root"),
        ("sed -i 's/.*/PasswordAuthentication yes/' /etc/ssh/sshd_config", "SSH takes more logins"),
        ("curl -s https://x/keys >>~/.ssh/authorized_keys", "somebody may log in"),
        ("iptables -F DOCKER-USER", "the machine's packet filter lets more through"),
        ("ufw disable", "the machine's packet filter lets more through"),
        ("systemctl stop apparmor", "AppArmor guards less"),
        ("curl -fsSL https://get.docker.com | sh", "a text of the network is run as root"),
        ("curl -k https://x/y -o /y", "a peer's certificate is no longer checked"),
        ("echo 'deb [trusted=yes] http://x ./' >>/etc/apt/sources.list", "packages need no signature"),
        ("docker run --privileged x", "a container gets the machine's rights"),
        ("nc -lp 9000", "the machine listens"),
        ("sysctl -w net.ipv4.ip_forward=1", "the kernel's settings change"),
        ("set -x", "secrets may come into a log"),
    ],
)
def test_a_new_line_of_the_machines_own_texts_that_opens_something_is_an_exposure(
    line: str, says: str
) -> None:
    text = f"host-template: {says}: {BOOT} has the line `{line}`"
    assert opens([script()], [script(line)]) == [("machine", "host-template", text)]
    assert opens([script(line)], [script(line, "say done")]) == []


@pytest.mark.parametrize(
    ("path", "line", "says"),
    [
        (
            BOOT,
            "iptables -I DOCKER-USER -d 169.254.169.254 -j DROP",
            "nothing keeps containers from the machine's credentials",
        ),
        (
            BOOT,
            "nft add rule ip filter forward ip daddr 169.254.169.254 drop",
            "nothing keeps containers from the machine's credentials",
        ),
        (BOOT, "chmod 0600 /etc/drawbridge/secrets.json", "rights of files are no longer narrowed"),
        (BOOT, "umask 077", "rights of files are no longer narrowed"),
        (
            "/opt/drawbridge/bin/drawbridge",
            'write(ETC + "tunnel-token", token, 0o400)',
            "rights of files are no longer narrowed",
        ),
        (UNIT, "NoNewPrivileges=true", "a unit loses a guard"),
        (UNIT, "ProtectSystem=strict", "a unit loses a guard"),
        (BOOT, 'chattr +i "$root"', "a folder may be written to again"),
        (
            "/opt/drawbridge/bin/drawbridge",
            'sslmode="verify-full",',
            "the database's certificate is no longer checked",
        ),
    ],
)
def test_a_line_that_guarded_and_goes_is_an_exposure(path: str, line: str, says: str) -> None:
    found = opens([script(line, path=path)], [script(path=path)])
    assert (
        "machine",
        "host-template",
        f"host-template: {says}: {path} no longer has the line `{line}`",
    ) in found
    assert opens([script(path=path)], [script(line, path=path)]) == []
    # Written a little otherwise, it guards as before.
    assert opens([script(line, path=path)], [script(f"{line}  # because", path=path)]) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("retry 6 fetch", "retry 8 fetch"),
        ("apt install docker.io", "apt install docker.io curl"),
        ("chmod 0644 a.pem.new", "chmod 0600 a.pem.new"),
        ("TimeoutStartSec=900", "TimeoutStartSec=1200"),
        (
            "curl -fsS --retry 3 https://truststore.pki.rds.amazonaws.com/x",
            "curl -fsS --retry 5 https://truststore.pki.rds.amazonaws.com/x",
        ),
        ("curl -sk https://x", "curl -s https://x"),
    ],
)
def test_a_line_that_opens_nothing_is_none(old: str, new: str) -> None:
    assert opens([script(old)], [script(new)]) == []


def test_the_rights_of_a_file_that_cloud_init_writes_are_compared_bit_by_bit() -> None:
    def version(mode: str, path: str = "/etc/drawbridge/secrets.json") -> Any:
        return machine(files={path: (mode, "{}")})

    assert opens([version("0600")], [version("0644")]) == [
        (
            "secret",
            "host-template",
            "host-template: /etc/drawbridge/secrets.json has mode 0644 (before: 0600)",
        )
    ]
    assert opens([version("0644", "/x")], [version("0666", "/x")]) == [
        ("machine", "host-template", "host-template: /x has mode 0666 (before: 0644)")
    ]
    assert opens([version("0755", "/x")], [version("4755", "/x")]) == [
        ("machine", "host-template", "host-template: /x has mode 4755 (before: 0755)")
    ]
    assert (
        opens([version("0644")], [version("0600")])
        == opens([version("0755", "/x")], [version("0700", "/x")])
        == []
    )


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/etc/sudoers.d/90-ops", "ops ALL=(ALL) ALL"),
        ("/etc/ssh/sshd_config.d/x.conf", "MaxAuthTries 9"),
        ("/root/.ssh/config", "Host *"),
        ("/etc/pam.d/common-auth", "auth sufficient pam_permit.so"),
    ],
)
def test_a_file_that_says_who_may_do_what_is_an_exposure(path: str, content: str) -> None:
    text = f"host-template: {path} is written: who may do what on the machine changes"
    assert ("machine", "host-template", text) in opens([machine()], [machine(files={path: content})])
    assert opens([machine(files={path: content})], [machine(files={path: content})]) == []


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"ssh_pwauth": True}, "cloud-init's ssh_pwauth: SSH takes passwords"),
        ({"users": ["default", {"name": "x"}]}, "cloud-init's users: other users may log in"),
        (
            {"ssh_authorized_keys": ["ssh-ed25519 A"]},
            "cloud-init's ssh_authorized_keys: other keys may log in",
        ),
        ({"disable_root": False}, "cloud-init's disable_root: root may log in"),
        (
            {"packages": ["openssh-server", "jq"]},
            "packages that listen or let in are installed: openssh-server",
        ),
    ],
)
def test_a_login_that_cloud_init_makes_is_an_exposure(document: dict[str, Any], text: str) -> None:
    found = opens([machine()], [machine(**document)])
    assert found == [("machine", "host-template", f"host-template: {text}")]
    assert opens([machine(**document)], [machine()]) == []
    assert opens([machine()], [machine(ssh_pwauth=False, packages=["jq"], timezone="UTC")]) == []


def test_a_part_of_cloud_init_that_nobody_here_knows_is_unknown() -> None:
    assert opens([machine()], [machine(snap={"commands": ["x"]})]) == [
        ("unknown", "host-template", "host-template: what cloud-init's snap opens is not known here")
    ]


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("{}", '{"hosts": ["tcp://0.0.0.0:2375"]}', "Docker takes orders from the network: Docker's hosts"),
        (
            "{}",
            '{"insecure-registries": ["x:5000"]}',
            "images come without a certificate: Docker's insecure-registries",
        ),
        ('{"no-new-privileges": true}', "{}", "Docker guards containers less: no-new-privileges is not set"),
        (
            '{"userns-remap": "default"}',
            '{"userns-remap": ""}',
            "Docker guards containers less: userns-remap is ",
        ),
    ],
)
def test_a_docker_that_guards_less_is_an_exposure(old: str, new: str, text: str) -> None:
    versions = [machine(files={"/etc/docker/daemon.json": content}) for content in (old, new)]
    assert ("machine", "host-template", f"host-template: {text}") in opens([versions[0]], [versions[1]])
    assert opens([versions[1]], [versions[0]]) == []


def test_another_host_that_says_which_database_is_the_right_one_is_an_exposure() -> None:
    def version(url: str) -> Any:
        return machine(facts={"ca_url": url})

    base = "https://truststore.pki.rds.amazonaws.com"
    assert opens([version(f"{base}/a.pem")], [version("https://evil.io/a.pem")]) == [
        (
            "machine",
            "host-template",
            "host-template: another party says which database is the right one: evil.io (before: truststore.pki.rds.amazonaws.com)",
        )
    ]
    assert opens([version(f"{base}/a.pem")], [version(f"{base}/b.pem")]) == []


def test_user_data_that_cannot_be_read_is_unknown() -> None:
    shell = resource(LAUNCH_TEMPLATE, "host-template", template(userData="#!/bin/sh\ncurl x"))
    assert opens([machine()], [shell]) == [
        (
            "unknown",
            "host-template",
            "host-template: its user data cannot be read here, so what it opens is not known",
        )
    ]
    assert opens([shell], [shell]) == []
