"""New entrances: whatever else than the tunnel can be asked, shared or taken, and what no record here knows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.preview.opened import CF, edited, opens
from tests.preview.programs import resource

SWITCHES = dict.fromkeys(
    ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True
)
OPENING: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("aws:lb/loadBalancer:LoadBalancer", {}, "reachable", "a load balancer that faces the Internet"),
    (
        "aws:alb/loadBalancer:LoadBalancer",
        {"internal": False},
        "reachable",
        "a load balancer that faces the Internet",
    ),
    (
        "aws:elb/loadBalancer:LoadBalancer",
        {"internal": "«x.y»"},
        "reachable",
        "a load balancer that faces the Internet",
    ),
    (
        "aws:lb/listener:Listener",
        {"port": 443},
        "reachable",
        "a port of a load balancer that faces the Internet",
    ),
    ("aws:autoscaling/attachment:Attachment", {}, "reachable", "a load balancer reaches what is behind it"),
    (
        "aws:lambda/functionUrl:FunctionUrl",
        {"authorizationType": "NONE"},
        "reachable",
        "a URL of a function, which asks nobody who they are",
    ),
    ("aws:lambda/permission:Permission", {"principal": "*"}, "permission", "others may call the function"),
    ("aws:apigatewayv2/api:Api", {"protocolType": "HTTP"}, "reachable", "an API with a public endpoint"),
    ("aws:apigateway/restApi:RestApi", {}, "reachable", "an API with a public endpoint"),
    ("aws:apprunner/service:Service", {}, "reachable", "a service of App Runner that faces the Internet"),
    ("aws:lightsail/instance:Instance", {}, "reachable", "a machine of Lightsail with a public address"),
    (
        "aws:ecs/service:Service",
        {"networkConfiguration": {"assignPublicIp": True}},
        "address",
        "its tasks get public addresses",
    ),
    ("aws:eks/cluster:Cluster", {"vpcConfig": {}}, "reachable", "its API answers 0.0.0.0/0"),
    (
        "aws:ec2/eipAssociation:EipAssociation",
        {"instanceId": "i-1"},
        "address",
        "a machine gets a public address",
    ),
    ("aws:ec2/eip:Eip", {"instance": "i-1"}, "address", "a public address that a machine may have"),
    (
        "aws:ec2/subnet:Subnet",
        {"mapPublicIpOnLaunch": True},
        "address",
        "whatever starts in it gets a public address",
    ),
    (
        "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
        {},
        "reachable",
        "networks beyond the VPC are joined to it",
    ),
    (
        "aws:ec2transitgateway/vpcAttachment:VpcAttachment",
        {},
        "reachable",
        "networks beyond the VPC are joined to it",
    ),
    (
        "aws:ec2/vpcEndpointService:VpcEndpointService",
        {},
        "reachable",
        "other VPCs may reach it by PrivateLink",
    ),
    (
        "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration",
        {},
        "reachable",
        "a bucket that is a website",
    ),
    ("aws:s3/bucketAcl:BucketAcl", {"acl": "public-read"}, "reachable", "its access list lets in others"),
    (
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        {
            "blockPublicAcls": True,
            "blockPublicPolicy": False,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        },
        "reachable",
        "objects may be made public: blockPublicPolicy is off",
    ),
    (
        "aws:cloudfront/distribution:Distribution",
        {"enabled": True},
        "reachable",
        "a distribution of CloudFront, which faces the Internet",
    ),
    (
        "aws:rds/snapshot:Snapshot",
        {"sharedAccounts": ["all"]},
        "permission",
        "a copy of its data is shared with all",
    ),
    (
        "aws:ssm/document:Document",
        {"permissions": {"type": "Share", "accountIds": "All"}},
        "permission",
        "the document is shared with All",
    ),
    ("aws:ram/principalAssociation:PrincipalAssociation", {}, "permission", "another account gets a share"),
    ("aws:iam/user:User", {}, "permission", "a lasting user of the account"),
    ("aws:iam/accessKey:AccessKey", {}, "permission", "a lasting key of a user"),
    ("aws:iam/userLoginProfile:UserLoginProfile", {}, "permission", "a user may log in with a password"),
    (
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        {"url": "https://x"},
        "login loosened",
        "another party says who may take roles",
    ),
    (
        f"{CF}dnsRecord:DnsRecord",
        {"name": "x.io", "type": "A", "content": "192.0.2.1", "proxied": True},
        "reachable",
        "x.io leads to 192.0.2.1",
    ),
    (
        f"{CF}dnsRecord:DnsRecord",
        {"name": "x.io", "type": "MX", "content": "mail.y.io"},
        "reachable",
        "mail for x.io goes to mail.y.io",
    ),
    (
        f"{CF}dnsRecord:DnsRecord",
        {"name": "s.x.io", "type": "NS", "content": "ns.y.io"},
        "reachable",
        "ns.y.io answers for s.x.io and all below it",
    ),
    (f"{CF}workersRoute:WorkersRoute", {"pattern": "x.io/*"}, "reachable", "a Worker answers these requests"),
    (
        f"{CF}workersScript:WorkersScript",
        {"content": "x"},
        "reachable",
        "code of a Worker that answers requests",
    ),
    (f"{CF}pagesProject:PagesProject", {}, "reachable", "a site of Pages, which faces the Internet"),
    (f"{CF}spectrumApplication:SpectrumApplication", {}, "reachable", "a port of the edge leads to it"),
    (f"{CF}customHostname:CustomHostname", {}, "reachable", "a name of another party leads into the zone"),
    (
        f"{CF}r2ManagedDomain:R2ManagedDomain",
        {"enabled": True},
        "reachable",
        "a bucket answers at r2.dev, to everyone",
    ),
    (f"{CF}loadBalancerPool:LoadBalancerPool", {"origins": []}, "reachable", "a load balancer leads to it"),
    (
        f"{CF}zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared",
        {"configSrc": "local"},
        "reachable",
        "a tunnel whose rules do not stand in this stack",
    ),
    (
        f"{CF}zeroTrustTunnelCloudflaredRoute:ZeroTrustTunnelCloudflaredRoute",
        {"network": "10.0.0.0/8"},
        "reachable",
        "people with Cloudflare's client, or another network, reach a private network",
    ),
    (f"{CF}apiToken:ApiToken", {}, "permission", "a token that may use the account"),
    (f"{CF}accountMember:AccountMember", {}, "permission", "somebody may use the account"),
    (f"{CF}logpushJob:LogpushJob", {"enabled": True}, "reachable", "requests' logs are sent elsewhere"),
    (
        f"{CF}zeroTrustAccessMtlsCertificate:ZeroTrustAccessMtlsCertificate",
        {},
        "login loosened",
        "another authority says which machines are let in",
    ),
)


@pytest.mark.parametrize(("token", "inputs", "kind", "says"), OPENING)
def test_a_new_entrance_is_an_exposure(token: str, inputs: dict[str, Any], kind: str, says: str) -> None:
    assert edited(token, None, inputs) == [(kind, "it", f"it: {says}")]
    assert edited(token, inputs, inputs) == []
    gone = edited(token, inputs, None)
    # What guards in part and goes guards no longer.
    assert gone == [] or token.endswith("PublicAccessBlock")


@pytest.mark.parametrize(
    ("token", "closed", "opened", "kind", "says"),
    [
        (
            "aws:lb/loadBalancer:LoadBalancer",
            {"internal": True},
            {"internal": False},
            "reachable",
            "a load balancer that faces the Internet",
        ),
        (
            "aws:lambda/functionUrl:FunctionUrl",
            {"authorizationType": "AWS_IAM"},
            {"authorizationType": "NONE"},
            "reachable",
            "a URL of a function, which asks nobody who they are",
        ),
        (
            "aws:apigatewayv2/api:Api",
            {"disableExecuteApiEndpoint": True},
            {},
            "reachable",
            "an API with a public endpoint",
        ),
        (
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            {**SWITCHES},
            {**SWITCHES, "blockPublicAcls": None},
            "reachable",
            "objects may be made public: blockPublicAcls is off",
        ),
        (
            "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults",
            {"httpTokens": "required"},
            {"httpTokens": "optional"},
            "address",
            "machines' credentials need no session token by default (IMDSv1)",
        ),
        (
            "aws:ebs/encryptionByDefault:EncryptionByDefault",
            {"enabled": True},
            {"enabled": False},
            "address",
            "new disks are no longer encrypted by themselves",
        ),
        (
            f"{CF}zoneDnssec:ZoneDnssec",
            {"status": "active"},
            {"status": "disabled"},
            "rule weakened",
            "the zone's names are no longer signed",
        ),
        (
            f"{CF}zone:Zone",
            {"paused": False},
            {"paused": True},
            "reachable",
            "the zone is asked without Cloudflare in between",
        ),
        (
            f"{CF}authenticatedOriginPullsSettings:AuthenticatedOriginPullsSettings",
            {"enabled": True},
            {"enabled": False},
            "rule weakened",
            "the origin no longer knows Cloudflare by its certificate",
        ),
        (
            f"{CF}zoneLockdown:ZoneLockdown",
            {"paused": False},
            {"paused": True},
            "rule weakened",
            "the places are open to every address",
        ),
        (
            f"{CF}workersScriptSubdomain:WorkersScriptSubdomain",
            {"enabled": False},
            {"enabled": True},
            "reachable",
            "a Worker answers at workers.dev",
        ),
    ],
)
def test_one_that_is_opened_is_an_exposure_and_one_that_is_closed_is_none(
    token: str, closed: Any, opened: Any, kind: str, says: str
) -> None:
    assert edited(token, closed, opened) == [(kind, "it", f"it: {says}")]
    assert (
        edited(token, opened, closed) == [] or kind == "reachable"
    )  # another way in, such as by IAM, is told of
    assert edited(token, None, closed) == [] or says.startswith("a URL")


@pytest.mark.parametrize(
    ("token", "old", "new", "says"),
    [
        (
            "aws:cloudfront/distribution:Distribution",
            {"origins": ["a"]},
            {"origins": ["b"]},
            "a distribution of CloudFront, which faces the Internet, with another origins",
        ),
        (
            f"{CF}workersScript:WorkersScript",
            {"content": "a"},
            {"content": "b"},
            "code of a Worker that answers requests, with another content",
        ),
        (
            "aws:lb/listener:Listener",
            {"port": 443},
            {"port": 8443},
            "a port of a load balancer that faces the Internet, with another port",
        ),
        (
            f"{CF}dnsRecord:DnsRecord",
            {"name": "x.io", "type": "CNAME", "content": "a.io", "proxied": True},
            {"name": "x.io", "type": "CNAME", "content": "b.io", "proxied": True},
            "x.io leads to b.io",
        ),
    ],
)
def test_an_entrance_that_leads_elsewhere_is_an_exposure(token: str, old: Any, new: Any, says: str) -> None:
    assert edited(token, old, new) == [("reachable", "it", f"it: {says}")]
    assert edited(token, old, {**old, "tags": {"a": "b"}}) == []


def test_a_listener_of_a_balancer_that_is_internal_faces_nobody() -> None:
    inside = resource("aws:lb/loadBalancer:LoadBalancer", "inside", {"internal": True})
    assert edited("aws:lb/listener:Listener", None, {"loadBalancerArn": "«inside.arn»"}, inside) == []


def test_an_address_of_a_nat_gateway_answers_nobody() -> None:
    gateway = resource("aws:ec2/natGateway:NatGateway", "nat", {"allocationId": "«it.id»"})
    assert edited("aws:ec2/eip:Eip", None, {"domain": "vpc"}, gateway) == []
    assert edited("aws:ec2/eip:Eip", None, {"domain": "vpc"}) == [
        ("address", "it", "it: a public address that a machine may have")
    ]


def test_a_call_that_one_resource_of_aws_may_make_is_the_stacks_own_wiring() -> None:
    token = "aws:lambda/permission:Permission"
    bound = {"principal": "events.amazonaws.com", "sourceArn": "arn:aws:events:::rule/x"}
    assert edited(token, None, bound) == []
    assert edited(token, bound, {"principal": "events.amazonaws.com"}) == [
        ("permission", "it", "it: others may call the function")
    ]


def test_a_record_of_the_stacks_own_tunnel_is_no_entrance_of_its_own_unless_nobody_stands_before_it() -> None:
    tunnel = resource(
        f"{CF}zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared", "tunnel", {"configSrc": "cloudflare"}
    )
    config = resource(
        f"{CF}zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig",
        "config",
        {"tunnelId": "«tunnel.id»", "config": {"ingresses": [{"service": "http_status:404"}]}},
    )
    record = {"name": "x.io", "type": "CNAME", "content": "«tunnel.id».cfargotunnel.com", "proxied": True}
    token = f"{CF}dnsRecord:DnsRecord"
    assert edited(token, None, record, tunnel, config) == []
    assert edited(token, record, {**record, "proxied": False}, tunnel, config) == [
        ("reachable", "it", "it: x.io is asked without Cloudflare in between")
    ]
    assert edited(
        token, record, {**record, "content": "192.0.2.1", "type": "A", "proxied": False}, tunnel, config
    ) == [
        ("reachable", "it", "it: x.io is asked without Cloudflare in between"),
        ("reachable", "it", "it: x.io leads to 192.0.2.1"),
    ]
    assert opens([], [tunnel, config]) == []
    assert opens([], [tunnel]) == [
        ("reachable", "tunnel", "tunnel: a tunnel whose rules do not stand in this stack")
    ]
