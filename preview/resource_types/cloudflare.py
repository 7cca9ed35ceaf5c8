"""Cloudflare: tunnel, DNS, Access, rules, settings."""

from __future__ import annotations

from preview.resource_types import type_names
from preview.resource_types.record import ResourceType, names

TYPES = (
    ResourceType(
        type=type_names.DNS_RECORD,
        terraform="cloudflare_dns_record",
        replaces=names("zoneId type"),
        updates=names(
            """
            comment content data includeShadowMetadata name priority privateRouting proxied settings tags ttl
            """
        ),
        sets=names("tags"),
        needed="the hostname does not resolve until its record is there again",
    ),
    ResourceType(
        type="cloudflare:index/notificationPolicy:NotificationPolicy",
        terraform="cloudflare_notification_policy",
        replaces=names("accountId"),
        updates=names("alertInterval alertType description enabled filters mechanisms name"),
        sets=names("mechanisms.emails mechanisms.pagerduties mechanisms.webhooks"),
        renamed={
            "alertTriggerPreferencesValues": "alert_trigger_preferences_value",
            "airportCodes": "airport_code",
            "emails": "email",
            "enableds": "enabled",
            "environments": "environment",
            "eventSources": "event_source",
            "eventTypes": "event_type",
            "events": "event",
            "groupBies": "group_by",
            "healthCheckIds": "health_check_id",
            "incidentImpacts": "incident_impact",
            "insightClasses": "insight_class",
            "limits": "limit",
            "newHealths": "new_health",
            "newStatuses": "new_status",
            "pagerduties": "pagerduty",
            "poolIds": "pool_id",
            "products": "product",
            "projectIds": "project_id",
            "protocols": "protocol",
            "statuses": "status",
            "targetHostnames": "target_hostname",
            "targetIps": "target_ip",
            "targetZoneNames": "target_zone_name",
            "tunnelIds": "tunnel_id",
            "tunnelNames": "tunnel_name",
            "types": "type",
            "wheres": "where",
        },
    ),
    ResourceType(
        type=type_names.RULESET,
        terraform="cloudflare_ruleset",
        replaces=names("kind name phase zoneId accountId"),
        updates=names("description rules"),
        changing=names("version"),
    ),
    ResourceType(
        type=type_names.URL_NORMALIZATION,
        terraform="cloudflare_url_normalization_settings",
        replaces=names("zoneId"),
        updates=names("scope type"),
    ),
    ResourceType(
        type=type_names.ACCESS_APPLICATION,
        terraform="cloudflare_zero_trust_access_application",
        replaces=names("accountId zoneId"),
        updates=names(
            """
            allowAuthenticateViaWarp allowIframe allowedIdps appLauncherLogoUrl appLauncherVisible
            autoRedirectToIdentity bgColor corsHeaders customDenyMessage customDenyUrl
            customNonIdentityDenyUrl customPages destinations domain enableBindingCookie footerLinks
            headerBgColor httpOnlyCookieAttribute landingPageDesign logoUrl mfaConfig name oauthConfiguration
            optionsPreflightBypass pathCookieAttribute policies readServiceTokensFromHeader saasApp
            sameSiteCookieAttribute scimConfig selfHostedDomains serviceAuth401Redirect sessionDuration
            skipAppLauncherLoginPage skipInterstitial tags targetCriterias type
            """
        ),
        sets=names(
            """
            allowedIdps corsHeaders.allowedHeaders corsHeaders.allowedMethods corsHeaders.allowedOrigins
            policies.excludes policies.includes policies.requires selfHostedDomains tags
            """
        ),
        renamed={
            "excludes": "exclude",
            "includes": "include",
            "requires": "require",
            "serviceAuth401Redirect": "service_auth_401_redirect",
            "targetCriterias": "target_criteria",
        },
    ),
    ResourceType(
        type="cloudflare:index/zeroTrustAccessGroup:ZeroTrustAccessGroup",
        terraform="cloudflare_zero_trust_access_group",
        replaces=names("accountId zoneId"),
        updates=names("excludes includes isDefault name requires"),
        renamed={"excludes": "exclude", "includes": "include", "requires": "require"},
    ),
    ResourceType(
        type=type_names.IDENTITY_PROVIDER,
        terraform="cloudflare_zero_trust_access_identity_provider",
        replaces=names("accountId zoneId type"),
        updates=names("config name readOnly samlCertificateSetId scimConfig"),
    ),
    ResourceType(
        type=type_names.ACCESS_POLICY,
        terraform="cloudflare_zero_trust_access_policy",
        replaces=names("accountId"),
        updates=names(
            """
            approvalGroups approvalRequired connectionRules decision excludes includes isolationRequired
            mfaConfig name purposeJustificationPrompt purposeJustificationRequired requires sessionDuration
            """
        ),
        sets=names("approvalGroups excludes includes requires"),
        renamed={"excludes": "exclude", "includes": "include", "requires": "require"},
    ),
    ResourceType(
        type=type_names.SERVICE_TOKEN,
        terraform="cloudflare_zero_trust_access_service_token",
        replaces=names("accountId zoneId"),
        updates=names("clientSecretVersion duration enabled name previousClientSecretExpiresAt"),
        changing=names("clientSecret"),
        needed="its clients are refused until they are given the new token",
    ),
    ResourceType(
        type=type_names.TUNNEL,
        terraform="cloudflare_zero_trust_tunnel_cloudflared",
        replaces=names("accountId configSrc"),
        updates=names("name tunnelSecret"),
        needed="the connectors of the old tunnel are cut off, and the new tunnel's come with the new machines",
        state="the tunnel's identity",
    ),
    ResourceType(
        type=type_names.TUNNEL_CONFIGURATION,
        terraform="cloudflare_zero_trust_tunnel_cloudflared_config",
        replaces=names("accountId tunnelId"),
        updates=names("config source"),
        needed="no hostname leads to a service until the rules are there again",
        renamed={"audTags": "aud_tag", "ingresses": "ingress"},
    ),
    ResourceType(
        type=type_names.ZONE_SETTING,
        terraform="cloudflare_zone_setting",
        replaces=names("zoneId settingId"),
        updates=names("enabled value"),
    ),
)
