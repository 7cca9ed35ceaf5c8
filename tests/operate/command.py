"""`python -m operate` with an account that is a double: one machine that serves, whose sshd takes the key that is sent.

python -m tests.operate.command AUTHORIZED ARGUMENTS...
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from operate import __main__ as operate
from operate.connection import Account

INSTANCE = "i-0123456789abcdef0"


class Double(Account):
    """Its group has one machine."""

    authorized: Path

    def all(self, service: str, operation: str, key: str, **arguments: Any) -> list[Any]:
        if operation == "DescribeAutoScalingGroups":
            assert arguments == {"AutoScalingGroupNames": ["shop-prod-host-group-1a2b3c4"]}
            one = {"InstanceId": INSTANCE, "LifecycleState": "InService", "HealthStatus": "Healthy"}
            return [{"Instances": [one]}]
        assert operation == "DescribeInstances"
        tags = [{"Key": "drawbridge:ready", "Value": "true"}]
        return [{"Instances": [{"InstanceId": INSTANCE, "Tags": tags}]}]

    def send_key(self, machine: str, user: str, public_key: str) -> None:
        assert (machine, user) == (INSTANCE, "ubuntu")
        assert public_key.startswith("ssh-ed25519 ")
        self.authorized.write_text(public_key + "\n")


def main(authorized: str, *arguments: str) -> int:
    Double.authorized = Path(authorized)
    setattr(operate, "Account", Double)  # noqa: B010
    return operate.main(list(arguments))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
