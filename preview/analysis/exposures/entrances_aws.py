"""What AWS's resources open to others, a record a type: balancers, functions, services that run apps, addresses, networks.

Security groups, routes, policy documents, machines and databases have judges of their own: what they open depends on more than
the one resource.
"""

from __future__ import annotations

from collections.abc import Iterator

from preview.analysis.exposures.records import (
    Inputs,
    Lists,
    Opens,
    Record,
    at,
    entrance,
    is_,
    is_not,
    is_set,
    right,
)
from preview.analysis.exposures.versions import Lookup, dicts, texts


def _balancer_faces_out(inputs: Inputs, lookup: Lookup) -> bool:
    balancer = lookup.named(inputs.get("loadBalancerArn"))
    return balancer is None or balancer.inputs.get("internal") is not True


def _listener_faces_out(inputs: Inputs, lookup: Lookup) -> bool:
    listener = lookup.named(inputs.get("listenerArn"))
    return listener is None or _balancer_faces_out(listener.inputs, lookup)


def _address_in_use(inputs: Inputs, lookup: Lookup) -> bool:
    """An address that a NAT gateway has answers nobody."""
    if inputs.get("instance") or inputs.get("networkInterface"):
        return True
    return not any(
        lookup.named(gateway.inputs.get("allocationId")) is not None
        and lookup.named(gateway.inputs.get("allocationId")).inputs == inputs  # type: ignore[union-attr]
        for gateway in lookup.of("aws:ec2/natGateway:NatGateway")
    )


def _rest_api_answers(inputs: Inputs, _: Lookup) -> bool:
    private = "PRIVATE" in texts(at(inputs, "endpointConfiguration.types"))
    return inputs.get("disableExecuteApiEndpoint") is not True and not private


def _permission_of_another(inputs: Inputs, _: Lookup) -> bool:
    """A service of AWS that is bound to one caller is the stack's own wiring."""
    service = str(inputs.get("principal", "")).endswith(".amazonaws.com")
    return not (service and (inputs.get("sourceArn") or inputs.get("sourceAccount")))


def _public_ranges(inputs: Inputs, _: Lookup) -> Iterator[str]:
    if at(inputs, "vpcConfig.endpointPublicAccess") is not False:
        yield from texts(at(inputs, "vpcConfig.publicAccessCidrs")) or ["0.0.0.0/0"]


def _ports(inputs: Inputs, _: Lookup) -> Iterator[str]:
    for port in dicts(inputs.get("portInfos")):
        ranges = texts(port.get("cidrs")) + texts(port.get("ipv6Cidrs"))
        yield f"{port.get('protocol')}/{port.get('fromPort')}-{port.get('toPort')} from {', '.join(ranges) or '0.0.0.0/0'}"


def _targets(inputs: Inputs, _: Lookup) -> Iterator[str]:
    for key in ("targetGroupArns", "loadBalancers"):
        yield from texts(inputs.get(key))
    for source in dicts(inputs.get("trafficSources")):
        yield str(source.get("identifier"))


_BALANCER: tuple[Record, ...] = (
    Opens(
        says="a load balancer that faces the Internet",
        when=is_not("internal", True),
        watched=("ipAddressType",),
    ),
)


_LISTENER: tuple[Record, ...] = (
    Opens(
        says="a port of a load balancer that faces the Internet",
        when=_balancer_faces_out,
        watched=("port", "protocol", "defaultActions", "sslPolicy", "mutualAuthentication"),
    ),
)


_LISTENER_RULE: tuple[Record, ...] = (
    Opens(
        says="a load balancer that faces the Internet answers what this rule matches",
        when=_listener_faces_out,
        watched=("actions", "conditions", "priority"),
    ),
)


_TO_TARGETS: tuple[Record, ...] = (Opens(says="a load balancer reaches what is behind it", watched=("*",)),)


_LINK = "networks beyond the VPC are joined to it"


AWS_SERVICES: dict[str, tuple[Record, ...]] = {
    # Load balancers
    "aws:lb/loadBalancer:LoadBalancer": _BALANCER,
    "aws:alb/loadBalancer:LoadBalancer": _BALANCER,
    "aws:elb/loadBalancer:LoadBalancer": (
        *_BALANCER,
        Opens(
            says="a load balancer reaches machines",
            when=is_set("instances"),
            watched=("instances", "listeners"),
        ),
    ),
    "aws:elb/attachment:Attachment": _TO_TARGETS,
    "aws:lb/listener:Listener": _LISTENER,
    "aws:alb/listener:Listener": _LISTENER,
    "aws:lb/listenerRule:ListenerRule": _LISTENER_RULE,
    "aws:alb/listenerRule:ListenerRule": _LISTENER_RULE,
    "aws:lb/targetGroupAttachment:TargetGroupAttachment": _TO_TARGETS,
    "aws:alb/targetGroupAttachment:TargetGroupAttachment": _TO_TARGETS,
    "aws:autoscaling/attachment:Attachment": _TO_TARGETS,
    "aws:autoscaling/trafficSourceAttachment:TrafficSourceAttachment": _TO_TARGETS,
    "aws:autoscaling/group:Group": (
        Lists(says="its machines are reached through", read=_targets, kind="reachable"),
    ),
    "aws:globalaccelerator/accelerator:Accelerator": entrance("an accelerator that faces the Internet"),
    "aws:globalaccelerator/listener:Listener": entrance("a port of an accelerator that faces the Internet"),
    "aws:globalaccelerator/endpointGroup:EndpointGroup": entrance(
        "an accelerator leads to it from the Internet"
    ),
    "aws:globalaccelerator/customRoutingAccelerator:CustomRoutingAccelerator": entrance(
        "an accelerator that faces the Internet"
    ),
    # Functions and APIs
    "aws:lambda/functionUrl:FunctionUrl": (
        Opens(
            says="a URL of a function, which asks nobody who they are",
            when=is_not("authorizationType", "AWS_IAM"),
            watched=("cors", "functionName", "qualifier"),
        ),
        Opens(
            says="a URL of a function, for whom IAM lets in",
            when=is_("authorizationType", "AWS_IAM"),
            watched=("cors", "functionName", "qualifier"),
        ),
    ),
    "aws:lambda/permission:Permission": (
        Opens(
            says="others may call the function",
            kind="permission",
            when=_permission_of_another,
            watched=("principal", "action", "function", "functionUrlAuthType", "sourceArn", "principalOrgId"),
        ),
    ),
    "aws:lambda/layerVersionPermission:LayerVersionPermission": right("others may read the layer"),
    "aws:apigateway/restApi:RestApi": (
        Opens(says="an API with a public endpoint", when=_rest_api_answers, watched=("body", "parameters")),
    ),
    "aws:apigateway/method:Method": (
        Opens(
            says="a method of an API, which asks nobody who they are",
            when=is_("authorization", "NONE", None),
            watched=("restApi", "resourceId", "httpMethod", "apiKeyRequired"),
        ),
        Opens(
            says="a method of an API",
            when=is_not("authorization", "NONE", None),
            watched=("authorization", "authorizerId"),
        ),
    ),
    "aws:apigateway/domainName:DomainName": entrance("a name of an API"),
    "aws:apigateway/basePathMapping:BasePathMapping": entrance("a path of an API's name"),
    "aws:apigateway/authorizer:Authorizer": (
        Opens(says="another decides who may call the API", kind="login loosened", watched=("*",)),
    ),
    "aws:apigateway/integration:Integration": entrance("an API leads to it"),
    "aws:apigatewayv2/api:Api": (
        Opens(
            says="an API with a public endpoint",
            when=is_not("disableExecuteApiEndpoint", True),
            watched=("corsConfiguration", "target", "body", "routeKey"),
        ),
    ),
    "aws:apigatewayv2/route:Route": (
        Opens(
            says="a route of an API, which asks nobody who they are",
            when=is_("authorizationType", "NONE", None),
            watched=("routeKey", "target", "apiId", "apiKeyRequired"),
        ),
        Opens(
            says="a route of an API",
            when=is_not("authorizationType", "NONE", None),
            watched=("routeKey", "target", "authorizationType", "authorizerId", "authorizationScopes"),
        ),
    ),
    "aws:apigatewayv2/domainName:DomainName": entrance("a name of an API"),
    "aws:apigatewayv2/apiMapping:ApiMapping": entrance("a path of an API's name"),
    "aws:apigatewayv2/authorizer:Authorizer": (
        Opens(says="another decides who may call the API", kind="login loosened", watched=("*",)),
    ),
    "aws:apigatewayv2/integration:Integration": entrance("an API leads to it"),
    "aws:appsync/graphQLApi:GraphQLApi": (
        Opens(
            says="an API with a public endpoint",
            when=is_not("visibility", "PRIVATE"),
            watched=(
                "authenticationType",
                "additionalAuthenticationProviders",
                "userPoolConfig",
                "openidConnectConfig",
            ),
        ),
    ),
    "aws:appsync/api:Api": entrance("an API with a public endpoint"),
    "aws:appsync/apiKey:ApiKey": right("a key of an API"),
    # Services that run apps
    "aws:apprunner/service:Service": (
        Opens(
            says="a service of App Runner that faces the Internet",
            when=is_not("networkConfiguration.ingressConfiguration.isPubliclyAccessible", False),
        ),
    ),
    "aws:apprunner/customDomainAssociation:CustomDomainAssociation": entrance(
        "a name of a service of App Runner"
    ),
    "aws:ecs/service:Service": (
        Opens(
            says="its tasks get public addresses",
            kind="address",
            when=is_("networkConfiguration.assignPublicIp", True, "ENABLED"),
        ),
        Opens(
            says="a load balancer reaches its tasks", when=is_set("loadBalancers"), watched=("loadBalancers",)
        ),
    ),
    "aws:ecs/taskSet:TaskSet": (
        Opens(
            says="its tasks get public addresses",
            kind="address",
            when=is_("networkConfiguration.assignPublicIp", True, "ENABLED"),
        ),
        Opens(
            says="a load balancer reaches its tasks", when=is_set("loadBalancers"), watched=("loadBalancers",)
        ),
    ),
    "aws:ecs/expressGatewayService:ExpressGatewayService": entrance(
        "a service of ECS that faces the Internet"
    ),
    "aws:eks/cluster:Cluster": (Lists(says="its API answers", read=_public_ranges, kind="reachable"),),
    "aws:eks/nodeGroup:NodeGroup": (
        Opens(says="its machines take SSH", when=is_set("remoteAccess"), watched=("remoteAccess",)),
    ),
    "aws:eks/accessEntry:AccessEntry": right("somebody may use the cluster"),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": right("somebody may do more in the cluster"),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": right("pods take a role"),
    "aws:eks/identityProviderConfig:IdentityProviderConfig": (
        Opens(says="another party says who people of the cluster are", kind="login loosened", watched=("*",)),
    ),
    "aws:elasticbeanstalk/environment:Environment": entrance(
        "an environment of Elastic Beanstalk, which faces the Internet"
    ),
    "aws:amplify/app:App": entrance("an app of Amplify, which faces the Internet"),
    "aws:amplify/branch:Branch": entrance("a branch of an app of Amplify, which faces the Internet"),
    "aws:amplify/domainAssociation:DomainAssociation": entrance("a name of an app of Amplify"),
    "aws:lightsail/instance:Instance": entrance("a machine of Lightsail with a public address"),
    "aws:lightsail/instancePublicPorts:InstancePublicPorts": (
        Lists(says="a machine of Lightsail admits", read=_ports, kind="port"),
    ),
    "aws:lightsail/containerService:ContainerService": entrance(
        "a container service of Lightsail", "publicDomainNames"
    ),
    "aws:lightsail/containerServiceDeploymentVersion:ContainerServiceDeploymentVersion": (
        Opens(
            says="a container of Lightsail answers from the Internet",
            when=is_set("publicEndpoint"),
            watched=("*",),
        ),
    ),
    "aws:lightsail/lb:Lb": entrance("a load balancer of Lightsail, which faces the Internet"),
    "aws:lightsail/lbAttachment:LbAttachment": _TO_TARGETS,
    "aws:lightsail/distribution:Distribution": entrance(
        "a distribution of Lightsail, which faces the Internet"
    ),
    "aws:lightsail/staticIpAttachment:StaticIpAttachment": entrance(
        "a public address for a machine of Lightsail"
    ),
    "aws:lightsail/bucket:Bucket": entrance("a bucket of Lightsail"),
    "aws:lightsail/bucketAccessKey:BucketAccessKey": right("a key of a bucket"),
    # Addresses
    "aws:ec2/eip:Eip": (
        Opens(
            says="a public address that a machine may have",
            kind="address",
            when=_address_in_use,
            watched=("instance", "networkInterface"),
        ),
    ),
    "aws:ec2/eipAssociation:EipAssociation": (
        Opens(says="a machine gets a public address", kind="address", watched=("*",)),
    ),
    "aws:ec2/subnet:Subnet": (
        Opens(
            says="whatever starts in it gets a public address",
            kind="address",
            when=is_("mapPublicIpOnLaunch", True),
        ),
    ),
    "aws:ec2/defaultSubnet:DefaultSubnet": (
        Opens(
            says="whatever starts in it gets a public address",
            kind="address",
            when=is_not("mapPublicIpOnLaunch", False),
        ),
    ),
    "aws:ec2/keyPair:KeyPair": (
        Opens(says="a key opens machines by SSH", kind="address", watched=("publicKey",)),
    ),
    # Networks that are joined
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": entrance(_LINK),
    "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter": entrance(_LINK),
    "aws:ec2/peeringConnectionOptions:PeeringConnectionOptions": entrance(_LINK),
    "aws:ec2/vpnConnection:VpnConnection": entrance(_LINK),
    "aws:ec2/vpnConnectionRoute:VpnConnectionRoute": entrance(_LINK),
    "aws:ec2/vpnGateway:VpnGateway": entrance(_LINK),
    "aws:ec2/vpnGatewayAttachment:VpnGatewayAttachment": entrance(_LINK),
    "aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation": entrance(_LINK),
    "aws:ec2/carrierGateway:CarrierGateway": entrance(_LINK),
    "aws:ec2/vpcEndpointService:VpcEndpointService": entrance("other VPCs may reach it by PrivateLink"),
    "aws:ec2/vpcEndpointServiceAllowedPrinciple:VpcEndpointServiceAllowedPrinciple": entrance(
        "another account may reach it by PrivateLink"
    ),
    "aws:ec2/vpcEndpointConnectionAccepter:VpcEndpointConnectionAccepter": entrance(
        "another VPC reaches it by PrivateLink"
    ),
    "aws:ec2transitgateway/transitGateway:TransitGateway": entrance(_LINK),
    "aws:ec2transitgateway/vpcAttachment:VpcAttachment": entrance(_LINK),
    "aws:ec2transitgateway/vpcAttachmentAccepter:VpcAttachmentAccepter": entrance(_LINK),
    "aws:ec2transitgateway/peeringAttachment:PeeringAttachment": entrance(_LINK),
    "aws:ec2transitgateway/peeringAttachmentAccepter:PeeringAttachmentAccepter": entrance(_LINK),
    "aws:ec2transitgateway/connect:Connect": entrance(_LINK),
    "aws:ec2transitgateway/route:Route": entrance(_LINK),
    "aws:ec2clientvpn/endpoint:Endpoint": entrance("people reach the VPC by VPN"),
    "aws:ec2clientvpn/authorizationRule:AuthorizationRule": entrance("people reach the VPC by VPN"),
    "aws:ec2clientvpn/networkAssociation:NetworkAssociation": entrance("people reach the VPC by VPN"),
    "aws:vpclattice/service:Service": entrance("a service of VPC Lattice"),
    "aws:vpclattice/listener:Listener": entrance("a port of a service of VPC Lattice"),
    "aws:verifiedaccess/endpoint:Endpoint": entrance(
        "an endpoint of Verified Access, which faces the Internet"
    ),
}
