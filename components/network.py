"""Network: a VPC over two zones or an adopted one, and the groups that say who may speak to whom."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from model import limits, naming
from model.settings import Network as NetworkSettings

from .adopted_subnets import require_fitting

ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """``files``, ``database``: whether the stack has them; an adopted VPC's subnets must suit them."""

    settings: NetworkSettings
    region: str
    files: bool
    database: bool


@dataclass(frozen=True, kw_only=True)
class Vpc:
    """A VPC and its subnets, of each kind one in each of two zones. ``paths``: the routes of it that are ours."""

    id: pulumi.Input[str]
    public_subnet_ids: Sequence[pulumi.Input[str]]
    private_subnet_ids: Sequence[pulumi.Input[str]]
    paths: Sequence[pulumi.Resource] = ()


class Network(pulumi.ComponentResource):
    """A VPC of the stack's own, the workload's group without any inbound rule, and the EC2 Instance Connect Endpoint.

    No inbound rule names a CIDR. The endpoint cannot reach a machine that admits nobody, so a second group, `ssh`, admits
    tcp/22 from the endpoint's group alone. Egress is listed.
    """

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("drawbridge:index:Network", name, {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._names = naming.Network(name)
        self.vpc: Final = self._vpc(args)
        self.workload_group: Final = self.group("workload", "The machines: no inbound rule at all")
        egress = self._egress(args.settings)
        ssh_groups, ssh_rules = self._ssh(args.settings)
        self.machine_group_ids: Final[Sequence[pulumi.Input[str]]] = [self.workload_group.id, *ssh_groups]
        self.paths: Final[Sequence[pulumi.Resource]] = [*self.vpc.paths, *egress, *ssh_rules]
        """Routes and rules that traffic needs: they are there before the machines, and go after them."""
        self.register_outputs({"vpcId": self.vpc.id})

    @classmethod
    def adopt(cls, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> Network:
        """The same in an existing VPC, which the settings name with its subnets. Nothing that was there is changed."""
        return _AdoptedNetwork(name, args, opts)

    def group(self, role: str, description: str) -> aws.ec2.SecurityGroup:
        """A security group without rules. Neither name nor description may change: both replace it, and it is in use."""
        return aws.ec2.SecurityGroup(
            self._names.group(role),
            description=description,
            vpc_id=self.vpc.id,
            tags={"Name": self._names.group(role)},
            opts=self._child,
        )

    def admit(
        self,
        label: str,
        *,
        source: pulumi.Input[str],
        target: pulumi.Input[str],
        port: int,
        target_is_ours: bool = True,
        source_is_ours: bool = True,
    ) -> list[pulumi.Resource]:
        """Let one group reach another on a TCP port: the inbound rule there, the outbound rule here, never a CIDR.

        The rules are what machines wait for: whoever calls this hands them on as its `paths`.
        """
        rules: list[pulumi.Resource] = []
        if target_is_ours:
            inbound = aws.vpc.SecurityGroupIngressRule(
                self._names.inbound(label),
                security_group_id=target,
                referenced_security_group_id=source,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                description=label,
                opts=self._child,
            )
            rules.append(inbound)
        if source_is_ours:
            outbound = aws.vpc.SecurityGroupEgressRule(
                self._names.outbound(label),
                security_group_id=source,
                referenced_security_group_id=target,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                description=label,
                opts=self._child,
            )
            rules.append(outbound)
        return rules

    def _vpc(self, args: NetworkArgs) -> Vpc:
        names, child = self._names, self._child
        vpc = aws.ec2.Vpc(
            names.vpc,
            cidr_block=args.settings.cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags={"Name": names.name},
            opts=child,
        )
        # AWS's default group lets its members talk; emptied, whatever lands in it by mistake is cut off.
        aws.ec2.DefaultSecurityGroup(names.default_group, vpc_id=vpc.id, ingress=[], egress=[], opts=child)
        gateway = aws.ec2.InternetGateway(names.gateway, vpc_id=vpc.id, tags={"Name": names.name}, opts=child)
        public = aws.ec2.RouteTable(
            names.route_table("public"), vpc_id=vpc.id, tags={"Name": names.route_table("public")}, opts=child
        )
        private = aws.ec2.RouteTable(
            names.route_table("private"),
            vpc_id=vpc.id,
            tags={"Name": names.route_table("private")},
            opts=child,
        )
        internet = aws.ec2.Route(
            names.internet_route,
            route_table_id=public.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway.id,
            opts=child,
        )
        zones = args.settings.zones or limits.zones(args.region)
        blocks = list(ipaddress.ip_network(args.settings.cidr).subnets(prefixlen_diff=2))
        paths: list[pulumi.Resource] = [internet]
        ids: dict[str, list[pulumi.Input[str]]] = {"public": [], "private": []}
        for kind, table, offset in (("public", public, 0), ("private", private, 2)):
            for index, zone in enumerate(zones):
                subnet = aws.ec2.Subnet(
                    names.subnet(kind, index),
                    vpc_id=vpc.id,
                    availability_zone=zone,
                    cidr_block=str(blocks[offset + index]),
                    map_public_ip_on_launch=False,
                    tags={"Name": names.child(f"{kind}-{zone}")},
                    opts=child,
                )
                joined = aws.ec2.RouteTableAssociation(
                    names.subnet(kind, index), subnet_id=subnet.id, route_table_id=table.id, opts=child
                )
                paths.append(joined)
                ids[kind].append(subnet.id)
        return Vpc(id=vpc.id, public_subnet_ids=ids["public"], private_subnet_ids=ids["private"], paths=paths)

    def _egress(self, settings: NetworkSettings) -> list[pulumi.Resource]:
        listed = [
            ("https", 443, "tcp", ANYWHERE, "HTTPS: registries, package mirrors, AWS and Cloudflare APIs"),
            ("http", 80, "tcp", ANYWHERE, "HTTP: Ubuntu package mirrors, whose packages are signed"),
            ("tunnel-tcp", 7844, "tcp", ANYWHERE, "Cloudflare Tunnel over HTTP/2"),
            ("tunnel-udp", 7844, "udp", ANYWHERE, "Cloudflare Tunnel over QUIC"),
            ("time", 123, "udp", ANYWHERE, "Time (NTP)"),
            *(
                (
                    f"{item.protocol}-{item.port}-{item.cidr.replace('/', '-').replace(':', '-')}",
                    item.port,
                    item.protocol,
                    item.cidr,
                    item.why,
                )
                for item in settings.egress
            ),
        ]
        rules: list[pulumi.Resource] = []
        for label, port, protocol, cidr, why in listed:
            family = {"cidr_ipv6": cidr} if ":" in cidr else {"cidr_ipv4": cidr}
            rule = aws.vpc.SecurityGroupEgressRule(
                self._names.egress(label),
                security_group_id=self.workload_group.id,
                ip_protocol=protocol,
                from_port=port,
                to_port=port,
                description=why,
                opts=self._child,
                **family,
            )
            rules.append(rule)
        return rules

    def _ssh(self, settings: NetworkSettings) -> tuple[list[pulumi.Input[str]], list[pulumi.Resource]]:
        """The group by which an Instance Connect Endpoint reaches machines, and the rules for that; none without one."""
        if settings.endpoint == "none":
            return [], []
        ssh = self.group("ssh", "Machines: SSH from the Instance Connect Endpoint alone")
        if settings.endpoint_security_group_id:  # of an endpoint that exists
            others = settings.endpoint_security_group_id
            rules = self.admit("ssh", source=others, target=ssh.id, port=22, source_is_ours=False)
            return [ssh.id], rules
        endpoint = self.group("endpoint", "EC2 Instance Connect Endpoint")
        rules = self.admit("ssh", source=endpoint.id, target=ssh.id, port=22)
        aws.ec2transitgateway.InstanceConnectEndpoint(
            self._names.endpoint,
            subnet_id=self.vpc.private_subnet_ids[0],
            security_group_ids=[endpoint.id],
            preserve_client_ip=False,
            tags={"Name": self._names.name},
            # One a VPC, and the provider replaces it for every change: the old one must go first.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        return [ssh.id], rules


class _AdoptedNetwork(Network):
    """A network whose VPC, subnets and routes are another's."""

    def _vpc(self, args: NetworkArgs) -> Vpc:
        settings = args.settings
        assert settings.vpc_id
        require_fitting(settings, files=args.files, database=args.database, parent=self)
        return Vpc(
            id=settings.vpc_id,
            public_subnet_ids=settings.public_subnet_ids,
            private_subnet_ids=settings.private_subnet_ids,
        )
