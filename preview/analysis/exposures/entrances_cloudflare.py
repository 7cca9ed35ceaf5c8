"""What Cloudflare's resources open to others, a record a type.

Ingress rules, Access, rulesets and the zone's settings have judges of their own.
"""

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
from preview.analysis.exposures.versions import Lookup, dicts, placeholder, texts
from preview.resource_types import type_names
from preview.resources import Resource

_TUNNELS = ".cfargotunnel.com"


def _tunnel_of_ours(inputs: Inputs, lookup: Lookup) -> Resource | None:
    """The tunnel of this stack, with ingress rules in this stack, that a record leads to."""
    content = str(inputs.get("content", ""))
    tunnel = lookup.named(content, type_names.TUNNEL) if content.endswith(_TUNNELS) else None
    return tunnel if tunnel and _has_rules(tunnel, lookup) else None


def _has_rules(tunnel: Resource, lookup: Lookup) -> bool:
    return any(
        placeholder(config.inputs.get("tunnelId")) == tunnel.name
        for config in lookup.of(type_names.TUNNEL_CONFIGURATION)
    )


_ADDRESSES = ("A", "AAAA", "CNAME", "HTTPS", "SVCB", "SRV")
_QUIET = (
    "TXT",
    "DS",
    "DNSKEY",
    "TLSA",
    "SSHFP",
    "CERT",
    "SMIMEA",
    "OPENPGPKEY",
    "LOC",
    "NAPTR",
    "URI",
    "PTR",
)


def _record(inputs: Inputs, lookup: Lookup) -> Iterator[str]:
    """Where a name leads, unless a tunnel of this stack answers: `Reach` says who gets in there."""
    kind, name = str(inputs.get("type", "")), inputs.get("name")
    target = inputs.get("content") or inputs.get("data") or "somewhere"
    if kind in _ADDRESSES:
        ours = _tunnel_of_ours(inputs, lookup)
        if ours is None:
            yield f"{name} leads to {target}"
        if inputs.get("proxied") is not True:
            yield f"{name} is asked without Cloudflare in between"
    elif kind == "MX":
        yield f"mail for {name} goes to {target}"
    elif kind == "NS":
        yield f"{target} answers for {name} and all below it"
    elif kind not in (*_QUIET, "CAA"):
        yield f"{name} leads to {target} ({kind or 'a record of an unknown type'})"


def _unruled_tunnel(inputs: Inputs, lookup: Lookup) -> bool:
    """A tunnel whose rules do not stand in this stack."""
    for tunnel in lookup.of(type_names.TUNNEL):
        if tunnel.inputs == inputs:
            return not _has_rules(tunnel, lookup) or inputs.get("configSrc") != "cloudflare"
    return True


def _private_networks(inputs: Inputs, _: Lookup) -> bool:
    return at(inputs, "config.warpRouting.enabled") is True


def _mail_leads(inputs: Inputs, _: Lookup) -> Iterator[str]:
    for action in dicts(inputs.get("actions")):
        yield from (f"{action.get('type')} {value}" for value in texts(action.get("values")) or [""])


_WORKER = "code of a Worker that answers requests"
_LAN = "people with Cloudflare's client, or another network, reach"

CLOUDFLARE: dict[str, tuple[Record, ...]] = {
    # Names and what they lead to
    "cloudflare:index/dnsRecord:DnsRecord": (
        Lists(says="", read=_record, kind="reachable"),
        Guards(
            says="any authority may issue certificates for the name",
            when=is_("type", "CAA"),
        ),
    ),
    "cloudflare:index/zone:Zone": (
        Opens(says="the zone is asked without Cloudflare in between", when=is_("paused", True)),
        Watches(says="another zone", inputs=("name", "type", "vanityNameServers"), kind="unknown"),
    ),
    "cloudflare:index/zoneDnssec:ZoneDnssec": (
        Guards(says="the zone's names are no longer signed", when=is_not("status", "disabled")),
    ),
    "cloudflare:index/zoneHold:ZoneHold": (
        Guards(says="another account may add the zone", when=is_not("hold", False)),
    ),
    "cloudflare:index/loadBalancer:LoadBalancer": (
        Opens(says="a load balancer answers", when=is_not("enabled", False), watched=("*",)),
        Opens(
            says="a load balancer is asked without Cloudflare in between",
            when=lambda inputs, _: inputs.get("proxied") is not True,
        ),
    ),
    "cloudflare:index/loadBalancerPool:LoadBalancerPool": (
        Opens(
            says="a load balancer leads to it",
            when=is_not("enabled", False),
            watched=("origins", "accountId"),
        ),
    ),
    "cloudflare:index/spectrumApplication:SpectrumApplication": entrance("a port of the edge leads to it"),
    "cloudflare:index/customHostname:CustomHostname": entrance("a name of another party leads into the zone"),
    "cloudflare:index/customHostnameFallbackOrigin:CustomHostnameFallbackOrigin": entrance(
        "names of other parties lead to it"
    ),
    "cloudflare:index/web3Hostname:Web3Hostname": entrance("a name leads to a gateway"),
    "cloudflare:index/cloudConnectorRules:CloudConnectorRules": entrance("requests are led to another cloud"),
    "cloudflare:index/pageRule:PageRule": (
        Opens(
            says="requests that the page rule matches are treated otherwise",
            when=is_not("status", "disabled"),
            watched=("*",),
        ),
        Guards(says="the page rule no longer applies", when=is_not("status", "disabled")),
    ),
    "cloudflare:index/emailRoutingRule:EmailRoutingRule": (
        Lists(says="mail is led on:", read=_mail_leads, kind="reachable"),
    ),
    "cloudflare:index/emailRoutingCatchAll:EmailRoutingCatchAll": (
        Lists(says="mail is led on:", read=_mail_leads, kind="reachable"),
    ),
    # Code and storage at the edge
    "cloudflare:index/workersRoute:WorkersRoute": entrance("a Worker answers these requests"),
    "cloudflare:index/workersScript:WorkersScript": entrance(_WORKER),
    "cloudflare:index/worker:Worker": entrance(_WORKER),
    "cloudflare:index/workerVersion:WorkerVersion": entrance(_WORKER),
    "cloudflare:index/workersDeployment:WorkersDeployment": entrance(_WORKER),
    "cloudflare:index/workersCustomDomain:WorkersCustomDomain": entrance("a Worker answers a name"),
    "cloudflare:index/workersScriptSubdomain:WorkersScriptSubdomain": (
        Opens(says="a Worker answers at workers.dev", when=is_not("enabled", False)),
        Opens(says="a Worker's versions answer at workers.dev", when=is_("previewsEnabled", True)),
    ),
    "cloudflare:index/snippet:Snippet": entrance("code at the edge"),
    "cloudflare:index/snippets:Snippets": entrance("code at the edge"),
    "cloudflare:index/snippetRules:SnippetRules": entrance("code at the edge answers these requests"),
    "cloudflare:index/pagesProject:PagesProject": entrance("a site of Pages, which faces the Internet"),
    "cloudflare:index/pagesDomain:PagesDomain": entrance("a name of a site of Pages"),
    "cloudflare:index/r2CustomDomain:R2CustomDomain": (
        Opens(says="a bucket answers at a name", when=is_not("enabled", False), watched=("*",)),
    ),
    "cloudflare:index/r2ManagedDomain:R2ManagedDomain": (
        Opens(says="a bucket answers at r2.dev, to everyone", when=is_not("enabled", False)),
    ),
    "cloudflare:index/r2BucketCors:R2BucketCors": entrance("pages of other origins may ask the bucket"),
    "cloudflare:index/logpushJob:LogpushJob": (
        Opens(
            says="requests' logs are sent elsewhere",
            when=is_not("enabled", False),
            watched=("destinationConf", "dataset", "filter", "outputOptions"),
        ),
    ),
    # Private networks
    "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared": (
        Opens(says="a tunnel whose rules do not stand in this stack", when=_unruled_tunnel),
    ),
    "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig": (
        Opens(says="the tunnel leads to private networks", when=_private_networks),
    ),
    "cloudflare:index/zeroTrustTunnelCloudflaredRoute:ZeroTrustTunnelCloudflaredRoute": entrance(
        f"{_LAN} a private network", "network", "tunnelId", "virtualNetworkId"
    ),
    "cloudflare:index/zeroTrustNetworkHostnameRoute:ZeroTrustNetworkHostnameRoute": entrance(
        f"{_LAN} a private name"
    ),
    "cloudflare:index/zeroTrustTunnelWarpConnector:ZeroTrustTunnelWarpConnector": entrance(
        f"{_LAN} a private network"
    ),
    "cloudflare:index/zeroTrustAccessInfrastructureTarget:ZeroTrustAccessInfrastructureTarget": entrance(
        f"{_LAN} a machine by SSH"
    ),
    "cloudflare:index/magicWanGreTunnel:MagicWanGreTunnel": entrance("another network is joined"),
    "cloudflare:index/magicWanIpsecTunnel:MagicWanIpsecTunnel": entrance("another network is joined"),
    "cloudflare:index/magicWanStaticRoute:MagicWanStaticRoute": entrance("another network is joined"),
    "cloudflare:index/zeroTrustDeviceCustomProfile:ZeroTrustDeviceCustomProfile": (
        Watches(
            says="devices are let through otherwise",
            inputs=(
                "allowModeSwitch",
                "allowedToLeave",
                "excludes",
                "includes",
                "match",
                "switchLocked",
                "serviceModeV2",
            ),
            kind="login loosened",
        ),
    ),
    "cloudflare:index/zeroTrustDeviceDefaultProfile:ZeroTrustDeviceDefaultProfile": (
        Watches(
            says="devices are let through otherwise",
            inputs=(
                "allowModeSwitch",
                "allowedToLeave",
                "excludes",
                "includes",
                "switchLocked",
                "serviceModeV2",
            ),
            kind="login loosened",
        ),
    ),
    # Who vouches
    "cloudflare:index/zeroTrustAccessMtlsCertificate:ZeroTrustAccessMtlsCertificate": (
        Opens(
            says="another authority says which machines are let in",
            kind="login loosened",
            watched=("certificate", "associatedHostnames"),
        ),
    ),
    "cloudflare:index/mtlsCertificate:MtlsCertificate": (
        Opens(
            says="another authority says which machines are let in",
            kind="login loosened",
            watched=("certificates", "ca"),
        ),
    ),
    "cloudflare:index/zeroTrustAccessShortLivedCertificate:ZeroTrustAccessShortLivedCertificate": (
        Opens(says="an application signs SSH keys", kind="login loosened", watched=("appId",)),
    ),
    "cloudflare:index/zeroTrustDevicePostureRule:ZeroTrustDevicePostureRule": (
        Watches(
            says="what a device must be is another",
            inputs=("type", "input", "match", "expiration", "schedule"),
            kind="login loosened",
        ),
    ),
    "cloudflare:index/ssoConnector:SsoConnector": (
        Opens(says="another party says who may use the account", kind="login loosened", watched=("*",)),
    ),
    # Who may change the zone
    "cloudflare:index/apiToken:ApiToken": right("a token that may use the account"),
    "cloudflare:index/accountToken:AccountToken": right("a token that may use the account"),
    "cloudflare:index/accountMember:AccountMember": right("somebody may use the account"),
    "cloudflare:index/userGroup:UserGroup": right("a group of people may use the account"),
    "cloudflare:index/userGroupMembers:UserGroupMembers": right("other people may use the account"),
    "cloudflare:index/oauthClient:OauthClient": right("an app may use the account"),
    "cloudflare:index/share:Share": right("resources are shared with other accounts"),
    "cloudflare:index/shareRecipient:ShareRecipient": right("another account gets a share"),
    "cloudflare:index/shareResource:ShareResource": right("a resource is shared with other accounts"),
    # What guards the zone beside its rulesets
    "cloudflare:index/accessRule:AccessRule": (
        Opens(
            says="these addresses pass every rule",
            kind="rule weakened",
            when=is_("mode", "whitelist"),
            watched=("configuration",),
        ),
        Guards(says="these addresses are no longer held back", when=is_not("mode", "whitelist")),
        Watches(says="other addresses are held back, or otherwise", inputs=("configuration", "mode")),
    ),
    "cloudflare:index/zoneLockdown:ZoneLockdown": (
        Guards(says="the places are open to every address", when=is_not("paused", True)),
        Watches(says="other places, or for other addresses", inputs=("configurations", "urls")),
    ),
    "cloudflare:index/userAgentBlockingRule:UserAgentBlockingRule": (
        Guards(says="this client is no longer held back", when=is_not("paused", True)),
        Watches(says="other clients are held back, or otherwise", inputs=("configuration", "mode")),
    ),
    "cloudflare:index/botManagement:BotManagement": (
        Guards(says="bots are no longer held back"),
        Watches(
            says="bots are held back otherwise",
            inputs=(
                "aiBotsProtection",
                "crawlerProtection",
                "enableJs",
                "fightMode",
                "optimizeWordpress",
                "sbfmDefinitelyAutomated",
                "sbfmLikelyAutomated",
                "sbfmStaticResourceProtection",
                "sbfmVerifiedBots",
                "suppressSessionScore",
            ),
        ),
    ),
    "cloudflare:index/pageShieldPolicy:PageShieldPolicy": (
        Guards(says="pages may load any script", when=is_not("enabled", False)),
        Watches(says="pages may load other scripts", inputs=("action", "expression", "value")),
    ),
    "cloudflare:index/leakedCredentialCheck:LeakedCredentialCheck": (
        Guards(says="known passwords are no longer noticed", when=is_not("enabled", False)),
    ),
    "cloudflare:index/contentScanning:ContentScanning": (
        Guards(says="uploads are no longer scanned", when=is_not("value", "disabled")),
    ),
    "cloudflare:index/apiShieldOperation:ApiShieldOperation": (
        Guards(says="the API's operation is no longer guarded"),
    ),
    "cloudflare:index/schemaValidationSettings:SchemaValidationSettings": (
        Guards(
            says="requests that do not fit the schema are let through",
            when=is_("validationDefaultMitigationAction", "block"),
        ),
    ),
    "cloudflare:index/authenticatedOriginPulls:AuthenticatedOriginPulls": (
        Guards(says="the origin no longer knows Cloudflare by its certificate"),
        Watches(says="the origin knows Cloudflare by another certificate", inputs=("configs",)),
    ),
    "cloudflare:index/authenticatedOriginPullsSettings:AuthenticatedOriginPullsSettings": (
        Guards(
            says="the origin no longer knows Cloudflare by its certificate", when=is_not("enabled", False)
        ),
    ),
    "cloudflare:index/hostnameTlsSetting:HostnameTlsSetting": (
        Guards(says="the name takes the zone's settings of TLS"),
        Watches(says="the name takes other TLS", inputs=("value", "settingId", "hostname")),
    ),
    "cloudflare:index/managedTransforms:ManagedTransforms": (
        Watches(
            says="headers are changed otherwise", inputs=("managedRequestHeaders", "managedResponseHeaders")
        ),
    ),
    "cloudflare:index/list:List": (
        Watches(says="the list that rules read is another", inputs=("items", "kind", "name")),
    ),
    "cloudflare:index/listItem:ListItem": (
        Opens(says="the list that rules read has one more entry", kind="unknown", watched=("*",)),
        Guards(says="the list that rules read has one entry less"),
    ),
    "cloudflare:index/zeroTrustList:ZeroTrustList": (
        Watches(
            says="the list that policies read is another", inputs=("items", "type"), kind="login loosened"
        ),
    ),
    "cloudflare:index/zeroTrustGatewayPolicy:ZeroTrustGatewayPolicy": (
        Opens(
            says="people with Cloudflare's client may go further",
            kind="unknown",
            when=is_set("enabled"),
            watched=("*",),
        ),
        Guards(says="Gateway no longer asks this", when=is_set("enabled")),
    ),
}
