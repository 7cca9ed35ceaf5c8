"""The resources of a program, as the rules look at them."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from preview.posture.read import (
    Loader,
    destinations,
    guard,
    ingresses,
    inside_secrets,
    items,
    modern,
    plain_text,
)
from preview.resource_types.type_names import (
    ACCESS_APPLICATION,
    ACCESS_POLICY,
    DEFAULT_SECURITY_GROUP,
    EGRESS_RULE,
    INGRESS_RULE,
    INSTANCE,
    LAUNCH_TEMPLATE,
    SECURITY_GROUP,
    TUNNEL_CONFIGURATION,
)
from preview.resources import Resource, Secret

OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"


class Program:
    """The resources, looked up by type and by the placeholders that stand for them; texts are decoded once.

    ``outputs`` are the stack's, with their `Secret`s. Names, inputs and options are spelled as the engine spells them, and
    `«NAME.property»` stands for what a resource named NAME will give. Rules look at types, not at how this program names
    its resources, so they hold for any stack that they are shown.
    """

    def __init__(self, resources: Iterable[Resource], outputs: Mapping[str, Any] | None = None) -> None:
        self.resources: tuple[Resource, ...] = tuple(resources)
        self.outputs = dict(outputs or {})
        self._of: dict[str, list[Resource]] = {}
        for resource in self.resources:
            self._of.setdefault(resource.type, []).append(resource)

    def of(self, *types: str) -> list[Resource]:
        return [resource for kind in types for resource in self._of.get(kind, ())]

    def named(self, reference: Any, *types: str) -> Resource | None:
        """The resource of one of the types that a placeholder stands for."""
        name = (
            reference[1:-1].rpartition(".")[0]
            if isinstance(reference, str) and reference.startswith("«")
            else ""
        )
        return next((resource for resource in self.of(*types) if resource.name == name), None)

    @functools.cached_property
    def rules_in(self) -> list[tuple[Resource, dict[str, Any]]]:
        """Every inbound rule, however it is written, with the keys of SecurityGroupIngressRule."""
        found = [(rule, rule.inputs) for rule in self.of(INGRESS_RULE)]
        found += [
            (rule, modern(rule.inputs)) for rule in self.of(OLD_RULE) if rule.inputs.get("type") == "ingress"
        ]
        for group in self.of(SECURITY_GROUP, DEFAULT_SECURITY_GROUP):
            for rule in items(group.inputs.get("ingress")):
                found.append((group, {**modern(rule), "securityGroupId": f"«{group.name}.id»"}))
        return found

    @functools.cached_property
    def rules_out(self) -> list[tuple[Resource, dict[str, Any]]]:
        found = [(rule, rule.inputs) for rule in self.of(EGRESS_RULE)]
        found += [
            (rule, modern(rule.inputs)) for rule in self.of(OLD_RULE) if rule.inputs.get("type") == "egress"
        ]
        for group in self.of(SECURITY_GROUP, DEFAULT_SECURITY_GROUP):
            for rule in items(group.inputs.get("egress")):
                found.append((group, {**modern(rule), "securityGroupId": f"«{group.name}.id»"}))
        return found

    @functools.cached_property
    def machine_groups(self) -> set[str]:
        """References to the security groups that machines are in."""
        found: set[str] = set()
        for machine in self.of(LAUNCH_TEMPLATE, INSTANCE):
            found |= set(items(machine.inputs.get("vpcSecurityGroupIds")))
            for interface in items(machine.inputs.get("networkInterfaces")):
                found |= set(items(interface.get("securityGroups")))
        return found

    @functools.cached_property
    def user_data(self) -> dict[str, dict[str, Any]]:
        """By launch template: the cloud-config that its machines get, secrets and all. Unknown or other texts are left out."""
        found: dict[str, dict[str, Any]] = {}
        for template in self.of(LAUNCH_TEMPLATE, INSTANCE):
            value = template.raw.get("userData") or template.raw.get("userDataBase64")
            text = plain_text(value.value if isinstance(value, Secret) else value)
            try:
                document = (
                    yaml.load(text, Loader=Loader) if text and text.startswith("#cloud-config") else None
                )
            except (yaml.YAMLError, UnicodeEncodeError):
                continue
            if isinstance(document, dict):
                found[template.name] = document
        return found

    def files(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every file that cloud-init writes, with its template's name."""
        for name, document in self.user_data.items():
            for file in items(document.get("write_files")):
                yield name, file

    @functools.cached_property
    def ingress(self) -> list[tuple[Resource, dict[str, Any]]]:
        """The connectors' rules with a hostname."""
        return [
            (config, rule)
            for config in self.of(TUNNEL_CONFIGURATION)
            for rule in ingresses(config)
            if "hostname" in rule
        ]

    @functools.cached_property
    def covered(self) -> set[str]:
        """The destinations of all Access applications: a host, or a host with a path."""
        return {uri for application in self.of(ACCESS_APPLICATION) for uri in destinations(application)}

    @functools.cached_property
    def public_hosts(self) -> list[tuple[Resource, str]]:
        """Each host that somebody reaches without a login, once."""
        found: dict[str, Resource] = {}
        for config, rule in self.ingress:
            if not guard(rule) and not str(rule.get("service", "")).startswith("http_status:"):
                found.setdefault(rule["hostname"], config)
        return [(config, host) for host, config in found.items()]

    def policies_of(self, application: Resource) -> list[Resource]:
        found = (
            self.named(item.get("id"), ACCESS_POLICY) for item in items(application.inputs.get("policies"))
        )
        return [policy for policy in found if policy]

    @functools.cached_property
    def secrets(self) -> list[str]:
        """Texts that only a `Secret` may hold: outputs that are secret with the engine, and whatever an input keeps secret."""
        found = {
            f"«{resource.name}.{name}»"
            for resource in self.resources
            for name in resource.options.get("additionalSecretOutputs", ())
            if name not in resource.inputs
        }
        for resource in self.resources:
            found |= set(inside_secrets(resource.raw))
        for _, file in self.files():
            if str(file.get("path")).endswith("/secrets.json"):
                found |= {str(value) for value in json.loads(file["content"]).values()}
        # A whole user data is not looked for: no text holds it but itself, and what is secret in it is here already.
        return sorted(text for text in found if len(text) > 8 and not text.startswith("H4sI"))

    @functools.cached_property
    def secret(self) -> re.Pattern[str]:
        return re.compile("|".join(map(re.escape, self.secrets)) or r"(?!)")
