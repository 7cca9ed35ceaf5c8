"""A release as the real program makes it, in its smallest form: a launch template and a group that follows it.

Configuration: `release:version`, the text the machines boot with; `release:replace`, whether a failed group is replaced by
the next run (`#initerror`); `release:check`, whether the program asks for a ready machine after the group.
"""

import base64

import pulumi
import pulumi_aws as aws

config = pulumi.Config()

template = aws.ec2.LaunchTemplate(
    "app",
    image_id="ami-0f00000000000000a",
    user_data=base64.b64encode(config.require("version").encode()).decode(),
)
group = aws.autoscaling.Group(
    "app",
    min_size=1,
    max_size=1,
    launch_template={"id": template.id, "version": template.latest_version.apply(str)},
    opts=pulumi.ResourceOptions(
        replace_on_changes=["launchTemplate", *(["#initerror"] if config.require_bool("replace") else [])],
    ),
)


def require_machine(ids: list[str]) -> int:
    """A failed deployment deletes nothing: so fail, while the group has nothing that could serve."""
    if not ids:
        raise pulumi.RunError("the current group has no ready machine")
    return len(ids)


if config.require_bool("check") and not pulumi.runtime.is_dry_run():
    machines = aws.ec2.get_instances_output(
        filters=[
            {"name": "tag:aws:autoscaling:groupName", "values": [group.name]},
            {"name": "tag:ready", "values": ["true"]},
        ],
    )
    pulumi.export("ready", machines.ids.apply(require_machine))

pulumi.export("group", group.name)
