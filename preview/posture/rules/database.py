"""Databases and what protects them."""

from __future__ import annotations

from preview.posture.program import Program
from preview.posture.read import items, number
from preview.posture.rule import Broken, rule
from preview.resource_types.type_names import DATABASE

CLUSTERS = ("aws:rds/cluster:Cluster", "aws:docdb/cluster:Cluster", "aws:neptune/cluster:Cluster")
MEMBERS = ("aws:rds/clusterInstance:ClusterInstance", "aws:docdb/clusterInstance:ClusterInstance")


@rule(
    id="database-public",
    severity="critical",
    title="The Internet may reach the database",
    promise="The database has no public address",
    why="A database that the Internet can reach is scanned and attacked within minutes.",
    fix="`publicly_accessible: false`, in private subnets.",
)
def database_public(program: Program) -> Broken:
    gateways = {
        route.inputs.get("routeTableId")
        for route in program.of("aws:ec2/route:Route")
        if route.inputs.get("gatewayId") and str(route.inputs.get("destinationCidrBlock")).endswith("/0")
    }
    open_subnets = {
        link.inputs.get("subnetId")
        for link in program.of("aws:ec2/routeTableAssociation:RouteTableAssociation")
        if link.inputs.get("routeTableId") in gateways
    }
    for database in program.of(DATABASE):
        if database.inputs.get("publiclyAccessible") is not False:
            yield database.name, f"publiclyAccessible {database.inputs.get('publiclyAccessible', 'not set')}"
    for member in program.of(*MEMBERS):
        if str(member.inputs.get("publiclyAccessible")).lower() == "true":
            yield member.name, "publiclyAccessible True"
    for group in program.of("aws:rds/subnetGroup:SubnetGroup"):
        if set(map(str, group.inputs.get("subnetIds") or ())) & set(map(str, open_subnets)):
            yield group.name, "a subnet with a way to the Internet"


@rule(
    id="database-tls",
    severity="high",
    title="The database accepts connections without TLS",
    promise="The database takes TLS connections alone",
    why="PostgreSQL below 15 on RDS, or with rds.force_ssl off, lets a client send its password in the clear.",
    fix="Version 15 or newer, and leave rds.force_ssl at 1.",
)
def database_tls(program: Program) -> Broken:
    for database in program.of(DATABASE):
        version = str(database.inputs.get("engineVersion", "")).partition(".")[0]
        if database.inputs.get("engine") == "postgres" and (not version.isdigit() or int(version) < 15):
            yield database.name, f"engine version {version or 'not set'}"
    for group in program.of("aws:rds/parameterGroup:ParameterGroup"):
        for parameter in items(group.inputs.get("parameters")):
            if parameter.get("name") == "rds.force_ssl" and str(parameter.get("value")) != "1":
                yield group.name, f"rds.force_ssl {parameter.get('value')}"


@rule(
    id="database-password",
    severity="high",
    title="The master password is not managed by RDS",
    promise="The master password is kept by RDS",
    why="A password in a program is in state, in logs and in heads; RDS makes, keeps and rotates its own.",
    fix="`manage_master_user_password: true`, and no `password`.",
)
def database_password(program: Program) -> Broken:
    for database in program.of(DATABASE):
        if "password" in database.inputs or database.inputs.get("manageMasterUserPassword") is not True:
            yield database.name, "a password of the program's own"
    for cluster in program.of(*CLUSTERS):
        if "masterPassword" in cluster.inputs or cluster.inputs.get("manageMasterUserPassword") is not True:
            yield cluster.name, "a password of the program's own"


@rule(
    id="backups-short",
    severity="low",
    title="Backups reach back less than a week",
    promise="Backups reach back a week",
    why="Damage done on a Friday is often seen after the weekend.",
    fix="`database.backupDays: 7` or more.",
)
def backups_short(program: Program) -> Broken:
    for database in program.of(DATABASE, *CLUSTERS):
        days = number(database.inputs.get("backupRetentionPeriod")) or 0
        if 0 < days < 7:
            yield database.name, f"{days:g} days"


@rule(
    id="final-snapshot",
    severity="high",
    title="Deleting the database leaves no snapshot",
    promise="A deleted database leaves a snapshot",
    why="The last state is otherwise gone with the instance.",
    fix="`drawbridge:database.finalSnapshot: true`, or `skip_final_snapshot: false`.",
)
def final_snapshot(program: Program) -> Broken:
    for database in program.of(DATABASE, *CLUSTERS):
        if database.inputs.get("skipFinalSnapshot") is not False:
            yield database.name, "skipFinalSnapshot is not false"


@rule(
    id="single-zone",
    severity="info",
    title="The database runs in one zone",
    promise="The database stands in more than one zone",
    why="When its zone fails, the database is away until AWS brings it back or a backup is restored.",
    fix="`database.multiAz: true`; it doubles the database's price.",
)
def single_zone(program: Program) -> Broken:
    for database in program.of(DATABASE):
        if database.inputs.get("multiAz") is not True:
            yield database.name, "no standby"
