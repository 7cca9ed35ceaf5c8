"""`drawbridge:database`: RDS for PostgreSQL."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from ..errors import Invalid
from .base import Identifier, Section, VariableValue, pattern

# RDS documents at most 16 characters for the name of a master user (`model.physical_names`).
MASTER = "drawbridge_admin"
FORMER_MASTER = "drawbridge_master"


def _scheme(scheme: str) -> str:
    if scheme.endswith("+pg8000"):
        raise Invalid(
            "a driver that takes TLS from the URL",
            fix="pg8000 takes an ssl_context in code alone: use PGHOST and the others with it",
        )
    return scheme


class Database(Section):
    """RDS for PostgreSQL, reachable by the machines alone."""

    version: Literal["15", "16", "17", "18"] = Field(
        description="PostgreSQL's major version; AWS forces TLS by default from 15 on."
    )
    instance_class: Annotated[
        str, pattern(r"db\.[a-z0-9-]+\.[a-z0-9]+", "an instance class such as db.t4g.micro")
    ] = Field(default="db.t4g.micro", description="The RDS instance class.")
    storage_gib: Annotated[int, Field(ge=20, le=65536)] = Field(
        default=20, alias="storageGiB", description="Storage (gp3, encrypted)."
    )
    max_storage_gib: Annotated[int, Field(ge=0, le=65536)] = Field(
        default=100, alias="maxStorageGiB", description="Storage grows by itself up to this; 0: it does not."
    )
    name: Identifier = Field(description="The app's database.")
    role: Identifier | None = Field(
        default=None, description="The app's own role, its database's owner; none: as the database."
    )
    scheme: Annotated[
        str,
        pattern(
            r"postgres(ql)?(\+[a-z0-9_]+)?|postgis", "a URL scheme such as postgresql+asyncpg, or postgis"
        ),
        AfterValidator(_scheme),
    ] = Field(default="postgresql", description="The scheme of DATABASE_URL, as the app's driver wants it.")
    services: tuple[str, ...] | None = Field(
        default=None, description="Services that get the database's variables; none: those that mention one."
    )
    replaces: str | None = Field(
        default=None,
        description="The compose file's own PostgreSQL: it is not started, and what names it is told this database.",
    )
    multi_az: bool = Field(default=False, description="A standby in the second zone.")
    blue_green: bool = Field(
        default=False,
        description="Only `false`: RDS has no blue/green deployments for a master password that it manages.",
    )
    final_snapshot: bool = Field(
        default=True,
        description="Whether a database that is destroyed leaves a snapshot; `false` for short-lived stacks.",
    )
    backup_days: Annotated[int, Field(ge=1, le=35)] = Field(
        default=7, description="Point-in-time recovery reaches so far back."
    )
    parameters: dict[Annotated[str, pattern(r"[a-z0-9_.]+", "a parameter's name")], VariableValue] = Field(
        default={}, description="Parameters beyond AWS's defaults; those that need a reboot wait for one."
    )

    @property
    def owner(self) -> str:
        return self.role or self.name

    @property
    def low_storage(self) -> int:
        """Free bytes below which somebody must act.

        Storage that grows by itself does so when a tenth of it is free (USER_PIOPS.Autoscaling, AWS's own guide), so an alarm
        at that mark would ring whenever it grows as it should.
        """
        return self.storage_gib * 1024**3 // (20 if self.max_storage_gib else 10)

    @model_validator(mode="after")
    def _fits(self) -> Database:
        for name, label in ((self.name, "name"), (self.owner, "role")):
            if name in (
                "postgres",
                "rdsadmin",
                "template0",
                "template1",
                "public",
                MASTER,
                FORMER_MASTER,
            ) or name.startswith(("pg_", "rds_")):
                raise Invalid(
                    "a name that is not PostgreSQL's or RDS's own", name, "choose another", key=label
                )
        if self.blue_green:
            raise Invalid(
                "false: RDS makes no blue/green deployment of a database whose master password it manages",
                True,
                "leave it out; multiAz: true keeps an update of the instance's class to a failover",
                key="blueGreen",
            )
        if self.max_storage_gib and self.max_storage_gib < self.storage_gib * 1.1:
            raise Invalid(
                f"at least 10 % above storageGiB ({self.storage_gib}), or 0",
                self.max_storage_gib,
                key="maxStorageGiB",
            )
        if self.parameters.get("rds.force_ssl", "1") != "1":
            raise Invalid(
                '"1": the database takes verified TLS alone',
                self.parameters["rds.force_ssl"],
                "leave it out",
                key='parameters["rds.force_ssl"]',
            )
        return self
