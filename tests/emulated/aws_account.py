"""What moto 5.2.5 lacks of an account itself: its policies' simulator, its quotas, and what RDS has on offer.

`POST /_double/account {"quotas": {"L-F678F1CE": 5}, "orderable": {"db.t4g.micro": ["16.9"]}, "regions": {"ap-northeast-1": "opted-in"}}`
sets these; what is not named there is as a new account has it.
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response
from moto.iam.access_control import IAMPolicy, IAMRequestBase, PermissionResult
from moto.iam.exceptions import NoSuchEntity
from moto.iam.models import IAMBackend, iam_backends
from moto.iam.responses import IamResponse
from moto.rds.responses import RDSResponse
from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.models import ServiceQuotasBackend
from moto.servicequotas.responses import ServiceQuotasResponse

QUOTAS = {
    "L-F678F1CE": 5,  # VPCs
    "L-A4707A72": 5,  # Internet gateways
    "L-0263D0A3": 5,  # Elastic IPs
    "L-7B6409FD": 40,  # RDS instances
    "L-848C634D": 1000,  # EFS file systems
    "L-1216C47A": 32,  # vCPUs of standard instances
}
"""AWS's defaults; of vCPUs, what a new account is raised to."""

quotas = dict(QUOTAS)
orderable: dict[str, list[str]] = {"db.t4g.micro": ["15.13", "16.9", "17.5", "18.1"]}
regions: dict[str, str] = {}


def set_account(given: dict[str, Any]) -> None:
    """Whatever a test plants."""
    quotas.clear()
    quotas.update(QUOTAS | given.get("quotas", {}))
    if "orderable" in given:
        orderable.clear()
        orderable.update(given["orderable"])
    regions.clear()
    regions.update(given.get("regions", {}))


def _policies(backend: IAMBackend, arn: str) -> list[Any]:
    """All policies of a user, of its groups, or of a role. NoSuchEntity for anybody else."""
    name = arn.rpartition("/")[2]
    for role in backend.roles.values():
        if role.arn == arn:
            return [*role.policies.values(), *role.managed_policies.values()]
    for user in backend.users.values():
        if user.arn == arn:
            inline = [document for document in user.policies.values()]
            return [*inline, *user.managed_policies.values()]
    raise NoSuchEntity(f"The principal {name} cannot be found.")


def simulate_principal_policy(self: IamResponse) -> ActionResult:
    """Each action, on the resources that are named or on any, under the context, by moto's own reading of policies."""
    backend = iam_backends[self.current_account][self.partition]
    policies = _policies(backend, self._get_param("PolicySourceArn"))
    resources = self._get_param("ResourceArns", []) or ["*"]
    entries = self._get_param("ContextEntries", [])
    values = {one["ContextKeyName"]: one["ContextKeyValues"][0] for one in entries}
    results = []
    for action in self._get_param("ActionNames", []):
        for resource in resources:
            said = {
                IAMPolicy(policy).is_action_permitted(action, resource, incoming_condition_values=values)
                for policy in policies
            }
            decision = "allowed" if PermissionResult.PERMITTED in said else "implicitDeny"
            if PermissionResult.DENIED in said:
                decision = "explicitDeny"
            results.append(
                {
                    "EvalActionName": action,
                    "EvalResourceName": resource,
                    "EvalDecision": decision,
                    "MatchedStatements": [],
                    "MissingContextValues": [],
                }
            )
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def get_service_quota(self: ServiceQuotasBackend, service_code: str, quota_code: str) -> dict[str, Any]:
    if quota_code not in quotas:
        raise NoSuchResource
    return {"ServiceCode": service_code, "QuotaCode": quota_code, "Value": float(quotas[quota_code])}


def get_aws_default_service_quota(self: ServiceQuotasResponse) -> str:
    asked = json.loads(self.body)
    if asked["QuotaCode"] not in QUOTAS:
        raise NoSuchResource
    found = {**asked, "Value": float(QUOTAS[asked["QuotaCode"]])}
    return json.dumps({"Quota": found})


def describe_orderable_db_instance_options(self: RDSResponse) -> ActionResult:
    """moto knows Aurora's and Neptune's alone."""
    size, engine = self._get_param("DBInstanceClass"), self._get_param("Engine")
    found = [
        {"Engine": engine, "EngineVersion": version, "DBInstanceClass": size}
        for version in orderable.get(size, [])
    ]
    return ActionResult({"OrderableDBInstanceOptions": found})


def describe_regions(self: EC2Response) -> ActionResult:
    """With what was set for a region; moto knows no region that an account has not opted into."""
    found = list(self.ec2_backend.describe_regions([]))
    return ActionResult(
        {
            "Regions": [
                {
                    "RegionName": one.name,
                    "Endpoint": one.endpoint,
                    "OptInStatus": regions.get(one.name, one.opt_in_status),
                }
                for one in found
            ]
        }
    )


ADDED: dict[type, tuple[Any, ...]] = {
    IamResponse: (simulate_principal_policy,),
    ServiceQuotasResponse: (get_aws_default_service_quota,),
}
"""What moto does not have at all."""


def replace() -> None:
    """What moto has, and has otherwise."""
    ServiceQuotasBackend.get_service_quota = get_service_quota
    RDSResponse.describe_orderable_db_instance_options = describe_orderable_db_instance_options
    EC2Response.describe_regions = describe_regions
    # With IAM enforced, moto finds the signature of a GET of EFS's wrong; who asks and what for, it goes on to look at.
    IAMRequestBase.check_signature = lambda self: None
