"""Network: a VPC over two zones or an adopted one, and the groups that say who may speak to whom."""

from __future__ import annotations

import ipaddress

import pulumi
import pulumi_aws as aws

from model import limits, naming
from model.settings import Network as NetworkSettings

ANYWHERE = "0.0.0.0/0"


class Network(pulumi.ComponentResource):
    """Subnets, the workload's group without any inbound rule, and the EC2 Instance Connect Endpoint.

    No inbound rule names a CIDR. The endpoint cannot reach a machine that admits nobody, so a second group, `ssh`, admits
    tcp/22 from the endpoint's group alone. Egress is listed.
    """

    def __init__(
        self, name: str, settings: NetworkSettings, region: str, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("drawbridge:index:Network", name, {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._names = naming.Network(name)
        self.paths: list[pulumi.Resource] = []
        """Routes and rules that traffic needs: they are there before the machines, and go after them."""
        if settings.vpc_id:
            self.vpc_id: pulumi.Input[str] = settings.vpc_id
            self.public_subnet_ids: list[pulumi.Input[str]] = list(settings.public_subnet_ids)
            self.private_subnet_ids: list[pulumi.Input[str]] = list(settings.private_subnet_ids)
        else:
            self._make_vpc(settings, settings.zones or limits.zones(region))
        self.workload_group = self.group("workload", "The machines: no inbound rule at all")
        self._egress(settings)
        self.machine_group_ids: list[pulumi.Input[str]] = [self.workload_group.id]
        if settings.endpoint != "none":
            self._make_endpoint(settings)
        self.register_outputs({"vpcId": self.vpc_id})

    def group(self, role: str, description: str) -> aws.ec2.SecurityGroup:
        """A security group without rules. Neither name nor description may change: both replace it, and it is in use."""
        return aws.ec2.SecurityGroup(
            self._names.group(role),
            description=description,
            vpc_id=self.vpc_id,
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
    ) -> None:
        """Let one group reach another on a TCP port: the inbound rule there, the outbound rule here, never a CIDR."""
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
            self.paths.append(inbound)
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
            self.paths.append(outbound)

    def _make_vpc(self, settings: NetworkSettings, zones: tuple[str, ...]) -> None:
        names, child = self._names, self._child
        vpc = aws.ec2.Vpc(
            names.vpc,
            cidr_block=settings.cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags={"Name": names.name},
            opts=child,
        )
        self.vpc_id = vpc.id
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
        self.paths.append(internet)
        blocks = list(ipaddress.ip_network(settings.cidr).subnets(prefixlen_diff=2))
        self.public_subnet_ids, self.private_subnet_ids = [], []
        for kind, table, ids, offset in (
            ("public", public, self.public_subnet_ids, 0),
            ("private", private, self.private_subnet_ids, 2),
        ):
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
                self.paths.append(joined)
                ids.append(subnet.id)

    def _egress(self, settings: NetworkSettings) -> None:
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
            self.paths.append(rule)

    def _make_endpoint(self, settings: NetworkSettings) -> None:
        ssh = self.group("ssh", "Machines: SSH from the Instance Connect Endpoint alone")
        self.machine_group_ids.append(ssh.id)
        if settings.endpoint == "existing":
            assert settings.endpoint_security_group_id
            self.admit(
                "ssh",
                source=settings.endpoint_security_group_id,
                target=ssh.id,
                port=22,
                source_is_ours=False,
            )
            return
        endpoint = self.group("endpoint", "EC2 Instance Connect Endpoint")
        self.admit("ssh", source=endpoint.id, target=ssh.id, port=22)
        aws.ec2transitgateway.InstanceConnectEndpoint(
            self._names.endpoint,
            subnet_id=self.private_subnet_ids[0],
            security_group_ids=[endpoint.id],
            preserve_client_ip=False,
            tags={"Name": self._names.name},
            # One a VPC, and nothing of it can be changed in place: the old one must go first.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
