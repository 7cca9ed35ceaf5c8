"""Database: RDS for PostgreSQL that the machines alone can reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Final

import pulumi
import pulumi_aws as aws
import pulumi_random as random
from pulumi.output import UNKNOWN

from model import naming
from model.iam import Statement, allow
from model.machine import database_variables
from model.settings import MASTER
from model.settings import Database as DatabaseSettings

from .network import Network


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """``protect``: kept when the stack is destroyed. ``aliases``: other names of its variables, `{"DB_HOST": "PGHOST"}`."""

    settings: DatabaseSettings
    network: Network
    protect: bool
    aliases: Mapping[str, str] = field(default_factory=dict)


class Database(pulumi.ComponentResource):
    """An encrypted instance in private subnets, its master password kept by RDS, its app role's password made here."""

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("drawbridge:index:Database", name, {}, opts)
        settings, network, protect, aliases = args.settings, args.network, args.protect, args.aliases
        child = pulumi.ResourceOptions(parent=self)
        names = naming.Database(name)
        group = network.group("database", "PostgreSQL from the machines alone")
        self.paths: Final = network.admit(
            "database", source=network.workload_group.id, target=group.id, port=database_variables.PORT
        )
        subnets = aws.rds.SubnetGroup(names.subnets, subnet_ids=network.vpc.private_subnet_ids, opts=child)
        family = f"postgres{settings.version}"
        parameters = aws.rds.ParameterGroup(
            # The family replaces the group; a name of its own a family lets the new one come before the old one goes.
            names.parameters(family),
            family=family,
            opts=child,
            parameters=[
                {"name": key, "value": value, "apply_method": "pending-reboot"}
                for key, value in database_variables.parameters(settings).items()
            ],
        )
        # A constant name of the final snapshot would make the second destroy of a stack fail.
        suffix = random.RandomId(names.final_suffix, byte_length=4, opts=child)
        instance = aws.rds.Instance(
            names.instance,
            engine="postgres",
            engine_version=settings.version,
            instance_class=settings.instance_class,
            allocated_storage=settings.storage_gib,
            max_allocated_storage=settings.max_storage_gib or None,
            storage_type="gp3",
            storage_encrypted=True,
            username=MASTER,
            manage_master_user_password=True,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[group.id],
            parameter_group_name=parameters.name,
            publicly_accessible=False,
            multi_az=settings.multi_az,
            backup_retention_period=settings.backup_days,
            backup_window="17:00-17:30",
            maintenance_window="sun:18:00-sun:18:30",
            copy_tags_to_snapshot=True,
            delete_automated_backups=False,
            deletion_protection=protect,
            skip_final_snapshot=not settings.final_snapshot,
            final_snapshot_identifier=_new_at_each_replacement(suffix.hex, names),
            auto_minor_version_upgrade=True,
            allow_major_version_upgrade=True,
            apply_immediately=True,
            ca_cert_identifier="rds-ca-rsa2048-g1",
            enabled_cloudwatch_logs_exports=["postgresql", "upgrade"],
            performance_insights_enabled=True,
            engine_lifecycle_support="open-source-rds-extended-support-disabled",
            tags={"Name": name},
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=protect,
                # Another name of the master would replace an instance that has a former one (FORMER_MASTER), and its data.
                # The final snapshot's name is another in each `up`, and is taken when the instance is made.
                ignore_changes=["username", "finalSnapshotIdentifier"],
            ),
        )
        password = random.RandomPassword(names.password, length=40, special=False, opts=child)
        self.identifier: Final[pulumi.Output[str]] = instance.identifier
        self.host: Final[pulumi.Output[str]] = instance.address
        self.master_secret_arn: Final[pulumi.Output[str]] = instance.master_user_secrets.apply(
            lambda secrets: secrets[0].secret_arn
        )
        self.variables: Final[pulumi.Output[Mapping[str, str]]] = self.host.apply(
            lambda host: database_variables.variables(settings, host, aliases)
        )
        own = {
            "PGPASSWORD": password.result,
            "DATABASE_URL": pulumi.Output.all(self.host, password.result).apply(
                lambda v: database_variables.url(settings, v[0], v[1])
            ),
        }
        self.secrets: Final[Mapping[str, pulumi.Output[str]]] = {
            **own,
            **{alias: own[repeated] for alias, repeated in aliases.items() if repeated in own},
        }
        self.register_outputs({})

    def grant_master_secret_read(self) -> pulumi.Output[Statement]:
        """Read the master password that RDS keeps: a machine makes the app's role with it."""
        return self.master_secret_arn.apply(
            lambda arn: allow("MakeAppRole", "secretsmanager:GetSecretValue", arn)
        )


def _new_at_each_replacement(suffix: pulumi.Output[str], names: naming.Database) -> pulumi.Output[str]:
    """The final snapshot's name, of digits of the stack's and some that are new in each `up`.

    What is ignored in an update is taken as it is now by a replacement, so an instance that takes another's place leaves a
    snapshot beside the other's. A preview cannot know the name, and says so: `up` is held to the plan that it writes.
    """
    if pulumi.runtime.is_dry_run():
        return suffix.apply(lambda _: UNKNOWN)  # type: ignore[arg-type,return-value]
    return suffix.apply(lambda digits: names.final_snapshot(f"{digits}-{token_hex(2)}"))
