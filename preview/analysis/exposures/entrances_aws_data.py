"""What AWS's resources open to others, a record a type: storage, the edge, who may do what, data that leaves."""

from __future__ import annotations

from collections.abc import Iterator

from preview.analysis.exposures.records import (
    Guards,
    Inputs,
    Lists,
    Opens,
    Record,
    Watches,
    at,
    entrance,
    is_,
    is_not,
    is_set,
    right,
)
from preview.analysis.exposures.versions import Lookup, dicts, texts


def _public_acl(inputs: Inputs, _: Lookup) -> bool:
    return str(inputs.get("acl", "private")) not in (
        "private",
        "bucket-owner-full-control",
        "bucket-owner-read",
    )


def _grants(inputs: Inputs, _: Lookup) -> Iterator[str]:
    for grant in dicts(at(inputs, "accessControlPolicy.grants")) + dicts(inputs.get("grants")):
        grantee = dict(grant.get("grantee") or grant)
        who = grantee.get("uri") or grantee.get("id") or grantee.get("emailAddress")
        yield f"{grant.get('permission') or ', '.join(texts(grant.get('permissions')))} to {who}"


def _share_with(key: str) -> Lists:
    def read(inputs: Inputs, _: Lookup) -> Iterator[str]:
        yield from texts(inputs.get(key))

    return Lists(says="a copy of its data is shared with", read=read)


def _document_shares(inputs: Inputs, _: Lookup) -> Iterator[str]:
    yield from texts((inputs.get("permissions") or {}).get("accountIds"))


_FOUR_SWITCHES: tuple[Record, ...] = tuple(
    Guards(says=f"objects may be made public: {key} is off", kind="reachable", when=is_(key, True))
    for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
) + tuple(
    Opens(says=f"objects may be made public: {key} is off", when=is_(key, False, None))
    for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
)


_ACL: tuple[Record, ...] = (
    Opens(says="its access list lets in others", when=_public_acl, watched=("acl",)),
    Lists(says="its access list grants", read=_grants),
)


_WEBSITE: tuple[Record, ...] = (Opens(says="a bucket that is a website"),)


AWS_DATA: dict[str, tuple[Record, ...]] = {
    # Storage
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _FOUR_SWITCHES,
    "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock": _FOUR_SWITCHES,
    "aws:s3/bucket:Bucket": (
        *_ACL,
        Opens(says="a bucket that is a website", when=is_set("website"), watched=("website",)),
    ),
    "aws:s3/bucketV2:BucketV2": _ACL,
    "aws:s3/bucketAcl:BucketAcl": _ACL,
    "aws:s3/bucketAclV2:BucketAclV2": _ACL,
    "aws:s3/bucketObject:BucketObject": _ACL[:1],
    "aws:s3/bucketObjectv2:BucketObjectv2": _ACL[:1],
    "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration": _WEBSITE,
    "aws:s3/bucketWebsiteConfigurationV2:BucketWebsiteConfigurationV2": _WEBSITE,
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": entrance(
        "pages of other origins may ask it", "corsRules"
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (
        Guards(
            says="access lists count again",
            kind="permission",
            when=is_("rule.objectOwnership", "BucketOwnerEnforced"),
        ),
    ),
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": entrance(
        "objects are copied to another bucket", "rules"
    ),
    "aws:s3/accessPoint:AccessPoint": entrance(
        "another way to a bucket", "policy", "publicAccessBlockConfiguration"
    ),
    "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess": (
        Guards(
            says="snapshots may be shared with everyone", kind="reachable", when=is_not("state", "unblocked")
        ),
    ),
    "aws:ebs/encryptionByDefault:EncryptionByDefault": (
        Guards(
            says="new disks are no longer encrypted by themselves",
            kind="address",
            when=is_not("enabled", False),
        ),
    ),
    "aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess": (
        Guards(
            says="images may be shared with everyone", kind="reachable", when=is_not("state", "unblocked")
        ),
    ),
    "aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission": right(
        "another account may read a disk"
    ),
    "aws:ec2/amiLaunchPermission:AmiLaunchPermission": right("others may start the image"),
    "aws:ec2/serialConsoleAccess:SerialConsoleAccess": (
        Opens(says="machines have a serial console", kind="address", when=is_not("enabled", False)),
    ),
    "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults": (
        Guards(
            says="machines' credentials need no session token by default (IMDSv1)",
            kind="address",
            when=is_("httpTokens", "required"),
        ),
    ),
    "aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions": (
        Guards(
            says="VPCs may be reached from the Internet again",
            kind="reachable",
            when=is_not("internetGatewayBlockMode", "off", None),
        ),
    ),
    "aws:ec2/vpcBlockPublicAccessExclusion:VpcBlockPublicAccessExclusion": entrance(
        "a VPC that may be reached all the same"
    ),
    "aws:rds/snapshot:Snapshot": (_share_with("sharedAccounts"),),
    "aws:rds/clusterSnapshot:ClusterSnapshot": (_share_with("sharedAccounts"),),
    "aws:rds/snapshotCopy:SnapshotCopy": (_share_with("sharedAccounts"),),
    "aws:rds/clusterSnapshotCopy:ClusterSnapshotCopy": (_share_with("sharedAccounts"),),
    "aws:rds/proxy:Proxy": (
        Opens(says="a proxy of the database", watched=("auths", "roleArn")),
        Guards(
            says="the database's proxy no longer asks for TLS", kind="address", when=is_("requireTls", True)
        ),
    ),
    "aws:neptune/clusterSnapshot:ClusterSnapshot": (_share_with("sharedAccounts"),),
    "aws:ecrpublic/repository:Repository": entrance("a repository of images that everyone reads"),
    # The edge of AWS
    "aws:cloudfront/distribution:Distribution": (
        Opens(
            says="a distribution of CloudFront, which faces the Internet",
            when=is_not("enabled", False),
            watched=(
                "origins",
                "originGroups",
                "defaultCacheBehavior",
                "orderedCacheBehaviors",
                "aliases",
                "webAclId",
                "restrictions",
                "viewerCertificate",
            ),
        ),
    ),
    "aws:cloudfront/function:Function": entrance("a function at CloudFront's edge", "code"),
    "aws:cloudfront/keyGroup:KeyGroup": right("other keys sign for CloudFront"),
    "aws:cloudfront/publicKey:PublicKey": right("another key signs for CloudFront"),
    "aws:cloudfront/vpcOrigin:VpcOrigin": entrance("CloudFront leads into the VPC"),
    "aws:wafv2/webAclAssociation:WebAclAssociation": (
        Guards(says="no firewall stands before it any longer"),
    ),
    "aws:route53/record:Record": entrance("a name leads to it"),
    "aws:route53/vpcAssociationAuthorization:VpcAssociationAuthorization": entrance(
        "another VPC may read the zone"
    ),
    "aws:route53/zoneAssociation:ZoneAssociation": entrance("another VPC reads the zone"),
    "aws:route53/hostedZoneDnsSec:HostedZoneDnsSec": (Guards(says="the zone is no longer signed"),),
    # Who may do what
    "aws:iam/user:User": (
        Opens(says="a lasting user of the account", kind="permission"),
        Guards(
            says="no boundary limits the user any longer",
            kind="permission",
            when=is_set("permissionsBoundary"),
        ),
    ),
    "aws:iam/accessKey:AccessKey": (
        Opens(
            says="a lasting key of a user",
            kind="permission",
            when=is_not("status", "Inactive"),
            watched=("user",),
        ),
    ),
    "aws:iam/userLoginProfile:UserLoginProfile": right("a user may log in with a password"),
    "aws:iam/sshKey:SshKey": right("an SSH key of a user"),
    "aws:iam/signingCertificate:SigningCertificate": right("a certificate of a user"),
    "aws:iam/serviceSpecificCredential:ServiceSpecificCredential": right(
        "a password of a user for one service"
    ),
    "aws:iam/groupMembership:GroupMembership": right("users join a group"),
    "aws:iam/userGroupMembership:UserGroupMembership": right("a user joins groups"),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": (
        Opens(
            says="another party says who may take roles",
            kind="login loosened",
            watched=("url", "clientIdLists", "thumbprintLists"),
        ),
    ),
    "aws:iam/samlProvider:SamlProvider": (
        Opens(
            says="another party says who may take roles",
            kind="login loosened",
            watched=("samlMetadataDocument",),
        ),
    ),
    "aws:iam/accountPasswordPolicy:AccountPasswordPolicy": (
        Opens(says="the account's rules for passwords", kind="login loosened", watched=("*",)),
        Guards(says="the account has no rules for passwords any longer", kind="login loosened"),
    ),
    "aws:rolesanywhere/trustAnchor:TrustAnchor": (
        Opens(says="another party says who may take roles", kind="login loosened", watched=("*",)),
    ),
    "aws:rolesanywhere/profile:Profile": right("machines elsewhere may take roles"),
    "aws:ssoadmin/accountAssignment:AccountAssignment": right("people may use the account"),
    "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment": right(
        "people may do more in the account"
    ),
    "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy": right(
        "people may do other things in the account"
    ),
    "aws:kms/grant:Grant": right("somebody may use the key"),
    "aws:ssm/document:Document": (Lists(says="the document is shared with", read=_document_shares),),
    "aws:ssm/activation:Activation": right("machines elsewhere may join Systems Manager"),
    "aws:ram/resourceShare:ResourceShare": (
        Opens(says="resources are shared with other accounts", kind="permission"),
        Opens(
            says="accounts outside the organisation may be given a share",
            kind="permission",
            when=is_("allowExternalPrincipals", True),
        ),
    ),
    "aws:ram/principalAssociation:PrincipalAssociation": right("another account gets a share"),
    "aws:ram/resourceAssociation:ResourceAssociation": right("a resource is shared with other accounts"),
    "aws:acmpca/permission:Permission": right("others may use the certificate authority"),
    "aws:cloudwatch/eventPermission:EventPermission": right("others may send events"),
    "aws:redshift/endpointAuthorization:EndpointAuthorization": right(
        "another account may reach the cluster"
    ),
    "aws:signer/signingProfilePermission:SigningProfilePermission": right("others may sign"),
    # Data that leaves
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": entrance("log lines are sent elsewhere"),
    "aws:cloudwatch/metricStream:MetricStream": entrance("metrics are sent elsewhere", "firehoseArn"),
    "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy": (
        Guards(says="log lines are no longer masked", kind="secret"),
        Watches(
            says="log lines are masked otherwise", inputs=("policyDocument", "logGroupName"), kind="secret"
        ),
    ),
}
