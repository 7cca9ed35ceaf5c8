"""Policies of resources: whom else than the stack's own roles a bucket, topic, key or secret lets in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from preview.analysis.exposures.documents import Grant, grants, more, no_longer_denied
from preview.analysis.exposures.versions import Versions, listed, placeholder
from preview.changes import Exposure
from preview.resources import Resource, bare

POLICIES: dict[str, str] = {
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:s3/bucket:Bucket": "policy",
    "aws:s3control/accessPointPolicy:AccessPointPolicy": "policy",
    "aws:s3control/multiRegionAccessPointPolicy:MultiRegionAccessPointPolicy": "details",
    "aws:sns/topic:Topic": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queue:Queue": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
    "aws:kms/key:Key": "policy",
    "aws:kms/keyPolicy:KeyPolicy": "policy",
    "aws:secretsmanager/secret:Secret": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:ecr/registryPolicy:RegistryPolicy": "policy",
    "aws:ecrpublic/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:efs/fileSystemPolicy:FileSystemPolicy": "policy",
    "aws:backup/vaultPolicy:VaultPolicy": "policy",
    "aws:apigateway/restApiPolicy:RestApiPolicy": "policy",
    "aws:apigateway/restApi:RestApi": "policy",
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": "policy",
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": "policyDocument",
    "aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy": "accessPolicy",
    "aws:opensearch/domainPolicy:DomainPolicy": "accessPolicies",
    "aws:dynamodb/resourcePolicy:ResourcePolicy": "policy",
    "aws:lambda/resourcePolicy:ResourcePolicy": "policy",
    "aws:glacier/vault:Vault": "accessPolicy",
    "aws:acmpca/policy:Policy": "policy",
    "aws:kinesis/resourcePolicy:ResourcePolicy": "policy",
    "aws:s3tables/tableBucketPolicy:TableBucketPolicy": "policy",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "policy",
}
"""The input that holds the document, by type."""

_FILES = "aws:efs/fileSystemPolicy:FileSystemPolicy"
_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
_EVERYONE_WHO_MOUNTS = (
    Grant(effect="Allow", action="elasticfilesystem:Client*", resource="*", principal="*"),
)
_EVERYTHING = (Grant(effect="Allow", action="*", resource="*", principal="*"),)


def resource_policies(versions: Versions) -> Iterator[Exposure]:
    for change in versions.changes:
        key = POLICIES.get(change.type)
        if key:
            yield from _policy(change.type, key, change.before, change.after, versions)


def _policy(
    token: str, key: str, old: Resource | None, new: Resource | None, versions: Versions
) -> Iterator[Exposure]:
    resource = new or old
    assert resource is not None
    before, after = _read(token, key, old, versions), _read(token, key, new, versions, later=True)
    fresh = [grant for grant in more(before, after) if not (old is None and _service(grant))]
    for principal in dict.fromkeys(grant.principal for grant in fresh):
        own = [grant for grant in fresh if grant.principal == principal]
        if old is None and placeholder(principal.partition(":")[2]):
            continue  # a new policy of the stack's own role
        actions = listed(sorted(f"all but {g.action}" if g.but else g.action for g in own))
        text = f"{resource.name}: {_who(principal)} may do {actions}"
        if all(grant.conditions for grant in own):
            text += ", under conditions"
        yield Exposure(kind="permission", subject=resource.name, text=text)
    for grant in no_longer_denied(before, after):
        text = f"{resource.name}: {_who(grant.principal)} is no longer denied {grant.label}"
        yield Exposure(kind="permission", subject=resource.name, text=text)


def _read(
    token: str, key: str, resource: Resource | None, versions: Versions, *, later: bool = False
) -> tuple[Grant, ...]:
    document: Any = bare(resource.raw.get(key)) if resource else None
    if isinstance(document, dict) and "Statement" not in document:
        document = document.get("policy")
    if not document:
        # Without a policy a file system serves whoever reaches it, and an endpoint whatever its callers may do.
        return _EVERYONE_WHO_MOUNTS if token == _FILES else _EVERYTHING if token == _ENDPOINT else ()
    return grants(document if later else versions.as_now(document))


def _service(grant: Grant) -> bool:
    return grant.principal.startswith("Service:")


def _who(principal: str) -> str:
    if principal == "*":
        return "everyone"
    name = principal.partition(":")[2] or principal
    return placeholder(name) or name or "somebody"
