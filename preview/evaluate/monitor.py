"""A resource monitor that records what a program registers, and answers as a cloud in which everything is unknown.

It differs from the SDK's mocks where they would mislead: it keeps options, it honours `additionalSecretOutputs` (a
RandomPassword is secret with the engine, and so is all that is made from it), and each output is a readable placeholder,
so that every `apply` of the program runs.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from google.protobuf import json_format, struct_pb2
from pulumi import _types
from pulumi.runtime.mocks import MockMonitor, Mocks
from pulumi.runtime.proto import engine_pb2, resource_pb2

from preview.evaluate.unknowns import Placeholders
from preview.resources import UNKNOWN, Secret

# Wire constants of the engine: sdk/go/common/resource/properties.go and plugin/rpc.go in pulumi/pulumi.
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
STACK = "pulumi:pulumi:Stack"


@dataclass
class Registered:
    """One registered resource. ``inputs`` may hold `Secret`s anywhere; names are the engine's."""

    urn: str
    type: str
    name: str
    parent: str
    inputs: dict[str, Any]
    options: dict[str, Any]
    outputs: dict[str, Any] = field(default_factory=dict)


class Engine:
    """The engine's log: warnings are kept, errors too."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.errors: list[str] = []

    def Log(self, request: Any) -> None:
        if request.severity == engine_pb2.WARNING:
            self.warnings.append(request.message)
        elif request.severity == engine_pb2.ERROR:
            self.errors.append(request.message)


class _NoMocks(Mocks):
    def call(self, args: Any) -> Any:
        raise NotImplementedError

    def new_resource(self, args: Any) -> Any:
        raise NotImplementedError


class Monitor(MockMonitor):
    """See the module. One instance serves one evaluation; ``unknowns`` says what stands for what only the clouds know."""

    def __init__(self, unknowns: Placeholders) -> None:
        super().__init__(_NoMocks())
        self._unknowns = unknowns
        self.registered: dict[str, Registered] = {}
        self.stack_urn = ""
        self.stack_outputs: dict[str, Any] = {}
        self.errors: list[str] = []
        self._classes: dict[tuple[str, str], type] = {}

    def remember(self, args: pulumi.ResourceTransformationArgs) -> None:
        """A stack transformation: the monitor sees names on the wire, and learns each resource's class here."""
        self._classes[args.type_, args.name] = type(args.resource)

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """As the engine does: the root stack qualifies no type."""
        urn: str = super().make_urn("" if parent == self.stack_urn else parent, type_, name)
        return urn

    def RegisterResource(self, request: Any) -> Any:
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == STACK:
            self.stack_urn = urn
            return resource_pb2.RegisterResourceResponse(urn=urn)
        if urn in self.registered:
            self.errors.append(f"two resources are called {request.name} ({request.type}): names are unique")
        wire = json_format.MessageToDict(request.object)
        self.registered[urn] = Registered(
            urn, request.type, request.name, request.parent, _plain(wire), _options(request)
        )
        if not request.custom:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        state = {**self._computed(request.type, request.name, wire), **wire}
        for secret in request.additionalSecretOutputs:
            if secret in state and not _is_special(state[secret], SECRET):
                state[secret] = {SIGNATURE: SECRET, "value": state[secret]}
        return resource_pb2.RegisterResourceResponse(
            urn=urn,
            id=self._unknowns.of(request.type, request.name, "id", wire),
            object=_struct(state),
        )

    def RegisterResourceOutputs(self, request: Any) -> Any:
        outputs = _plain(json_format.MessageToDict(request.outputs))
        if request.urn == self.stack_urn:
            self.stack_outputs = outputs
        elif request.urn in self.registered:
            self.registered[request.urn].outputs = outputs
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]

    def ReadResource(self, request: Any) -> Any:
        """What another stack or cloud holds is unknown here, and stays so through every `apply`."""
        urn = self.make_urn(request.parent, request.type, request.name)
        state = {
            **json_format.MessageToDict(request.properties),
            "outputs": UNKNOWN,
            "secretOutputNames": UNKNOWN,
        }
        return resource_pb2.ReadResourceResponse(urn=urn, properties=_struct(state))

    def Invoke(self, request: Any) -> Any:
        function = request.tok.rpartition(":")[2]
        arguments = json_format.MessageToDict(request.args)
        subject = next((str(v) for _, v in sorted(arguments.items()) if isinstance(v, str)), "")
        label = f"{function} {subject}".strip()

        def leaf(path: str, kind: Any) -> Any:
            # A function's result, unlike a resource's output, is checked against its types: there a number must be one.
            whole = kind in (int, float, bool)
            return kind(0) if whole else self._unknowns.of(request.tok, label, path, arguments)

        result = {name: _shaped(kind, name, leaf) for name, kind in _function_types(request.tok).items()}
        return resource_pb2.ResourceInvokeResponse(**{"return": _struct({**result, **arguments})})

    def _computed(self, type_name: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        resource = self._classes.get((type_name, name))
        kinds = _types.resource_types(resource) if resource else {}

        def leaf(path: str, kind: Any) -> Any:
            return self._unknowns.of(type_name, name, path, inputs, number=kind in (int, float))

        return {prop: _shaped(kind, prop, leaf) for prop, kind in kinds.items()}


def _options(request: Any) -> dict[str, Any]:
    return {
        "protect": bool(request.protect),
        "ignoreChanges": list(request.ignoreChanges),
        "deleteBeforeReplace": bool(request.deleteBeforeReplace),
        "replaceOnChanges": list(request.replaceOnChanges),
        "dependsOn": sorted(set(request.dependencies)),
        "propertyDependencies": {
            name: sorted(set(item.urns)) for name, item in sorted(request.propertyDependencies.items())
        },
        "retainOnDelete": bool(request.retainOnDelete),
        "additionalSecretOutputs": list(request.additionalSecretOutputs),
        "aliases": [json_format.MessageToDict(alias) for alias in request.aliases],
        "customTimeouts": json_format.MessageToDict(request.customTimeouts),
        "provider": request.provider,
        "import": request.importId,
        "version": request.version,
        "pluginDownloadURL": request.pluginDownloadURL,
        "custom": bool(request.custom),
    }


def _is_special(value: Any, signature: str) -> bool:
    return isinstance(value, dict) and value.get(SIGNATURE) == signature


def _plain(value: Any) -> Any:
    """Wire values as plain data: secrets as `Secret`, what is unknown as a placeholder, whole numbers as such."""
    if _is_special(value, SECRET):
        return Secret(_plain(value.get("value")))
    if _is_special(value, OUTPUT):
        inner = _plain(value.get("value", UNKNOWN))
        return Secret(inner) if value.get("secret") else inner
    if _is_special(value, RESOURCE):
        return value.get("urn")
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if value == UNKNOWN:
        return "«unknown»"
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _struct(value: Mapping[str, Any]) -> struct_pb2.Struct:
    result = struct_pb2.Struct()
    result.update(value)
    return result


def _shaped(kind: Any, path: str, leaf: Callable[[str, Any], Any]) -> Any:
    """A value of the right shape with ``leaf(path, type)`` for its leaves; the SDK takes text where a number is declared."""
    kind = _types.unwrap_optional_type(kind) if kind is not None else None
    origin, arguments = getattr(kind, "__origin__", None), getattr(kind, "__args__", ())
    if origin is not None and arguments and str(origin).endswith(("Sequence'>", "list'>")):
        return [_shaped(arguments[0], f"{path}[0]", leaf)]
    if origin is not None and str(origin).endswith(("Mapping'>", "dict'>")):
        return {}
    if isinstance(kind, type) and _types.is_output_type(kind):
        return {
            name: _shaped(inner, f"{path}.{name}", leaf)
            for name, inner in _types.output_type_types(kind).items()
        }
    return leaf(path, kind)


def _function_types(type_name: str) -> dict[str, Any]:
    """The fields of a function's result, from its SDK: aws:ssm/getParameter:getParameter is pulumi_aws.ssm.get_parameter."""
    package, path, function = type_name.split(":")
    snake: Callable[[str], str] = lambda text: re.sub(r"(?<!^)(?=[A-Z])", "_", text).lower()  # noqa: E731
    place = path.partition("/")[0]
    where = (
        f"pulumi_{package}.{snake(function)}"
        if place == "index"
        else f"pulumi_{package}.{place}.{snake(function)}"
    )
    try:
        result = getattr(importlib.import_module(where), f"{function[0].upper()}{function[1:]}Result")
    except (ImportError, AttributeError):
        return {}
    return dict(_types.output_type_types(result))
