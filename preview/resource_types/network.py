"""The network: VPC, subnets, routes, security groups and their rules, endpoints."""

from __future__ import annotations

from preview.resource_types import type_names
from preview.resource_types.record import ResourceType, names

TYPES = (
    ResourceType(
        type=type_names.DEFAULT_SECURITY_GROUP,
        terraform="aws_default_security_group",
        replaces=names("vpcId region"),
        updates=names("egress ingress revokeRulesOnDelete tags"),
        sets=names(
            """
            egress ingress egress.cidrBlocks ingress.cidrBlocks egress.securityGroups ingress.securityGroups
            """
        ),
        billing="free",
    ),
    ResourceType(
        type="aws:ec2/flowLog:FlowLog",
        terraform="aws_flow_log",
        replaces=names(
            """
            vpcId trafficType logDestination logDestinationType iamRoleArn region deliverCrossAccountRole
            destinationOptions eniId logFormat maxAggregationInterval regionalNatGatewayId subnetId
            transitGatewayAttachmentId transitGatewayId
            """
        ),
        updates=names("tags"),
    ),
    ResourceType(
        type="aws:ec2/internetGateway:InternetGateway",
        terraform="aws_internet_gateway",
        replaces=names("region"),
        updates=names("tags vpcId"),
        needed="the machines cannot reach Cloudflare meanwhile",
        billing="free",
    ),
    ResourceType(
        type="aws:ec2/natGateway:NatGateway",
        terraform="aws_nat_gateway",
        replaces=names("allocationId subnetId connectivityType privateIp region availabilityMode vpcId"),
        updates=names("secondaryAllocationIds secondaryPrivateIpAddresses tags"),
        sets=names("secondaryAllocationIds secondaryPrivateIpAddresses"),
        billing="priced",
    ),
    ResourceType(
        type="aws:ec2/route:Route",
        terraform="aws_route",
        replaces=names(
            """
            routeTableId destinationCidrBlock destinationIpv6CidrBlock region destinationPrefixListId
            """
        ),
        updates=names(
            """
            carrierGatewayId coreNetworkArn egressOnlyGatewayId gatewayId localGatewayId natGatewayId
            networkInterfaceId odbNetworkArn transitGatewayId vpcEndpointId vpcPeeringConnectionId
            """
        ),
        needed="the machines cannot reach Cloudflare meanwhile",
        billing="free",
    ),
    ResourceType(
        type="aws:ec2/routeTable:RouteTable",
        terraform="aws_route_table",
        replaces=names("vpcId region"),
        updates=names("propagatingVgws routes tags"),
        sets=names("propagatingVgws routes"),
        needed="the machines cannot reach Cloudflare meanwhile",
        billing="free",
        renamed={"routes": "route"},
    ),
    ResourceType(
        type="aws:ec2/routeTableAssociation:RouteTableAssociation",
        terraform="aws_route_table_association",
        replaces=names("subnetId gatewayId region"),
        updates=names("routeTableId"),
        needed="the machines cannot reach Cloudflare meanwhile",
        billing="free",
    ),
    ResourceType(
        type=type_names.SECURITY_GROUP,
        terraform="aws_security_group",
        replaces=names("name namePrefix description vpcId region"),
        updates=names("egress ingress revokeRulesOnDelete tags"),
        sets=names(
            """
            egress ingress egress.cidrBlocks ingress.cidrBlocks egress.securityGroups ingress.securityGroups
            """
        ),
        billing="free",
    ),
    ResourceType(
        type=type_names.SUBNET,
        terraform="aws_subnet",
        replaces=names(
            """
            vpcId cidrBlock availabilityZone region availabilityZoneId ipv4IpamPoolId ipv4NetmaskLength
            ipv6IpamPoolId ipv6NetmaskLength ipv6Native outpostArn
            """
        ),
        updates=names(
            """
            assignIpv6AddressOnCreation customerOwnedIpv4Pool enableDns64 enableLniAtDeviceIndex
            enableResourceNameDnsARecordOnLaunch enableResourceNameDnsAaaaRecordOnLaunch ipv6CidrBlock
            mapCustomerOwnedIpOnLaunch mapPublicIpOnLaunch privateDnsHostnameTypeOnLaunch tags
            """
        ),
        needed="what lies in the subnet is replaced",
        billing="free",
    ),
    ResourceType(
        type=type_names.VPC,
        terraform="aws_vpc",
        replaces=names("cidrBlock region instanceTenancy ipv4IpamPoolId ipv4NetmaskLength"),
        updates=names(
            """
            assignGeneratedIpv6CidrBlock enableDnsHostnames enableDnsSupport enableNetworkAddressUsageMetrics
            ipv6CidrBlock ipv6CidrBlockNetworkBorderGroup ipv6IpamPoolId ipv6NetmaskLength tags
            """
        ),
        needed="everything in the network is replaced",
        billing="free",
    ),
    ResourceType(
        type="aws:ec2/vpcEndpoint:VpcEndpoint",
        terraform="aws_vpc_endpoint",
        replaces=names(
            """
            vpcId serviceName vpcEndpointType region resourceConfigurationArn serviceNetworkArn serviceRegion
            """
        ),
        updates=names(
            """
            autoAccept dnsOptions ipAddressType policy privateDnsEnabled routeTableIds securityGroupIds
            subnetConfigurations subnetIds tags
            """
        ),
        sets=names("routeTableIds securityGroupIds subnetConfigurations subnetIds"),
        billing="priced",
        renamed={"dnsEntries": "dns_entry", "subnetConfigurations": "subnet_configuration"},
    ),
    ResourceType(
        type=type_names.INSTANCE_CONNECT_ENDPOINT,
        terraform="aws_ec2_instance_connect_endpoint",
        replaces=names("subnetId securityGroupIds preserveClientIp ipAddressType region"),
        updates=names("tags timeouts"),
        sets=names("securityGroupIds"),
        billing="free",
    ),
    ResourceType(
        type=type_names.EGRESS_RULE,
        terraform="aws_vpc_security_group_egress_rule",
        replaces=names("securityGroupId region"),
        updates=names(
            """
            cidrIpv4 cidrIpv6 description fromPort ipProtocol prefixListId referencedSecurityGroupId tags
            toPort
            """
        ),
        billing="free",
    ),
    ResourceType(
        type=type_names.INGRESS_RULE,
        terraform="aws_vpc_security_group_ingress_rule",
        replaces=names("securityGroupId region"),
        updates=names(
            """
            cidrIpv4 cidrIpv6 description fromPort ipProtocol prefixListId referencedSecurityGroupId tags
            toPort
            """
        ),
        billing="free",
    ),
)
