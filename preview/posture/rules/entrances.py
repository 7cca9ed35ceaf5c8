"""Ways in beside the tunnel."""

from __future__ import annotations

from preview.posture.program import Program
from preview.posture.rule import Broken, rule


@rule(
    id="other-entrance",
    severity="critical",
    title="A resource answers the Internet without the tunnel",
    promise="There is no entrance beside the tunnel",
    why="A public load balancer, an open function URL or a public API is reached past the edge, its firewall and its logins.",
    fix="Make a route for it, or make it internal.",
)
def other_entrance(program: Program) -> Broken:
    for balancer in program.of(*(f"aws:{kind}/loadBalancer:LoadBalancer" for kind in ("lb", "alb", "elb"))):
        if balancer.inputs.get("internal") is not True:
            yield balancer.name, "a load balancer that faces the Internet"
    for function in program.of("aws:lambda/functionUrl:FunctionUrl"):
        if function.inputs.get("authorizationType") != "AWS_IAM":
            yield function.name, "a function URL without IAM"
    for api in program.of("aws:apigatewayv2/api:Api", "aws:apigateway/restApi:RestApi"):
        if api.inputs.get("disableExecuteApiEndpoint") is not True:
            yield api.name, "an API with a public endpoint"
    for bucket in program.of("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"):
        switches = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        if any(bucket.inputs.get(name) is not True for name in switches):
            yield bucket.name, "a bucket that may be made public"
