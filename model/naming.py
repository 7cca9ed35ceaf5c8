"""Every logical name of a stack's resources, once: components build their names here, and reports recognise them here.

A stack's names begin with `PROJECT-STACK`, then the component, then what the component calls the resource. Both
`PROJECT` and `STACK` may hold dashes, so a name is never taken apart by a pattern: it is compared with the name that this
module builds for the same stack. A changed name replaces the resource.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

PATH_GUARD = "path-guard"
"""The custom rule that guards paths on shared hosts."""


@dataclass(frozen=True)
class Component:
    """The names of one component's resources; ``name`` is the component's own."""

    name: str

    def child(self, label: str) -> str:
        return f"{self.name}-{label}"

    def label(self, name: str) -> str | None:
        """What `child` made the name of; None if it is no name of this component's."""
        prefix = self.child("")
        return name.removeprefix(prefix) if name.startswith(prefix) else None


class Network(Component):
    def group(self, role: str) -> str:
        """A security group: `workload`, `ssh`, `endpoint`, `database`, `storage`."""
        return self.child(role)

    def inbound(self, label: str) -> str:
        return self.child(f"{label}-in")

    def outbound(self, label: str) -> str:
        return self.child(f"{label}-out")

    def egress(self, label: str) -> str:
        return self.child(f"egress-{label}")

    def subnet(self, kind: str, index: int) -> str:
        """A subnet, and its association with the route table of its kind (`public`, `private`)."""
        return self.child(f"{kind}-{index}")

    def route_table(self, kind: str) -> str:
        return self.child(kind)

    @property
    def vpc(self) -> str:
        return self.child("vpc")

    @property
    def default_group(self) -> str:
        return self.child("default")

    @property
    def gateway(self) -> str:
        return self.child("gateway")

    @property
    def internet_route(self) -> str:
        return self.child("internet")

    @property
    def endpoint(self) -> str:
        return self.child("endpoint")


class Secrets(Component):
    def generated(self, variable: str) -> str:
        """The generated value of a variable (`app.generate`)."""
        return self.child(variable)


class Parameters(Component):
    def parameter(self, variable: str) -> str:
        return self.child(variable)


def parameter_path(stack: str, variable: str) -> str:
    """A parameter's name in the parameter store."""
    return f"/drawbridge/{stack}/{variable}"


class Database(Component):
    def parameters(self, family: str) -> str:
        return self.child(family)

    @property
    def subnets(self) -> str:
        return self.child("subnets")

    @property
    def final_suffix(self) -> str:
        return self.child("final")

    def final_snapshot(self, suffix: str) -> str:
        return self.child(f"final-{suffix}")

    @property
    def instance(self) -> str:
        return self.child("postgres")

    @property
    def password(self) -> str:
        return self.child("password")


class Storage(Component):
    @property
    def file_system(self) -> str:
        return self.child("files")

    @property
    def backup(self) -> str:
        return self.child("backup")

    def mount_target(self, index: int) -> str:
        return self.child(str(index))


class Access(Component):
    def service_token(self, key: str) -> str:
        return self.child(f"token-{key}")

    def provider(self, key: str) -> str:
        return self.child(f"login-{key}")

    def policy(self, key: str) -> str:
        return self.child(f"policy-{key}")

    def application(self, key: str) -> str:
        return self.child(f"app-{key}")

    def service_token_key(self, name: str) -> str | None:
        """The entry of `serviceTokens` that a token's name was made of."""
        return Component(self.child("token")).label(name)

    def provider_key(self, name: str) -> str | None:
        """The key under `identityProviders` that a provider's name was made of."""
        return Component(self.child("login")).label(name)


def former_application_keys(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What an application was called before it was called after its place: all paths of a host that one policy covers.

    `a-b.example.com` and `a.b.example.com` read alike with dashes, `*` and `any` too: of such, all but the first get a digest.
    """
    keys: dict[tuple[str, str], str] = {}
    for host, access in sorted(set(pairs)):
        key = f"{host.replace('*', 'any').replace('.', '-')}-{access}"
        digest = hashlib.sha256(f"{host}/{access}".encode()).hexdigest()[:8]
        keys[host, access] = f"{key}-{digest}" if key in keys.values() else key
    return keys


class Tunnel(Component):
    @property
    def secret(self) -> str:
        return self.child("secret")

    @property
    def tunnel(self) -> str:
        return self.child("tunnel")

    @property
    def ingress(self) -> str:
        return self.child("ingress")

    def dns(self, hostname: str) -> str:
        return self.child(f"dns-{hostname}")


class Firewall(Component):
    def ruleset(self, label: str) -> str:
        return self.child(label)

    def zone_setting(self, setting: str) -> str:
        return self.child(setting.replace("_", "-"))

    @property
    def normalisation(self) -> str:
        return self.child("paths")

    def rule(self, label: str) -> str:
        """A rule's `ref`, which keeps its identity between runs."""
        return self.child(label)

    def path_guard(self, part: int = 1) -> str:
        """The rule that guards paths; where its hosts do not fit into one expression, part 2 and so on."""
        return self.rule(PATH_GUARD if part == 1 else f"{PATH_GUARD}-{part}")


_GUARD_END = re.compile(rf"-firewall-{PATH_GUARD}(?:-[1-9][0-9]*)?$")


def is_path_guard(ref: str) -> bool:
    """Whether a rule is a stack's path guard: the zone's owner merges those of other stacks, whose names it does not know.

    `may_name_a_rule` keeps every other rule from ending so.
    """
    return _GUARD_END.search(ref) is not None


def may_name_a_rule(name: str) -> bool:
    """Whether a rule of `firewall.rules` or `firewall.rateLimits` may have this name: it must not read like the guard's."""
    return not is_path_guard(f"-firewall-{name}") and not is_path_guard(f"-{name}")


class Host(Component):
    @property
    def logs(self) -> str:
        return self.child("logs")

    @property
    def role(self) -> str:
        return self.child("role")

    @property
    def policy(self) -> str:
        return self.child("policy")

    @property
    def profile(self) -> str:
        return self.child("profile")

    @property
    def template(self) -> str:
        return self.child("template")

    @property
    def group(self) -> str:
        return self.child("group")

    @property
    def any_group(self) -> str:
        """A pattern of the group's names at AWS, which end in letters that Pulumi adds."""
        return self.child("group-*")


def host_of_template(name: str) -> str:
    """The host whose launch template has this name."""
    return name.removesuffix(Host("").template)


class Alerts(Component):
    @property
    def topic(self) -> str:
        return self.child("topic")

    def subscription(self, email: str) -> str:
        return self.child(email)

    @property
    def error_filter(self) -> str:
        return self.child("errors")

    @property
    def tunnel(self) -> str:
        return self.child("tunnel")

    def alarm(self, label: str) -> str:
        return self.child(label)


@dataclass(frozen=True)
class Names:
    """All names of one stack."""

    project: str
    stack: str

    @classmethod
    def of_urn(cls, urn: str) -> Names:
        """The names of the stack that a resource's URN (`urn:pulumi:STACK::PROJECT::TYPE::NAME`) names."""
        head, project, *_ = urn.split("::")
        return cls(project, head.removeprefix("urn:pulumi:"))

    @property
    def prefix(self) -> str:
        """The stack's own name, which every resource's name begins with."""
        return f"{self.project}-{self.stack}"

    def _component(self, label: str) -> str:
        return f"{self.prefix}-{label}"

    @property
    def network(self) -> Network:
        return Network(self._component("network"))

    @property
    def secrets(self) -> Secrets:
        return Secrets(self._component("secrets"))

    @property
    def parameters(self) -> Parameters:
        return Parameters(self._component("parameters"))

    @property
    def database(self) -> Database:
        return Database(self._component("database"))

    @property
    def storage(self) -> Storage:
        return Storage(self._component("storage"))

    @property
    def access(self) -> Access:
        return Access(self._component("access"))

    @property
    def tunnel(self) -> Tunnel:
        return Tunnel(self._component("tunnel"))

    @property
    def firewall(self) -> Firewall:
        return Firewall(self._component("firewall"))

    @property
    def host(self) -> Host:
        return Host(self._component("host"))

    @property
    def alerts(self) -> Alerts:
        return Alerts(self._component("alerts"))
