"""Host: the machines. They are disposable: a release is a new group of them, and what lasts is elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from model import limits, naming
from model.errors import SettingsError
from model.machine import cloud_init
from model.machine.specification import LAUNCH_HOOK, TERMINATE_HOOK, Machine
from model.settings import Host as HostSettings

from .network import Network

READY_TAG = "drawbridge:ready"
UBUNTU = "/aws/service/canonical/ubuntu/server/24.04/stable/current/{architecture}/hvm/ebs-gp3/ami-id"


@dataclass(frozen=True, kw_only=True)
class MachineInputs:
    """What resources give a machine; `secrets` by value (cloud-init) or `parameters` by reference (parameter-store)."""

    secrets: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    parameters: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    parameter_arns: list[pulumi.Output[str]] = field(default_factory=list)
    env: pulumi.Input[Mapping[str, str]] = field(default_factory=dict)
    efs_dns: pulumi.Input[str | None] = None
    database_host: pulumi.Input[str | None] = None
    master_secret_arn: pulumi.Input[str | None] = None


class Host(pulumi.ComponentResource):
    """A launch template and an Auto Scaling group that is replaced, new before old, by every release.

    A machine completes the group's launch hook when its stack is healthy, and `pulumi up` waits for that.
    """

    def __init__(
        self,
        name: str,
        *,
        settings: HostSettings,
        network: Network,
        region: str,
        machine: Machine,
        inputs: MachineInputs,
        templates: Mapping[str, str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("drawbridge:index:Host", name, {}, opts)
        self._names, self._settings, self._region, self._child = (
            naming.Host(name),
            settings,
            region,
            pulumi.ResourceOptions(parent=self),
        )
        self.log_group: pulumi.Output[str] | None = None
        log_arn: pulumi.Output[str] | None = None
        if settings.logs == "cloudwatch":
            logs = aws.cloudwatch.LogGroup(
                self._names.logs, retention_in_days=settings.log_days, opts=self._child
            )
            self.log_group, log_arn = logs.name, logs.arn
        profile, permissions = self._role(machine, inputs, log_arn)
        plain: dict[str, Any] = {
            "parameters": inputs.parameters,
            "env": inputs.env,
            "efs_dns": inputs.efs_dns,
            "database_host": inputs.database_host,
            "master_secret_arn": inputs.master_secret_arn,
            "log_group": self.log_group,
        }

        def render(values: dict[str, Any]) -> str:
            return cloud_init.render(machine, cloud_init.Values(**values), templates)

        def encode(text: str) -> str:
            try:
                return cloud_init.encode(text)
            except SettingsError as error:
                raise pulumi.RunError(str(error)) from None

        text = pulumi.Output.all(secrets=inputs.secrets, **plain).apply(render)
        # For whoever reads a preview: the same text, without the secrets' values where it holds them.
        masked = text
        if inputs.secrets:
            masked = pulumi.Output.all(**plain).apply(
                lambda v: cloud_init.masked(machine, cloud_init.Values(secrets={}, **v), templates)
            )
        rendered = text.apply(encode)
        template = self._template(rendered, profile, network)
        self.group = self._group(template, network, permissions)
        self.group_name = self._checked(self.group)
        # What must not come before the machines serve depends on this: the group alone may be a failed one that was refreshed.
        self.serving: pulumi.Input[pulumi.Resource] = self.group
        if self._looks_for_machines:
            self.serving = self.group_name.apply(lambda _: self.group)
        self.register_outputs({"userData": masked})

    def _role(
        self, machine: Machine, inputs: MachineInputs, log_arn: pulumi.Output[str] | None
    ) -> tuple[aws.iam.InstanceProfile, aws.iam.RolePolicy]:
        """What a machine may do: finish its own group's hooks, tag itself, read its own secrets, write its own logs."""
        prefix = f"arn:{limits.partition(self._region)}"
        groups = f"{prefix}:autoscaling:{self._region}:*:autoScalingGroup:*:autoScalingGroupName"
        statements: list[dict[str, Any]] = [
            {
                "Sid": "FinishHooks",
                "Effect": "Allow",
                "Action": [
                    "autoscaling:CompleteLifecycleAction",
                    "autoscaling:RecordLifecycleActionHeartbeat",
                ],
                # The group's name begins so, and the role must exist before the group.
                "Resource": f"{groups}/{self._names.any_group}",
            },
            {
                "Sid": "TagItself",
                "Effect": "Allow",
                "Action": "ec2:CreateTags",
                "Resource": f"{prefix}:ec2:{self._region}:*:instance/*",
                "Condition": {
                    "StringEquals": {"ec2:ResourceTag/drawbridge:stack": self._names.name},
                    "ForAllValues:StringEquals": {"aws:TagKeys": [READY_TAG]},
                },
            },
        ]
        if machine.metrics:
            statements.append(
                {
                    "Sid": "PutMetrics",
                    "Effect": "Allow",
                    "Action": "cloudwatch:PutMetricData",
                    "Resource": "*",
                    "Condition": {"StringEquals": {"cloudwatch:namespace": "Drawbridge"}},
                }
            )
        if any(registry.ecr for registry in machine.registries):
            pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
            repositories = f"{prefix}:ecr:*:*:repository/*"
            statements.append(
                {"Sid": "PullImages", "Effect": "Allow", "Action": pull, "Resource": repositories}
            )
            statements.append(
                {"Sid": "LogIn", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
            )

        def document(arns: dict[str, Any]) -> str:
            extra = []
            if arns["logs"]:
                write = ["logs:CreateLogStream", "logs:PutLogEvents"]
                extra.append(
                    {"Sid": "WriteLogs", "Effect": "Allow", "Action": write, "Resource": f"{arns['logs']}:*"}
                )
            if arns["parameters"]:
                read = ["ssm:GetParameter", "ssm:GetParameters"]
                extra.append(
                    {"Sid": "ReadSecrets", "Effect": "Allow", "Action": read, "Resource": arns["parameters"]}
                )
            if arns["master"]:
                read_one = {
                    "Effect": "Allow",
                    "Action": "secretsmanager:GetSecretValue",
                    "Resource": arns["master"],
                }
                extra.append({"Sid": "MakeAppRole", **read_one})
            return json.dumps({"Version": "2012-10-17", "Statement": statements + extra})

        arns = {"logs": log_arn, "parameters": inputs.parameter_arns, "master": inputs.master_secret_arn}
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
        role = aws.iam.Role(
            self._names.role,
            assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
            opts=self._child,
        )
        policy = aws.iam.RolePolicy(
            self._names.policy,
            role=role.id,
            policy=pulumi.Output.all(**arns).apply(document),
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
        self, template: aws.ec2.LaunchTemplate, network: Network, permissions: aws.iam.RolePolicy
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
            vpc_zone_identifiers=network.public_subnet_ids,
            launch_template={
                "id": template.id,
                "version": template.latest_version.apply(lambda version: str(version)),
            },
            initial_lifecycle_hooks=hooks,
            health_check_type="EC2",
            health_check_grace_period=0 if hooked else 300,
            wait_for_capacity_timeout=f"{wait}s",
            enabled_metrics=["GroupInServiceInstances"],
            tags=[{"key": "drawbridge:stack", "value": self._names.name, "propagate_at_launch": True}],
            opts=pulumi.ResourceOptions(
                parent=self,
                # A changed template replaces the group. "#initerror" is the engine's name for a failed start: without it the
                # next `up` would take the broken group for done and delete the healthy one.
                replace_on_changes=["launchTemplate", "#initerror"],
                # No input names them, yet no machine boots without its rights and its way out, nor stops cleanly.
                depends_on=[permissions, *network.paths],
                custom_timeouts=pulumi.CustomTimeouts(
                    create=f"{wait + 600}s", update=f"{wait + 600}s", delete=f"{drain * 2 + 900}s"
                ),
            ),
        )

    @property
    def _looks_for_machines(self) -> bool:
        return not pulumi.runtime.is_dry_run() and self._settings.readiness == "hook"

    def _checked(self, group: aws.autoscaling.Group) -> pulumi.Output[str]:
        """The group's name; in `up`, only if one of its machines is ready.

        A refresh wipes the mark that a failed group carries. A program that fails here deletes nothing, so the healthy
        group goes on serving. Previews do not look.
        """
        if not self._looks_for_machines:
            return group.name
        found = aws.ec2.get_instances_output(
            filters=[
                {"name": "tag:aws:autoscaling:groupName", "values": [group.name]},
                {"name": f"tag:{READY_TAG}", "values": ["true"]},
            ],
            instance_state_names=["running"],
            opts=pulumi.InvokeOutputOptions(parent=self, depends_on=[group]),
        )
        return pulumi.Output.all(group.name, found.ids).apply(lambda v: _require_ready(v[0], v[1]))


def _require_ready(group: str, machines: list[str]) -> str:
    if not machines:
        raise pulumi.RunError(
            f"no machine of {group} is ready: its release failed. The earlier group, if there is one, still serves and is kept. "
            "Read the machine's boot log, correct the stack, and run `pulumi up` again."
        )
    return group
