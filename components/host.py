"""Host: the machines. They are disposable: a release is a new group of them, and what lasts is elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from model import iam, naming
from model.iam import Statement
from model.machine import permissions as machine_permissions
from model.machine.permissions import READY_TAG
from model.machine.specification import LAUNCH_HOOK, TERMINATE_HOOK, Machine
from model.settings import Host as HostSettings

from . import launch_failures
from .network import Network
from .user_data import MachineInputs, user_data

UBUNTU = "/aws/service/canonical/ubuntu/server/24.04/stable/current/{architecture}/hvm/ebs-gp3/ami-id"


@dataclass(frozen=True, kw_only=True)
class HostArgs:
    """``network`` and ``paths``: the machines' subnets and groups, and all routes and rules that they wait for.

    ``grants``: what the role may do with other components' resources, as these grant it.
    """

    settings: HostSettings
    network: Network
    paths: Sequence[pulumi.Resource]
    region: str
    machine: Machine
    templates: Mapping[str, str]
    inputs: MachineInputs
    grants: Sequence[pulumi.Output[Statement]] = ()


class Host(pulumi.ComponentResource):
    """A launch template and an Auto Scaling group that is replaced, new before old, by every release.

    A machine completes the group's launch hook when its stack is healthy, and `pulumi up` waits for that.
    """

    def __init__(self, name: str, args: HostArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("drawbridge:index:Host", name, {}, opts)
        self._names, self._settings = naming.Host(name), args.settings
        self._child = pulumi.ResourceOptions(parent=self)
        logs = self._logs() if args.settings.logs == "cloudwatch" else None
        self.log_group: Final[pulumi.Output[str] | None] = logs.name if logs else None
        profile, permissions = self._role(args, [_write(logs)] if logs else [])
        masked, rendered = user_data(args.machine, args.inputs, self.log_group, args.templates)
        template = self._template(rendered, profile, args.network)
        group = self._group(template, args, permissions)
        self.group_name: Final[pulumi.Output[str]] = self._checked(group, args.region)
        # What must not come before the machines serve depends on this: the group alone may be a failed one that was refreshed.
        self.serving: Final[pulumi.Input[pulumi.Resource]] = (
            self.group_name.apply(lambda _: group) if self._looks_for_machines else group
        )
        self.register_outputs({"userData": masked})

    def _logs(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            self._names.logs, retention_in_days=self._settings.log_days, opts=self._child
        )

    def _role(
        self, args: HostArgs, own_grants: Sequence[pulumi.Output[Statement]]
    ) -> tuple[aws.iam.InstanceProfile, aws.iam.RolePolicy]:
        """The machines' role. One policy holds what it may do by itself, then what the owners of resources grant it."""
        role = aws.iam.Role(
            self._names.role,
            assume_role_policy=iam.document([iam.assumed_by("ec2.amazonaws.com")]),
            opts=self._child,
        )
        by_itself = machine_permissions.permissions(self._names, args.region, args.machine)
        policy = aws.iam.RolePolicy(
            self._names.policy,
            role=role.id,
            policy=pulumi.Output.all(*own_grants, *args.grants).apply(
                lambda granted: iam.document([*by_itself, *granted])
            ),
            opts=self._child,
        )
        return aws.iam.InstanceProfile(self._names.profile, role=role.name, opts=self._child), policy

    def _image(self) -> tuple[pulumi.Input[str], list[str]]:
        """The image, and what to ignore: a looked-up image is taken once, or each new one of Canonical's would be a release."""
        if self._settings.image:
            return self._settings.image, []
        parameter = UBUNTU.format(architecture=self._settings.architecture)
        found = aws.ssm.get_parameter_output(name=parameter, opts=pulumi.InvokeOutputOptions(parent=self))
        # A public id; the function's result is marked secret because parameters may be.
        return pulumi.Output.unsecret(found.value), ["imageId"]

    def _template(
        self, rendered: pulumi.Output[str], profile: aws.iam.InstanceProfile, network: Network
    ) -> aws.ec2.LaunchTemplate:
        image, ignored = self._image()
        tags = {"Name": self._names.name, "drawbridge:stack": self._names.name}
        return aws.ec2.LaunchTemplate(
            self._names.template,
            # Not of amd64, whose templates have none since before this was told apart.
            description="Machines of arm64" if self._settings.architecture == "arm64" else None,
            image_id=image,
            instance_type=self._settings.instance_type,
            iam_instance_profile={"arn": profile.arn},
            user_data=rendered,
            # hop limit 1: a container on a bridge network is one hop too far from the machine's credentials
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": 1,
                "instance_metadata_tags": "enabled",
            },
            network_interfaces=[
                {
                    "device_index": 0,
                    "associate_public_ip_address": "true",
                    "delete_on_termination": "true",
                    "security_groups": network.machine_group_ids,
                }
            ],
            block_device_mappings=[
                {
                    "device_name": "/dev/sda1",
                    "ebs": {
                        "volume_size": self._settings.disk_gib,
                        "volume_type": "gp3",
                        "encrypted": "true",
                        "delete_on_termination": "true",
                    },
                }
            ],
            monitoring={"enabled": False},
            tag_specifications=[{"resource_type": kind, "tags": tags} for kind in ("instance", "volume")],
            update_default_version=True,
            opts=pulumi.ResourceOptions(
                parent=self,
                ignore_changes=ignored,
                # An image fits one architecture. What is ignored stays ignored in an update, and the machines of another
                # architecture would be given the old one's image; a replacement takes every input as it is now.
                replace_on_changes=["description"],
            ),
        )

    def _group(
        self,
        template: aws.ec2.LaunchTemplate,
        args: HostArgs,
        permissions: aws.iam.RolePolicy,
    ) -> aws.autoscaling.Group:
        settings = self._settings
        hooked = settings.readiness == "hook"
        wait = settings.boot_timeout * 3 // 2  # a second try, no endless loop of them
        drain = settings.stop_timeout + 60
        hooks: list[dict[str, Any]] = [
            {
                "name": TERMINATE_HOOK,
                "lifecycle_transition": "autoscaling:EC2_INSTANCE_TERMINATING",
                "heartbeat_timeout": drain,
                "default_result": "CONTINUE",
            }
        ]
        if hooked:
            hooks.append(
                {
                    "name": LAUNCH_HOOK,
                    "lifecycle_transition": "autoscaling:EC2_INSTANCE_LAUNCHING",
                    "heartbeat_timeout": settings.boot_timeout,
                    "default_result": "ABANDON",
                }
            )
        return aws.autoscaling.Group(
            self._names.group,  # no explicit name: with one, the old group would have to go before the new one comes
            min_size=settings.replicas,
            max_size=settings.replicas,
            desired_capacity=settings.replicas,
            vpc_zone_identifiers=args.network.vpc.public_subnet_ids,
            launch_template={
                "id": template.id,
                "version": template.latest_version.apply(lambda version: str(version)),
            },
            initial_lifecycle_hooks=hooks,
            health_check_type="EC2",
            health_check_grace_period=0 if hooked else 300,
            wait_for_capacity_timeout=f"{wait}s",
            # A zone without capacity is no end: the group tries the other one by itself.
            ignore_failed_scaling_activities=True,
            enabled_metrics=["GroupInServiceInstances"],
            tags=[{"key": "drawbridge:stack", "value": self._names.name, "propagate_at_launch": True}],
            opts=pulumi.ResourceOptions(
                parent=self,
                # A changed template replaces the group. "#initerror" is the engine's name for a failed start: without it the
                # next `up` would take the broken group for done and delete the healthy one.
                replace_on_changes=["launchTemplate", "#initerror"],
                # No input names them, yet no machine boots without its rights and its way out, nor stops cleanly.
                depends_on=[permissions, *args.paths],
                hooks=launch_failures.hooks(self._names.group, args.region),
                custom_timeouts=pulumi.CustomTimeouts(update=f"{wait + 600}s", delete=f"{drain * 2 + 900}s"),
            ),
        )

    @property
    def _looks_for_machines(self) -> bool:
        return not pulumi.runtime.is_dry_run() and self._settings.readiness == "hook"

    def _checked(self, group: aws.autoscaling.Group, region: str) -> pulumi.Output[str]:
        """The group's name; in `up`, only if one of its machines is ready.

        A refresh wipes the mark that a failed group carries. A program that fails here deletes nothing, so the healthy
        group goes on serving. Previews do not look.
        """
        name: pulumi.Output[str] = group.name
        if not self._looks_for_machines:
            return name
        found = aws.ec2.get_instances_output(
            filters=[
                {"name": "tag:aws:autoscaling:groupName", "values": [group.name]},
                {"name": f"tag:{READY_TAG}", "values": ["true"]},
            ],
            instance_state_names=["running"],
            opts=pulumi.InvokeOutputOptions(parent=self, depends_on=[group]),
        )
        return pulumi.Output.all(name, found.ids).apply(lambda v: _require_ready(v[0], v[1], region))


def _write(logs: aws.cloudwatch.LogGroup) -> pulumi.Output[Statement]:
    arn: pulumi.Output[str] = logs.arn
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    return arn.apply(lambda arn: iam.allow("WriteLogs", actions, f"{arn}:*"))


def _require_ready(group: str, machines: list[str], region: str) -> str:
    if not machines:
        raise pulumi.RunError(
            f"no machine of {group} is ready: its release failed. The earlier group, if there is one, still serves and is kept. "
            f"Correct the stack, and run `pulumi up` again; {launch_failures.asked(group, region)}"
        )
    return group
