"""What AWS refuses and moto 5.2.5 takes, of what our resources could ask for: `docs/aws.md` has each with its source."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.security_groups import SecurityGroupBackend
from moto.iam.exceptions import LimitExceededException, ValidationError
from moto.iam.models import IAMBackend
from moto.rds.exceptions import InvalidParameterCombination
from moto.rds.responses import RDSResponse

_DESCRIPTION = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}")
_POLICY_CHARACTERS = 10_240


def _security_group(_self: SecurityGroupBackend, name: str, *_rest: Any, **_named: Any) -> None:
    if name.startswith("sg-"):
        text = f"Value ({name}) for parameter groupName is invalid. Group names may not be in the format sg-*"
        raise EC2ClientError("InvalidParameterValue", text)


def _rule(_self: SecurityGroupBackend, *_rest: Any, **named: Any) -> None:
    for other in [*(named.get("ip_ranges") or ()), *(named.get("source_groups") or ())]:
        text = other.get("Description") if isinstance(other, dict) else None
        if text and not _DESCRIPTION.fullmatch(text):
            raise EC2ClientError("InvalidParameterValue", f"Invalid rule description: {text}")


def _role(_self: IAMBackend, role_name: str, *_rest: Any, **_named: Any) -> None:
    if len(role_name) > 64:
        raise ValidationError(
            f"1 validation error detected: Value '{role_name}' at 'roleName' failed to satisfy constraint: "
            "Member must have length less than or equal to 64"
        )


def _role_policy(self: IAMBackend, role_name: str, policy_name: str, policy_json: str) -> None:
    others = {**self.get_role(role_name).policies, policy_name: policy_json}
    if sum(len("".join(text.split())) for text in others.values()) > _POLICY_CHARACTERS:
        raise LimitExceededException(
            f"Maximum policy size of {_POLICY_CHARACTERS} bytes exceeded for role {role_name}"
        )


def _deletion(self: RDSResponse) -> None:
    if not self.params.get("SkipFinalSnapshot") and not self.params.get("FinalDBSnapshotIdentifier"):
        raise InvalidParameterCombination(
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
        )


def _first(check: Callable[..., None], method: Callable[..., Any]) -> Callable[..., Any]:
    def checked(*arguments: Any, **named: Any) -> Any:
        check(*arguments, **named)
        return method(*arguments, **named)

    return checked


def replace() -> None:
    """Put each check before moto's own method."""
    groups = SecurityGroupBackend
    groups.create_security_group = _first(_security_group, groups.create_security_group)
    groups.authorize_security_group_ingress = _first(_rule, groups.authorize_security_group_ingress)
    groups.authorize_security_group_egress = _first(_rule, groups.authorize_security_group_egress)
    IAMBackend.create_role = _first(_role, IAMBackend.create_role)
    IAMBackend.put_role_policy = _first(_role_policy, IAMBackend.put_role_policy)
    RDSResponse.delete_db_instance = _first(_deletion, RDSResponse.delete_db_instance)
