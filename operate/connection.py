"""SSH to a machine through the EC2 Instance Connect Endpoint: a key for this one time, and AWS's own tunnel.

Nothing listens anywhere for it. The machine admits tcp/22 from the endpoint's group alone, the AWS CLI opens the tunnel with the
caller's credentials, and both the key and the tunnel stand in CloudTrail under the caller's IAM name.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from operate.stack import Fault
from preview.doctor.answers import Unasked
from preview.doctor.aws import Aws

USER = "ubuntu"
INSTALL = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
OLDEST = (2, 12)
"""The first AWS CLI with `ec2-instance-connect open-tunnel`."""


class Account(Aws):
    """The account, with the one call of ours that is not a look: a public key for a minute."""

    def send_key(self, machine: str, user: str, public_key: str) -> None:
        """The machine takes the key for the next 60 seconds. Raises Unasked."""
        from botocore.exceptions import BotoCoreError, ClientError

        client = self._client("ec2-instance-connect")
        try:
            client.send_ssh_public_key(InstanceId=machine, InstanceOSUser=user, SSHPublicKey=public_key)
        except (ClientError, BotoCoreError) as error:
            raise Unasked(
                f"{machine} takes no key: {error}; allow ec2-instance-connect:SendSSHPublicKey and "
                "ec2-instance-connect:OpenTunnel to whoever operates"
            ) from None


def tools(environment: Mapping[str, str]) -> None:
    """Raises Fault where ssh or a new enough AWS CLI is missing, with how to get it."""
    path = environment.get("PATH")
    for name, how in (("ssh", "install OpenSSH's client"), ("ssh-keygen", "install OpenSSH's client")):
        if not shutil.which(name, path=path):
            raise Fault(f"{name} is not on PATH; {how}")
    program = shutil.which("aws", path=path)
    if not program:
        raise Fault(f"the AWS CLI is not on PATH, and it opens the tunnel; install version 2: {INSTALL}")
    done = subprocess.run(
        [program, "--version"], env=dict(environment), capture_output=True, text=True, check=False, timeout=60
    )
    said = (done.stdout or done.stderr).strip()
    version = re.match(r"aws-cli/(\d+)\.(\d+)", said)
    if not version or (int(version[1]), int(version[2])) < OLDEST:
        raise Fault(
            f"`aws --version` says {said[:60] or 'nothing'}; `ec2-instance-connect open-tunnel` needs 2.12 or newer: {INSTALL}"
        )


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One machine, reached by ssh with what ``options`` say."""

    machine: str
    user: str
    options: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def command(self, remote: str | None, *, terminal: bool = False, more: Sequence[str] = ()) -> list[str]:
        """The ssh command line for a shell command there; None: a login shell."""
        kind = "-tt" if terminal else "-T"
        return [
            "ssh",
            kind,
            *self.options,
            *more,
            "--",
            f"{self.user}@{self.machine}",
            *([remote] if remote else []),
        ]

    def run(
        self, remote: str | None, *, terminal: bool = False, **given: Any
    ) -> subprocess.CompletedProcess[Any]:
        """Runs it with this process's own input and output, unless ``given`` says otherwise, until its end."""
        return subprocess.run(
            self.command(remote, terminal=terminal), env=dict(self.environment), check=False, **given
        )

    def ask(self, remote: str) -> str:
        """What a command there prints. Raises Fault if it fails."""
        done = self.run(remote, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise Fault(f"{self.machine}: {said[-1] if said else 'ended'} (exit code {done.returncode})")
        return str(done.stdout)


@contextmanager
def connected(
    account: Account,
    machine: str,
    *,
    user: str = USER,
    profile: str | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Iterator[Connection]:
    """A connection that can be used while the block runs; its key is gone afterwards. Raises Fault, Unasked."""
    tools(environment)
    with tempfile.TemporaryDirectory(prefix="drawbridge-") as folder:
        key = Path(folder) / "key"
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "drawbridge", "-f", str(key)],
            env=dict(environment),
            check=True,
        )
        account.send_key(machine, user, key.with_suffix(".pub").read_text().strip())
        tunnel = [
            "aws",
            "ec2-instance-connect",
            "open-tunnel",
            "--instance-id",
            machine,
            "--region",
            account.region,
        ]
        if profile:
            tunnel += ["--profile", profile]
        options = {
            "ProxyCommand": shlex.join(tunnel).replace("%", "%%"),
            "IdentityFile": str(key),
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "BatchMode": "yes",
            # A machine lives for a release. That it is this one, AWS vouches for: the tunnel leads to an instance by its id.
            "StrictHostKeyChecking": "accept-new",
            "UserKnownHostsFile": str(Path(folder) / "known"),
            "ConnectTimeout": "30",
            "ServerAliveInterval": "15",
            "ForwardAgent": "no",
            "LogLevel": "ERROR",
            # One tunnel and one key for all that a command does: the key is taken for a minute alone.
            "ControlMaster": "auto",
            "ControlPath": str(Path(folder) / "s"),
            "ControlPersist": "30",
        }
        arguments = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        connection = Connection(
            machine=machine, user=user, options=["-F", "none", *arguments], environment=environment
        )
        try:
            yield connection
        finally:
            subprocess.run(
                ["ssh", *connection.options, "-O", "exit", f"{user}@{machine}"],
                env=dict(environment),
                capture_output=True,
                check=False,
            )
