"""The posture: what must hold of a stack's resources, as data.

Every rule says what it is about, why it matters and what cures it. `preview.posture.checks` has one check for each; the
report, the policy pack (`policy/`) and the documentation (`docs/posture.md`) read this one list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "high", "medium", "low", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low", "info")
"""From the gravest. The policy pack refuses the first two and tells the others."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """``id`` is what a suppression names; ``title`` is the promise that a finding breaks."""

    id: str
    severity: Severity
    title: str
    why: str
    cure: str


RULES: tuple[Rule, ...] = (
    # --- ways in ------------------------------------------------------------------------------------------------------
    Rule(
        id="inbound-cidr",
        severity="critical",
        title="No inbound rule names an address range",
        why="The tunnel is the only way in. A rule with a CIDR or a prefix list is a port that strangers can try.",
        cure="Remove the rule; let one security group reach another by its id.",
    ),
    Rule(
        id="workload-inbound",
        severity="critical",
        title="Nothing reaches the machines' own group",
        why="The connector dials out, so the group that may reach the database needs no inbound rule, and has none to widen.",
        cure="Put a rule that must be in a group of its own, as SSH is.",
    ),
    Rule(
        id="ssh-endpoint",
        severity="critical",
        title="Machines take SSH from the Instance Connect Endpoint alone",
        why="The endpoint asks IAM before it opens a connection, and every session is in CloudTrail.",
        cure="Admit tcp/22 from the endpoint's security group and nothing else.",
    ),
    Rule(
        id="other-entrance",
        severity="critical",
        title="There is no entrance beside the tunnel",
        why="A public load balancer, an open function URL or a public API is reached past the edge, its firewall and its logins.",
        cure="Make a route for it, or make it internal.",
    ),
    Rule(
        id="default-group",
        severity="low",
        title="The VPC's default security group is emptied",
        why="AWS's default group lets its members talk to each other and to the world; things land in it by mistake.",
        cure="Manage it with `ingress: []` and `egress: []`.",
    ),
    Rule(
        id="public-address",
        severity="info",
        title="Machines have public addresses",
        why="They are for outbound traffic, in place of a NAT gateway, and no inbound rule admits anyone; know it all the same.",
        cure="Private subnets behind a NAT gateway, an adopted VPC's for example, do without; see the cost first.",
    ),
    # --- ways out -----------------------------------------------------------------------------------------------------
    Rule(
        id="egress-open",
        severity="high",
        title="Outbound traffic is listed",
        why="Whoever takes over a container can send data anywhere and fetch tools from anywhere.",
        cure="Name ports and, where they are known, ranges (`network.egress`).",
    ),
    Rule(
        id="egress-extra",
        severity="info",
        title="The stack lets machines reach more than they need to run",
        why="Each further destination is one more road for data that leaves.",
        cure="Check that the reason given under `network.egress` still holds.",
    ),
    Rule(
        id="flow-logs",
        severity="low",
        title="The VPC's traffic is recorded",
        why="Without flow logs nobody can say afterwards what a machine talked to. They cost by volume, so none are made.",
        cure="Make an `aws.ec2.FlowLog` for the VPC, or suppress this with the reason.",
    ),
    # --- the edge -----------------------------------------------------------------------------------------------------
    Rule(
        id="catch-all",
        severity="critical",
        title="The connector answers 404 to whatever has no route",
        why="A last rule that is a service, or a rule without a hostname, serves every name that is ever pointed at the tunnel.",
        cure="Let the last ingress rule be `http_status:404`, and name a hostname in all others.",
    ),
    Rule(
        id="hostname-dns",
        severity="high",
        title="Every routed hostname has its proxied DNS record, and the reverse",
        why="A record without a route is a name that others may claim; one that is not proxied is past firewall and Access.",
        cure="Let the routes make the records: a CNAME to the tunnel, proxied, TTL 1.",
    ),
    Rule(
        id="access-decision",
        severity="critical",
        title="What Access protects, the connector checks too",
        why="An application alone guards its own spelling of host and path; the connector's check of the token holds for any.",
        cure="Let both come from the route's `access`: an application whose destinations cover it and `originRequest.access`.",
    ),
    Rule(
        id="application-policy",
        severity="critical",
        title="Every Access application has a policy, in a definite order",
        why="Without a policy of its own an application refuses everyone or takes what the account's defaults say.",
        cure="Attach policies with the precedences 1, 2, 3 …",
    ),
    Rule(
        id="access-everyone",
        severity="high",
        title="A login lets in named people, not everyone who has one",
        why="With one-time PIN or a public provider, anybody with a mail address can log in.",
        cure="Name emails, domains, groups or claims under `allow`; add what must also hold under `require`.",
    ),
    Rule(
        id="access-by-address",
        severity="high",
        title="An address or a country alone opens no door",
        why="Addresses are shared, spoofed by proxies and reassigned; nobody is identified or recorded.",
        cure="Name people under `allow` and put addresses under `require`.",
    ),
    Rule(
        id="admin-mfa",
        severity="medium",
        title="Administration needs a second factor",
        why="One stolen mailbox or session is otherwise enough to administer the app.",
        cure="`mfa: true` on the entry of `access` that the route names.",
    ),
    Rule(
        id="session-long",
        severity="low",
        title="A login lasts a day at most",
        why="Until it ends, a stolen session works and a person who left still gets in.",
        cure="Shorten `session`.",
    ),
    Rule(
        id="service-token-long",
        severity="low",
        title="A service token lasts a year at most",
        why="A credential that never ends is never replaced, and nobody notices where it is used.",
        cure="Give the token a duration of 8760h or less.",
    ),
    Rule(
        id="login-cookie",
        severity="medium",
        title="The login's cookie is out of reach of scripts and other sites",
        why="A script or a foreign form could otherwise use a visitor's session.",
        cure="`http_only_cookie_attribute` true, `same_site_cookie_attribute` lax or strict.",
    ),
    Rule(
        id="shared-host-paths",
        severity="high",
        title="A protected path on a public host is guarded against odd spellings",
        why="Access, the connector and the app may read `//admin` or `%2fadmin` differently; one of them lets it pass.",
        cure="Normalise paths at the edge and refuse encoded separators (`firewall.owner`), or use a hostname of its own.",
    ),
    Rule(
        id="public-waf",
        severity="medium",
        title="Public routes stand behind managed firewall rules",
        why="Known exploits are tried on every public name within hours.",
        cure="`firewall.managed: true` (Pro and above), in the stack that owns the zone's rules.",
    ),
    Rule(
        id="public-rate-limit",
        severity="low",
        title="Public hosts have a rate limit",
        why="Without one a single client can exhaust the machines or guess passwords at full speed.",
        cure="Add an entry to `firewall.rateLimits` for the host or its costly paths.",
    ),
    Rule(
        id="zone-tls",
        severity="medium",
        title="The zone takes HTTPS alone, TLS 1.2 or newer, and verifies its origins",
        why="Older TLS is broken, plain HTTP can be read and changed on its way.",
        cure='`firewall.zone`: `minTls: "1.2"`, `alwaysHttps: true`, `ssl: strict`.',
    ),
    Rule(
        id="origin-tls",
        severity="medium",
        title="The connector verifies the certificate of an HTTPS service",
        why="With noTLSVerify any container on the network can pose as the service.",
        cure="Give `caPool` and `originServerName`, or speak http:// on the machine's own network.",
    ),
    Rule(
        id="tunnel-managed",
        severity="high",
        title="The tunnel is managed by this stack, its secret unknown to others",
        why="A locally managed tunnel takes its rules from a file on a machine: what is reviewed is not what runs.",
        cure="`config_src: cloudflare` and a secret made by the stack.",
    ),
    Rule(
        id="ruleset-identity",
        severity="medium",
        title="A zone has one ruleset a phase, its rules with stable names",
        why="The API refuses a second entry point in mid-update; rules without `ref` show as changed in every run.",
        cure="One ruleset a phase, deleted before it is replaced, each rule with a `ref` of its own.",
    ),
    # --- machines -----------------------------------------------------------------------------------------------------
    Rule(
        id="imds",
        severity="high",
        title="A machine's credentials are out of reach of its containers",
        why="Through IMDSv1, or a second network hop, a request forged in a container reads the machine's AWS credentials.",
        cure="`http_tokens: required` and `http_put_response_hop_limit: 1`.",
    ),
    Rule(
        id="ssh-key",
        severity="medium",
        title="Machines carry no key pair",
        why="A key is kept by people, copied, and outlives them; Instance Connect needs none.",
        cure="Leave out `key_name`.",
    ),
    Rule(
        id="disk-encryption",
        severity="high",
        title="Disks are encrypted",
        why="Copies and snapshots of a disk leave the machine with what was on it.",
        cure="`encrypted: true` on every volume.",
    ),
    Rule(
        id="iam-wildcard",
        severity="high",
        title="The machines' role names actions and resources",
        why="Whoever gets the machine's credentials gets all that its role may do.",
        cure="List the actions and the resources' ARNs, or bind `*` with a condition.",
    ),
    Rule(
        id="iam-trust",
        severity="high",
        title="Only a named service or account may take a role",
        why="A role that anyone may assume is everyone's.",
        cure="Name the service or the account, the latter with a condition such as sts:ExternalId.",
    ),
    Rule(
        id="image-mutable",
        severity="medium",
        title="Images have versions",
        why="`latest` moves: two machines may run two versions, and nobody can go back to the one that worked.",
        cure="Name a version or a digest in the compose file.",
    ),
    Rule(
        id="image-digest",
        severity="info",
        title="Images are pinned by digest",
        why="Who controls the registry can push another image under a tag; a digest cannot be moved.",
        cure="Write NAME:TAG@sha256:… for images that are not your own builds.",
    ),
    Rule(
        id="release-order",
        severity="high",
        title="A release is a new group that is healthy before the old one goes",
        why="Otherwise a broken release takes the service down, and the next `up` may delete the machines that still work.",
        cure="Keep the group's replacement options and its launch hook as `components/host.py` has them.",
    ),
    Rule(
        id="single-machine",
        severity="info",
        title="One machine serves",
        why="While it is replaced after a failure, for the length of a boot, nothing answers.",
        cure="`host.replicas: 2`.",
    ),
    # --- state --------------------------------------------------------------------------------------------------------
    Rule(
        id="database-public",
        severity="critical",
        title="The database has no public address",
        why="A database that the Internet can reach is scanned and attacked within minutes.",
        cure="`publicly_accessible: false`, in private subnets.",
    ),
    Rule(
        id="state-encryption",
        severity="high",
        title="Databases and files are encrypted at rest",
        why="Snapshots and backups are copies; encryption can be switched on at creation alone.",
        cure="`storage_encrypted` (RDS) or `encrypted` (EFS) true.",
    ),
    Rule(
        id="database-tls",
        severity="high",
        title="The database takes TLS connections alone",
        why="PostgreSQL below 15 on RDS, or with rds.force_ssl off, lets a client send its password in the clear.",
        cure="Version 15 or newer, and leave rds.force_ssl at 1.",
    ),
    Rule(
        id="database-password",
        severity="high",
        title="The master password is kept by RDS",
        why="A password in a program is in state, in logs and in heads; RDS makes, keeps and rotates its own.",
        cure="`manage_master_user_password: true`, and no `password`.",
    ),
    Rule(
        id="backups",
        severity="high",
        title="Databases and files are backed up",
        why="Deletion protection does not help against a wrong UPDATE.",
        cure="`database.backupDays` of 1 or more; an EFS backup policy that is ENABLED.",
    ),
    Rule(
        id="backups-short",
        severity="low",
        title="Backups reach back a week",
        why="Damage done on a Friday is often seen after the weekend.",
        cure="`database.backupDays: 7` or more.",
    ),
    Rule(
        id="final-snapshot",
        severity="high",
        title="A deleted database leaves a snapshot",
        why="The last state is otherwise gone with the instance.",
        cure="`drawbridge:protect: true`, or `skip_final_snapshot: false`.",
    ),
    Rule(
        id="deletion-protection",
        severity="high",
        title="What holds state is protected from deletion",
        why="A renamed resource or a mistyped `destroy` would take the data with it.",
        cure="`drawbridge:protect: true`: Pulumi's `protect`, and AWS's deletion protection for the database.",
    ),
    Rule(
        id="files-transit",
        severity="low",
        title="Files are encrypted on the way to the machines",
        why="NFS is plain inside the VPC; Ubuntu's archive has no helper that would mount EFS over TLS.",
        cure="Encrypt in the app what must not be read inside the VPC, or suppress this with the reason.",
    ),
    Rule(
        id="single-zone",
        severity="info",
        title="The database stands in one zone",
        why="When its zone fails, the database is away until AWS brings it back or a backup is restored.",
        cure="`database.multiAz: true`; it doubles the database's price.",
    ),
    # --- secrets ------------------------------------------------------------------------------------------------------
    Rule(
        id="secret-in-open",
        severity="critical",
        title="What is secret is secret everywhere",
        why="A secret in a plain input stands in state, in previews and in logs, for good.",
        cure="Keep it inside a Pulumi secret; see where it was unwrapped.",
    ),
    Rule(
        id="credential-in-text",
        severity="critical",
        title="No credential is written into a text",
        why="What looks like a key in a file, a variable or a description is one, and is in version control too.",
        cure="Take it out, revoke it, and give its successor by `pulumi config set --secret`.",
    ),
    Rule(
        id="secret-in-env",
        severity="medium",
        title="Variables with a secret's name have a secret's value",
        why="`app.env` and the compose file are plain: their values are in version control and in every preview.",
        cure="Name the variable in `app.secrets` or `app.generate`.",
    ),
    Rule(
        id="parameter-plain",
        severity="high",
        title="A secret parameter is a SecureString",
        why="A String parameter is stored and listed in the clear.",
        cure="`type: SecureString`.",
    ),
    Rule(
        id="secret-file",
        severity="high",
        title="Secrets on a machine are in files that root alone reads",
        why="Any other process of the machine could read them.",
        cure="Permissions 0600 for every file that holds one.",
    ),
    Rule(
        id="user-data-secrets",
        severity="low",
        title="User data holds no secrets",
        why="Whoever may describe launch templates in the account can read them.",
        cure="`drawbridge:secretDelivery: parameter-store`.",
    ),
    # --- seeing -------------------------------------------------------------------------------------------------------
    Rule(
        id="log-retention",
        severity="medium",
        title="Logs are kept for a set time, a week at least",
        why="For ever costs more each month and keeps what people asked to be deleted; days are too short to find a break-in.",
        cure="`host.logDays`.",
    ),
    Rule(
        id="logs-leave",
        severity="medium",
        title="Logs leave the machine",
        why="A replaced machine takes its journal with it, and who broke in can change it.",
        cure="`host.logs: cloudwatch`.",
    ),
    Rule(
        id="alerts",
        severity="low",
        title="Somebody is told when the stack is in trouble",
        why="Without alarms the first to notice are the visitors.",
        cure="Give addresses under `alerts.emails`.",
    ),
    # --- house rules --------------------------------------------------------------------------------------------------
    Rule(
        id="ownership",
        severity="low",
        title="Every resource belongs to a component and carries the stack's prefix",
        why="Two stacks in one account would otherwise fight over names, and options such as `protect` would not be inherited.",
        cure="Give the resource its component as `parent` and a name that begins with PROJECT-STACK-.",
    ),
)

BY_ID: dict[str, Rule] = {rule.id: rule for rule in RULES}
