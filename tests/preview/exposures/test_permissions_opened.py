"""What identities may do: by all of an identity's policies together, and only what they could not do before."""

from __future__ import annotations

import json
from typing import Any

import pytest

from preview.analysis.exposures.documents import glob_within, grants, more, no_longer_denied
from tests.preview.opened import edited, opens
from tests.preview.programs import program, resource

ROLE = "aws:iam/role:Role"
INLINE = "aws:iam/rolePolicy:RolePolicy"
ATTACHED = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
POLICY = "aws:iam/policy:Policy"
PROFILE = "aws:iam/instanceProfile:InstanceProfile"
EC2 = {"Service": "ec2.amazonaws.com"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, place: Any = "*", **more_: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": place, **more_}


def deny(action: Any, place: Any = "*", **more_: Any) -> dict[str, Any]:
    return {**allow(action, place, **more_), "Effect": "Deny"}


def role(principal: Any = None, **inputs: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal or EC2}
    return {"assumeRolePolicy": document(statement), **inputs}


BESIDE = [resource(ROLE, "host-role", role()), resource(PROFILE, "profile", {"role": "«host-role.name»"})]


def policies(old: tuple[Any, ...], new: tuple[Any, ...]) -> list[tuple[str, str]]:
    versions = [{"role": "«host-role.id»", "policy": document(*statements)} for statements in (old, new)]
    return [(kind, text) for kind, _, text in edited(INLINE, versions[0], versions[1], *BESIDE)]


TAGGED = {"Condition": {"StringEquals": {"ec2:ResourceTag/stack": "a"}}}


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            (allow("s3:GetObject", "arn:aws:s3:::a/*"),),
            (allow("s3:*", "arn:aws:s3:::a/*"),),
            "gains s3:* on arn:aws:s3:::a/*",
        ),
        (
            (allow("s3:GetObject", "arn:aws:s3:::a/x"),),
            (allow("s3:GetObject", "arn:aws:s3:::a/*"),),
            "gains s3:GetObject on arn:aws:s3:::a/*",
        ),
        (
            (allow("ec2:StopInstances", **TAGGED),),
            (allow("ec2:StopInstances"),),
            "gains ec2:StopInstances on *",
        ),
        (
            (allow("s3:GetObject"),),
            (allow("s3:GetObject"), allow(["kms:Decrypt", "kms:Sign"], "arn:aws:kms:::key/1")),
            "gains kms:Decrypt, kms:Sign on arn:aws:kms:::key/1",
        ),
        (
            (allow("s3:Get*"),),
            ({"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"},),
            "gains all but iam:* on *",
        ),
        (
            (allow("ec2:StopInstances", **TAGGED),),
            (allow("ec2:StopInstances", Condition={"StringEquals": {"ec2:ResourceTag/stack": ["a", "b"]}}),),
            "gains ec2:StopInstances on *",
        ),
        (
            (allow("a:B", Condition={"StringNotEquals": {"k": ["x", "y"]}}),),
            (allow("a:B", Condition={"StringNotEquals": {"k": "x"}}),),
            "gains a:B on *",
        ),
        ((allow("*"), deny("iam:*")), (allow("*"),), "is no longer denied iam:* on *"),
        ((allow("*"), deny("iam:*")), (allow("*"), deny("iam:Get*")), "is no longer denied iam:* on *"),
    ],
)
def test_what_a_role_could_not_do_before_is_an_exposure(old: Any, new: Any, text: str) -> None:
    assert policies(old, new) == [("permission", f"the machines' role {text}")]
    assert policies(new, new) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ((allow("s3:*"),), (allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::a/*"),)),
        ((allow(["S3:getobject"]),), (allow("s3:GetObject"),)),
        ((allow("ec2:StopInstances"),), (allow("ec2:StopInstances", **TAGGED),)),
        (
            (allow("a:B", Condition={"StringLike": {"k": "x*"}}),),
            (allow("a:B", Condition={"StringLike": {"k": ["xy*", "xz"]}, "Bool": {"s": "true"}}),),
        ),
        ((allow("s3:GetObject"),), (allow("s3:GetObject"), deny("s3:*", "arn:aws:s3:::secret/*"))),
        ((deny("iam:Get*"),), (deny("iam:*"),)),
        ((allow(["a:B", "c:D"], ["x", "y"]),), (allow("a:B", "x"), allow("c:D", "x"), allow("c:D", "y"))),
        ((allow("s3:*"),), ()),
        ((), (allow(["cloudwatch:PutMetricData", "ecr:GetAuthorizationToken"]),)),
    ],
)
def test_a_stricter_policy_is_none(old: Any, new: Any) -> None:
    assert policies(old, new) == []


def test_a_statement_that_moves_to_another_policy_of_the_role_is_none() -> None:
    whole = resource(
        INLINE, "all", {"role": "«host-role.id»", "policy": document(allow("a:B"), allow("c:D"))}
    )
    halves = [
        resource(INLINE, name, {"role": "«host-role.id»", "policy": document(allow(action))})
        for name, action in (("one", "a:B"), ("two", "c:D"))
    ]
    managed = resource(POLICY, "managed", {"policy": document(allow("a:B"))})
    attached = resource(ATTACHED, "attached", {"role": "«host-role.name»", "policyArn": "«managed.arn»"})
    assert opens([*BESIDE, whole], [*BESIDE, *halves]) == []
    assert opens([*BESIDE, whole], [*BESIDE, managed, attached]) == []
    assert opens([*BESIDE, halves[1]], [*BESIDE, halves[1], managed, attached]) == [
        ("permission", "attached", "the machines' role gains a:B on *")
    ]


def test_what_the_same_change_makes_is_the_roles_own_to_use_and_what_was_there_is_not() -> None:
    def version(*names: str) -> list[Any]:
        made = [
            resource("aws:ssm/parameter:Parameter", name, {"name": f"/{name}", "type": "SecureString"})
            for name in names
        ]
        statement = allow("ssm:GetParameter", [f"«{name}.arn»" for name in names])
        return [
            *BESIDE,
            *made,
            resource(INLINE, "it", {"role": "«host-role.id»", "policy": document(statement)}),
        ]

    assert opens(version("a"), version("a", "b")) == []
    other = resource("aws:ssm/parameter:Parameter", "c", {"name": "/c", "type": "SecureString"})
    late = resource(
        INLINE, "late", {"role": "«host-role.id»", "policy": document(allow("ssm:GetParameter", "«c.arn»"))}
    )
    assert opens([*version("a"), other], [*version("a"), other, late]) == [
        ("permission", "late", "the machines' role gains ssm:GetParameter on «c.arn»")
    ]


@pytest.mark.parametrize(
    ("arn", "is_news"),
    [
        ("arn:aws:iam::aws:policy/AdministratorAccess", True),
        ("arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore", True),
        ("arn:aws:iam::123456789012:policy/ours", True),
        ("arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup", False),
    ],
)
def test_an_attached_policy_is_an_exposure_unless_aws_wrote_it_for_the_new_roles_service(
    arn: str, is_news: bool
) -> None:
    new = resource(ROLE, "r", role({"Service": "backup.amazonaws.com"}))
    attached = resource(ATTACHED, "it", {"role": "«r.name»", "policyArn": arn})
    expected = [("permission", "it", f"r gains the policy {arn}")]
    assert opens([new], [new, attached]) == expected
    assert opens([], [new, attached]) == (expected if is_news else [])
    machines = resource(ATTACHED, "it", {"role": "«host-role.name»", "policyArn": arn})
    assert opens(BESIDE, [*BESIDE, machines]) == [
        ("permission", "it", f"the machines' role gains the policy {arn}")
    ]


@pytest.mark.parametrize(
    ("principal", "text"),
    [
        ({"AWS": "*"}, "it may be taken by *"),
        ({"AWS": "arn:aws:iam::999999999999:root"}, "it may be taken by AWS:arn:aws:iam::999999999999:root"),
        (
            {"Federated": "cognito-identity.amazonaws.com"},
            "it may be taken by Federated:cognito-identity.amazonaws.com",
        ),
        (
            {"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]},
            "it may be taken by Service:lambda.amazonaws.com",
        ),
    ],
)
def test_somebody_else_who_may_take_a_role_is_an_exposure(principal: Any, text: str) -> None:
    assert edited(ROLE, role(), role(principal)) == [("permission", "it", text)]
    assert edited(ROLE, role(principal), role(principal)) == []
    assert edited(ROLE, None, role(principal)) == (
        [] if "Service" in principal else [("permission", "it", text)]
    )


def test_a_boundary_that_goes_and_a_longer_hold_are_exposures() -> None:
    assert edited(ROLE, role(permissionsBoundary="arn:b"), role()) == [
        ("permission", "it", "it: no boundary limits it any longer")
    ]
    assert edited(ROLE, role(), role(maxSessionDuration=43200)) == [
        ("permission", "it", "it: whoever takes it keeps it for 43200 seconds (before: 3600)")
    ]
    assert edited(ROLE, role(maxSessionDuration=7200), role(permissionsBoundary="arn:b")) == []
    assert edited(PROFILE, {"role": "«a.name»"}, {"role": "«b.name»"}) == [
        ("permission", "it", "it: the machines take the role b (before: a)")
    ]


def test_a_secret_policy_is_compared_and_not_shown() -> None:
    from preview.resources import Secret

    old, new = (
        program(
            *BESIDE,
            resource(INLINE, "it", {"role": "«host-role.id»", "policy": Secret(document(allow(action)))}),
        )
        for action in ("a:B", "canary:Do")
    )
    from tests.preview.opened import between

    assert between(old, new) == [("permission", "it", "the machines' role gains what a secret policy says")]


# Resources' own policies ------------------------------------------------------------------------------------------------------

BUCKET = "aws:s3/bucketPolicy:BucketPolicy"
OTHER = {"AWS": "arn:aws:iam::999999999999:root"}


@pytest.mark.parametrize(
    ("token", "key"),
    [
        (BUCKET, "policy"),
        ("aws:sns/topicPolicy:TopicPolicy", "policy"),
        ("aws:sqs/queuePolicy:QueuePolicy", "policy"),
        ("aws:kms/key:Key", "policy"),
        ("aws:secretsmanager/secretPolicy:SecretPolicy", "policy"),
        ("aws:ecr/repositoryPolicy:RepositoryPolicy", "policy"),
        ("aws:backup/vaultPolicy:VaultPolicy", "policy"),
    ],
)
def test_a_resource_that_lets_in_others_is_an_exposure(token: str, key: str) -> None:
    def version(*statements: dict[str, Any]) -> dict[str, Any]:
        return {key: document(*statements)}

    ours = allow("x:Read", Principal={"AWS": "«role.arn»"})
    everyone, account = allow("x:Read", Principal="*"), allow(["x:Read", "x:Write"], Principal=OTHER)
    assert edited(token, None, version(ours)) == []
    assert edited(token, version(ours), version(ours, everyone)) == [
        ("permission", "it", "it: everyone may do x:Read")
    ]
    assert edited(token, version(), version(account)) == [
        ("permission", "it", "it: arn:aws:iam::999999999999:root may do x:Read, x:Write")
    ]
    assert edited(token, version(everyone, account), version(ours)) == []
    tls = deny("*", Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}})
    assert edited(token, version(tls), version()) == [
        ("permission", "it", "it: everyone is no longer denied * on *, under conditions")
    ]
    assert edited(token, version(tls), None) == edited(token, version(tls), version())


def test_a_file_system_without_a_policy_serves_whoever_reaches_it() -> None:
    token = "aws:efs/fileSystemPolicy:FileSystemPolicy"
    mount = allow(["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"], Principal="*")
    delete = allow("elasticfilesystem:DeleteFileSystem", Principal="*")
    assert edited(token, None, {"policy": document(mount)}) == []
    assert edited(token, {"policy": document(mount)}, None) == [
        ("permission", "it", "it: everyone may do elasticfilesystem:Client*")
    ]
    assert edited(token, {"policy": document(mount)}, {"policy": document(mount, delete)}) == [
        ("permission", "it", "it: everyone may do elasticfilesystem:DeleteFileSystem")
    ]


@pytest.mark.parametrize(
    ("pattern", "other", "within"),
    [
        ("s3:GetObject", "s3:Get*", True),
        ("s3:*", "s3:Get*", False),
        ("a?c", "a*", True),
        ("abc", "a?c", True),
        ("a*c", "a?c", False),
        ("arn:x/*", "arn:x/*/y", False),
        ("anything", "*", True),
    ],
)
def test_patterns_lie_within_one_another(pattern: str, other: str, within: bool) -> None:
    assert glob_within(pattern, other) is within


def test_a_document_that_cannot_be_read_grants_what_is_not_known() -> None:
    (grant,) = grants("«role.policy»")
    assert grant.label == "what cannot be read here on «role.policy»"
    assert more((), (grant,)) == [grant]
    assert more((grant,), (grant,)) == no_longer_denied((grant,), (grant,)) == []
    assert grants(None) == grants("") == ()


@pytest.mark.parametrize("action", ["secretsmanager:GetSecretValue", "ssm:GetParameter", "s3:GetObject"])
@pytest.mark.parametrize("wide", [False, True])
def test_a_right_to_a_resource_that_an_alias_renames_is_the_one_that_it_was(action: str, wide: bool) -> None:
    def version(name: str, place: str, **options: Any) -> list[Any]:
        kept = resource("aws:s3/bucket:Bucket", name, {}, **options)
        policy = {"role": "«host-role.id»", "policy": document(allow(action, place))}
        return [*BESIDE, kept, resource(INLINE, "it", policy)]

    alias = [{"spec": {"name": "old", "parentUrn": ""}}]
    after = version("new", "*" if wide else "«new.arn»", aliases=alias)
    found = opens(version("old", "«old.arn»"), after)
    assert [text for _, _, text in found] == ([f"the machines' role gains {action} on *"] if wide else [])
    unaliased = opens(version("old", "«old.arn»"), version("new", "«other.arn»"))
    assert unaliased, "a right to what is not the same resource is a new one"


def test_whoever_a_renamed_role_lets_in_was_let_in_before() -> None:
    def version(name: str, **options: Any) -> list[Any]:
        people = resource(ROLE, name, role(), **options)
        queue = {
            "queueUrl": "q",
            "policy": document({**allow("sqs:SendMessage"), "Principal": {"AWS": f"«{name}.arn»"}}),
        }
        return [people, resource("aws:sqs/queuePolicy:QueuePolicy", "it", queue)]

    alias = [{"spec": {"name": "old", "parentUrn": ""}}]
    assert opens(version("old"), version("new", aliases=alias)) == []


@pytest.mark.parametrize(
    ("path", "had", "opened"),
    [
        ("drawbridge/it/*", False, False),
        ("drawbridge/it/*", True, True),
        ("drawbridge/*/*", False, True),
        ("*", False, True),
    ],
)
def test_the_right_to_the_stacks_own_first_parameters_is_no_news(path: str, had: bool, opened: bool) -> None:
    stored = resource(
        "aws:ssm/parameter:Parameter", "p", {"name": "/drawbridge/it/KEY", "type": "SecureString"}
    )
    right = document(allow("ssm:GetParameter", f"arn:aws:ssm:REGION:*:parameter/{path}"))
    given = resource(INLINE, "it", {"role": "«host-role.id»", "policy": right})
    before = [
        *BESIDE,
        *([stored] if had else []),
        resource(INLINE, "it", {"role": "«host-role.id»", "policy": document()}),
    ]
    found = [kind for kind, _, _ in opens(before, [*BESIDE, stored, given])]
    assert ("permission" in found) is opened
