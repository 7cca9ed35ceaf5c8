"""The same topics under two versions' names: what the engine takes for the same resource, the preview must too."""

import pulumi
import pulumi_aws as aws

new = pulumi.Config().require("version") == "new"


class Group(pulumi.ComponentResource):
    """Two topics, one of them named after the group."""

    def __init__(self, type_: str, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_, name, {}, opts)
        aws.sns.Topic(f"{name}-topic", opts=pulumi.ResourceOptions(parent=self))
        aws.sns.Topic(f"other-{name.partition('-')[2]}", opts=pulumi.ResourceOptions(parent=self))


def aliased(*aliases: pulumi.Alias) -> pulumi.ResourceOptions | None:
    return pulumi.ResourceOptions(aliases=list(aliases)) if new else None


# By name, and by type: the children inherit it.
Group("renames:index:Group", "b-one" if new else "a-one", aliased(pulumi.Alias(name="a-one")))
Group(
    "renames:index:Later" if new else "renames:index:Group",
    "a-two",
    aliased(pulumi.Alias(type_="renames:index:Group")),
)
# Out of a parent and into one.
parent = pulumi.ComponentResource("renames:index:Parent", "parent")
within = pulumi.ResourceOptions(parent=parent)
if new:
    aws.sns.Topic("leaves", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(parent=parent)]))
    aws.sns.Topic("enters", opts=pulumi.ResourceOptions(parent=parent, aliases=[pulumi.Alias(parent=None)]))
    aws.sns.Topic("without")
else:
    aws.sns.Topic("leaves", opts=within)
    aws.sns.Topic("enters")
    aws.sns.Topic("without", opts=within)
# By its whole URN, and one whose alias nothing bears.
before = f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::aws:sns/topic:Topic::by-urn"
aws.sns.Topic(
    "by-its-urn" if new else "by-urn", opts=pulumi.ResourceOptions(aliases=[before]) if new else None
)
aws.sns.Topic("nobody" if new else "somebody", opts=aliased(pulumi.Alias(name="anybody")))
