"""Who may speak to whom: a door is new only if no earlier one of its group admits all of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.preview.opened import LAUNCH_TEMPLATE, edited, opens
from tests.preview.programs import program, resource

GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
ROUTE = "aws:ec2/route:Route"
JOINED = "aws:ec2/routeTableAssociation:RouteTableAssociation"
DATABASE = "aws:rds/instance:Instance"

WEB = resource(GROUP, "web", {})


def rule(**inputs: Any) -> dict[str, Any]:
    return {"securityGroupId": "«web.id»", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, **inputs}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (rule(cidrIpv4="10.0.0.0/8"), rule(cidrIpv4="10.1.0.0/16")),
        (
            rule(cidrIpv4="0.0.0.0/0", fromPort=1, toPort=65535),
            rule(cidrIpv4="192.0.2.1/32", fromPort=8000, toPort=8010),
        ),
        (rule(cidrIpv6="::/0"), rule(cidrIpv6="2001:db8::/32")),
        (rule(cidrIpv4="10.0.0.0/8", ipProtocol="-1"), rule(cidrIpv4="10.0.0.0/8", ipProtocol="udp")),
        (rule(cidrIpv4="10.0.0.0/8"), {**rule(cidrIpv4="10.0.0.0/8"), "description": "Another word"}),
        (rule(cidrIpv4="10.0.0.0/8"), None),
    ],
)
@pytest.mark.parametrize("token", [INGRESS_RULE, EGRESS_RULE])
def test_a_narrower_door_opens_nothing(token: str, old: dict[str, Any], new: dict[str, Any] | None) -> None:
    assert edited(token, old, new, WEB) == []


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (rule(cidrIpv4="10.1.0.0/16"), rule(cidrIpv4="10.0.0.0/8"), "10.0.0.0/8 on tcp 443"),
        (rule(cidrIpv4="10.0.0.0/8"), rule(cidrIpv4="10.0.0.0/8", toPort=444), "10.0.0.0/8 on tcp 443-444"),
        (
            rule(cidrIpv4="10.0.0.0/8"),
            rule(cidrIpv4="10.0.0.0/8", ipProtocol="-1"),
            "10.0.0.0/8 on every port of every protocol",
        ),
        (rule(cidrIpv4="10.0.0.0/8"), rule(cidrIpv6="::/0"), "anywhere (::/0) on tcp 443"),
        (rule(cidrIpv4="10.0.0.0/8"), rule(prefixListId="pl-1"), "pl-1 on tcp 443"),
        (None, rule(referencedSecurityGroupId="sg-0123"), "sg-0123 on tcp 443"),
        (None, rule(), "a peer that is not known here on tcp 443"),
    ],
)
@pytest.mark.parametrize(
    ("token", "kind", "verb"), [(INGRESS_RULE, "port", "admits"), (EGRESS_RULE, "egress", "may speak to")]
)
def test_a_wider_door_is_an_exposure(
    token: str, kind: str, verb: str, old: dict[str, Any] | None, new: dict[str, Any], text: str
) -> None:
    assert edited(token, old, new, WEB) == [(kind, "it", f"the group web {verb} {text}")]


def test_a_door_is_the_same_in_whatever_notation() -> None:
    modern = resource(INGRESS_RULE, "modern", rule(cidrIpv4="10.0.0.0/8"))
    old = {
        "securityGroupId": "«web.id»",
        "type": "ingress",
        "protocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
    }
    inline = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8"]}
    others = (
        [resource(OLD_RULE, "old", {**old, "cidrBlocks": ["10.0.0.0/8"]})],
        [resource(GROUP, "web", {"ingress": [inline]})],
    )
    assert opens([WEB, modern], [WEB, *others[0]]) == opens([WEB, *others[0]], others[1]) == []
    wide = resource(GROUP, "web", {"ingress": [{**inline, "cidrBlocks": ["10.0.0.0/8", "0.0.0.0/0"]}]})
    assert opens(others[1], [wide]) == [
        ("port", "web", "the group web admits anywhere (0.0.0.0/0) on tcp 443")
    ]


def test_a_new_part_of_the_stack_in_groups_of_its_own_is_no_news_and_a_group_renamed_by_an_alias_neither() -> (
    None
):
    cache = resource(GROUP, "cache", {})
    door = resource(
        INGRESS_RULE, "in", rule(securityGroupId="«cache.id»", referencedSecurityGroupId="«web.id»")
    )
    assert opens([WEB], [WEB, cache, door]) == []
    assert opens([WEB, cache], [WEB, cache, door]) == [
        ("port", "in", "the group cache admits the group web on tcp 443")
    ]
    other = resource(GROUP, "site", {}, aliases=[{"urn": WEB.urn}])
    before, after = (
        resource(INGRESS_RULE, "in", rule(securityGroupId=g, cidrIpv4="10.0.0.0/8"))
        for g in ("«web.id»", "«site.id»")
    )
    assert opens([WEB, before], [other, after]) == []


def test_what_joins_a_group_is_reached_by_whom_the_group_admits() -> None:
    admitting = resource(INGRESS_RULE, "in", rule(cidrIpv4="10.0.0.0/8"))
    quiet = resource(GROUP, "quiet", {})
    beside = [WEB, quiet, admitting]

    def joining(*groups: str) -> dict[str, Any]:
        return {
            "networkInterfaces": [{"securityGroups": list(groups)}],
            "blockDeviceMappings": [],
            "metadataOptions": {"httpEndpoint": "disabled"},
        }

    found = edited(LAUNCH_TEMPLATE, joining("«quiet.id»"), joining("«quiet.id»", "«web.id»"), *beside)
    assert found == [("port", "it", "it joins the group web, which admits 10.0.0.0/8 on tcp 443")]
    assert edited(LAUNCH_TEMPLATE, joining("«web.id»"), joining("«quiet.id»"), *beside) == []
    assert edited(LAUNCH_TEMPLATE, joining("«web.id»"), joining("sg-0a"), *beside) == [
        ("port", "it", "it joins sg-0a, whose rules are not known here")
    ]
    private = {"vpcSecurityGroupIds": ["«quiet.id»"], "publiclyAccessible": False, "storageEncrypted": True}
    assert edited(DATABASE, private, {**private, "vpcSecurityGroupIds": ["«web.id»"]}, *beside) == [
        ("port", "it", "it joins the group web, which admits 10.0.0.0/8 on tcp 443")
    ]


def test_a_private_subnet_that_gets_a_way_to_the_internet_is_an_exposure() -> None:
    base = [
        resource("aws:ec2/internetGateway:InternetGateway", "gateway", {}),
        resource("aws:ec2/routeTable:RouteTable", "public", {}),
        resource("aws:ec2/routeTable:RouteTable", "private", {}),
        resource(
            ROUTE,
            "internet",
            {"routeTableId": "«public.id»", "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "«gateway.id»"},
        ),
        resource("aws:ec2/subnet:Subnet", "rows", {}),
        resource("aws:ec2/subnet:Subnet", "front", {}),
        resource(JOINED, "front", {"subnetId": "«front.id»", "routeTableId": "«public.id»"}),
    ]
    kept = {"subnetId": "«rows.id»", "routeTableId": "«private.id»"}
    says = [("address", "rows", "rows: the subnet gets a way to the Internet and back")]
    assert edited(JOINED, kept, {**kept, "routeTableId": "«public.id»"}, *base) == says
    assert edited(JOINED, {**kept, "routeTableId": "«public.id»"}, kept, *base) == []
    own = {"routeTableId": "«private.id»", "destinationIpv6CidrBlock": "::/0", "gatewayId": "«gateway.id»"}
    assert edited(ROUTE, None, own, *base, resource(JOINED, "rows", kept)) == says
    nat = {"routeTableId": "«private.id»", "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": "«nat.id»"}
    assert edited(ROUTE, None, nat, *base, resource(JOINED, "rows", kept)) == []
    group = "aws:rds/subnetGroup:SubnetGroup"
    assert edited(group, {"subnetIds": ["«rows.id»"]}, {"subnetIds": ["«rows.id»", "«front.id»"]}, *base) == [
        ("address", "it", "it moves to a subnet with a way to the Internet and back")
    ]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("vpcPeeringConnectionId", "a peered VPC"),
        ("transitGatewayId", "a transit gateway"),
        ("networkInterfaceId", "a network interface"),
    ],
)
def test_a_route_to_another_network_is_an_exposure(key: str, words: str) -> None:
    route = {"routeTableId": "rtb-1", "destinationCidrBlock": "10.9.0.0/16", key: "x-1"}
    says = f"it: 10.9.0.0/16 is reached, and reaches back, through {words}"
    assert edited(ROUTE, None, route) == [("reachable", "it", says)]
    assert edited(ROUTE, route, None) == edited(ROUTE, route, {**route, "region": "eu-west-1"}) == []


def test_access_lists_and_prefix_lists_that_let_more_through_are_exposures() -> None:
    acl = "aws:ec2/networkAcl:NetworkAcl"
    deny = {
        "action": "deny",
        "protocol": "tcp",
        "fromPort": 22,
        "toPort": 22,
        "cidrBlock": "0.0.0.0/0",
        "ruleNo": 1,
    }
    allow = {**deny, "action": "allow", "fromPort": 80, "toPort": 80}
    assert edited(acl, {"ingress": [deny]}, {"ingress": []}) == [
        ("port", "it", "it no longer refuses protocol tcp ports 22-22 from 0.0.0.0/0")
    ]
    assert edited(acl, {"ingress": []}, {"ingress": [allow]}) == [
        ("port", "it", "it lets through protocol tcp ports 80-80 from 0.0.0.0/0")
    ]
    assert edited(acl, {"ingress": [allow]}, {"ingress": [deny]}) == []
    listed = "aws:ec2/managedPrefixList:ManagedPrefixList"
    old, new = (
        {"entries": [{"cidr": cidr} for cidr in cidrs]}
        for cidrs in (["10.0.0.0/8"], ["10.1.0.0/16", "203.0.113.0/24"])
    )
    assert edited(listed, old, new) == [
        ("port", "it", "it: rules that name this list also admit 203.0.113.0/24")
    ]
    assert edited(listed, old, {"entries": [{"cidr": "10.1.0.0/16"}]}) == []


def test_nothing_is_open_in_an_empty_program() -> None:
    assert opens([], []) == []
    assert program().resources == ()
