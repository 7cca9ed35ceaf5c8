"""Ways in beside the tunnel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from preview.posture.program import Program
from preview.posture.read import items, statements, texts
from preview.posture.rule import Broken, rule

Inputs = dict[str, Any]


def _always(_: Inputs) -> bool:
    return True


def _public(name: str) -> Callable[[Inputs], bool]:
    """Open where an input is true."""
    return lambda inputs: str(inputs.get(name)).lower() == "true"


def _unless(name: str, value: Any) -> Callable[[Inputs], bool]:
    """Open unless an input has a value: what is not given is the provider's default, which is open for these."""
    return lambda inputs: inputs.get(name) != value


def _api(inputs: Inputs) -> bool:
    kinds = texts((inputs.get("endpointConfiguration") or {}).get("types"))
    return inputs.get("disableExecuteApiEndpoint") is not True and kinds != ["PRIVATE"]


def _cluster(inputs: Inputs) -> bool:
    return (inputs.get("vpcConfig") or {}).get("endpointPublicAccess") is not False


def _bucket_block(inputs: Inputs) -> bool:
    names = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    return any(inputs.get(name) is not True for name in names)


def _bucket_acl(inputs: Inputs) -> bool:
    return str(inputs.get("acl")).startswith("public-")


ENTRANCES: dict[str, tuple[str, Callable[[Inputs], bool]]] = {
    "aws:lb/loadBalancer:LoadBalancer": (
        "a load balancer that faces the Internet",
        _unless("internal", True),
    ),
    "aws:alb/loadBalancer:LoadBalancer": (
        "a load balancer that faces the Internet",
        _unless("internal", True),
    ),
    "aws:elb/loadBalancer:LoadBalancer": (
        "a load balancer that faces the Internet",
        _unless("internal", True),
    ),
    "aws:lambda/functionUrl:FunctionUrl": (
        "a function URL without IAM",
        _unless("authorizationType", "AWS_IAM"),
    ),
    "aws:apigatewayv2/api:Api": ("an API with a public endpoint", _api),
    "aws:apigateway/restApi:RestApi": ("an API with a public endpoint", _api),
    "aws:appsync/graphQLApi:GraphQLApi": ("an API with a public endpoint", _unless("visibility", "PRIVATE")),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        "a bucket that may be made public",
        _bucket_block,
    ),
    "aws:s3/bucket:Bucket": ("a bucket that everyone may read", _bucket_acl),
    "aws:s3/bucketAcl:BucketAcl": ("a bucket that everyone may read", _bucket_acl),
    "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration": ("a bucket as a web site", _always),
    "aws:cloudfront/distribution:Distribution": ("a distribution of CloudFront", _always),
    "aws:globalaccelerator/accelerator:Accelerator": ("an accelerator with public addresses", _always),
    "aws:apprunner/service:Service": ("a service of App Runner", _always),
    "aws:amplify/app:App": ("an app of Amplify", _always),
    "aws:elasticbeanstalk/environment:Environment": ("an environment of Elastic Beanstalk", _always),
    "aws:lightsail/instance:Instance": (
        "a machine of Lightsail, with a public address and open ports",
        _always,
    ),
    "aws:eks/cluster:Cluster": ("a cluster whose API the Internet reaches", _cluster),
    "aws:opensearch/domain:Domain": (
        "a search domain outside any VPC",
        lambda inputs: not inputs.get("vpcOptions"),
    ),
    "aws:transfer/server:Server": ("a file server with a public endpoint", _unless("endpointType", "VPC")),
    "aws:mq/broker:Broker": ("a broker with a public address", _public("publiclyAccessible")),
    "aws:redshift/cluster:Cluster": (
        "a warehouse with a public address",
        _unless("publiclyAccessible", False),
    ),
    "aws:dms/replicationInstance:ReplicationInstance": (
        "a replication machine with a public address",
        _unless("publiclyAccessible", False),
    ),
    "aws:ec2clientvpn/endpoint:Endpoint": ("a VPN endpoint", _always),
    "aws:ec2/vpnConnection:VpnConnection": ("a VPN connection", _always),
    "cloudflare:index/workersScript:WorkersScript": ("a script at the edge", _always),
    "cloudflare:index/workersCustomDomain:WorkersCustomDomain": ("a hostname that a script answers", _always),
    "cloudflare:index/workersRoute:WorkersRoute": ("a route that a script answers", _always),
    "cloudflare:index/pagesProject:PagesProject": ("a project of Pages", _always),
    "cloudflare:index/pagesDomain:PagesDomain": ("a hostname that Pages answers", _always),
    "cloudflare:index/spectrumApplication:SpectrumApplication": ("a port that Cloudflare forwards", _always),
    "cloudflare:index/loadBalancer:LoadBalancer": ("a load balancer at the edge", _always),
    "cloudflare:index/r2ManagedDomain:R2ManagedDomain": (
        "a bucket with a public hostname",
        _unless("enabled", False),
    ),
    "cloudflare:index/r2CustomDomain:R2CustomDomain": (
        "a bucket with a public hostname",
        _unless("enabled", False),
    ),
    "cloudflare:index/zeroTrustTunnelCloudflaredRoute:ZeroTrustTunnelCloudflaredRoute": (
        "a private network that WARP clients reach",
        _always,
    ),
    "cloudflare:index/zeroTrustTunnelCloudflaredVirtualNetwork:ZeroTrustTunnelCloudflaredVirtualNetwork": (
        "a private network that WARP clients reach",
        _always,
    ),
}
"""Types that answer from outside by themselves: what each is, and when."""


@rule(
    id="other-entrance",
    severity="critical",
    title="A resource answers the Internet without the tunnel",
    promise="There is no entrance beside the tunnel",
    why="A public load balancer, an open function URL or a public API is reached past the edge, its firewall and its logins.",
    fix="Make a route for it, or make it internal.",
)
def other_entrance(program: Program) -> Broken:
    for kind, (what, is_open) in ENTRANCES.items():
        for resource in program.of(kind):
            if is_open(resource.inputs):
                yield resource.name, what


# Documents that say who may use the resource itself, by type: the input that holds them.
_OWN_POLICIES = {
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
    "aws:sqs/queue:Queue": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sns/topic:Topic": "policy",
    "aws:kms/key:Key": "policy",
    "aws:kms/keyPolicy:KeyPolicy": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:secretsmanager/secret:Secret": "policy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:backup/vaultPolicy:VaultPolicy": "policy",
    "aws:opensearch/domainPolicy:DomainPolicy": "accessPolicies",
}


@rule(
    id="resource-policy-public",
    severity="critical",
    title="A resource's own policy lets in everyone",
    promise="Resources' own policies name who may use them",
    why="With Principal * and no condition, any AWS account, for some services anyone at all, may use the resource.",
    fix="Name the accounts or roles, or bind `*` with a condition such as aws:SourceAccount or aws:PrincipalOrgID.",
)
def resource_policy_public(program: Program) -> Broken:
    for kind, key in _OWN_POLICIES.items():
        for resource in program.of(kind):
            for statement in statements(resource.inputs.get(key)):
                principal = statement.get("Principal")
                named = principal.values() if isinstance(principal, dict) else [principal]
                everyone = any("*" in texts(who) for who in named) or "NotPrincipal" in statement
                if statement.get("Effect") == "Allow" and everyone and not statement.get("Condition"):
                    yield resource.name, f"{statement.get('Sid', 'a statement')} allows everyone"
    for permission in program.of("aws:lambda/permission:Permission"):
        data = permission.inputs
        if data.get("principal") == "*" and not data.get("sourceAccount") and not data.get("principalOrgId"):
            yield permission.name, "everyone may invoke the function"
    for share in program.of("aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission"):
        if "all" in items([share.inputs.get("accountId")]):
            yield share.name, "a snapshot that everyone may copy"
