"""A resource plugin of our own that speaks for `aws`, `cloudflare` and `random` to the real engine.

    python -m engine.standin aws [engine's address]      prints its port, as plugins do

It keeps a cloud (`cloud.py`) in the directory that `DRAWBRIDGE_STANDIN_STATE` names, and behaves by tables (`rules.py`,
`preview/resource_types`). What it copies of the real providers' bridge: names made up for what has none, `__defaults`, replacement
before deletion unless a fixed name forbids it, detailed differences by path, secrets and unknowns passed through.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

import grpc
from google.protobuf import any_pb2, empty_pb2, struct_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from preview.diff.differences import differences
from preview.property_paths import top
from preview.resource_types.registry import record_of

from . import rules
from .cloud import Cloud, Fault, Operation, Thing
from .shapes import Output, shape, snake

STATE = "DRAWBRIDGE_STANDIN_STATE"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_DEFAULTS = "__defaults"
_DIED = 7  # the exit code of a plugin that was told to die
_LAST_WORDS = 10.0  # seconds at most in which answers that are under way leave a dying plugin

Plain = dict[str, Any]


# Values between the wire and Python -----------------------------------------------------------------------------------


def read(message: struct_pb2.Struct | struct_pb2.Value) -> Any:
    """A protobuf struct or value as plain Python; whole numbers as int. Secret wrappers stay as they are."""
    if isinstance(message, struct_pb2.Struct):
        return {key: read(value) for key, value in message.fields.items()}
    kind = message.WhichOneof("kind")
    if kind == "struct_value":
        return read(message.struct_value)
    if kind == "list_value":
        return [read(value) for value in message.list_value.values]
    if kind == "number_value":
        number = message.number_value
        return int(number) if number.is_integer() else number
    return None if kind in (None, "null_value") else getattr(message, kind)


def write(value: Mapping[str, Any]) -> struct_pb2.Struct:
    """Plain Python as a protobuf struct; None is left out."""
    message = struct_pb2.Struct()
    message.update({key: item for key, item in value.items() if item is not None})
    return message


def bare(value: Any) -> Any:
    """The value without its secret wrappers, at any depth."""
    if isinstance(value, Mapping):
        if value.get(_SIGNATURE) == _SECRET:
            return bare(value["value"])
        return {key: bare(item) for key, item in value.items() if key != _DEFAULTS}
    return [bare(item) for item in value] if isinstance(value, list) else value


def secret(value: Any) -> Plain:
    """The value with a secret's wrapper."""
    return {_SIGNATURE: _SECRET, "value": value}


def has_secret(value: Any) -> bool:
    """Is a secret in it, at any depth?"""
    if isinstance(value, Mapping):
        return value.get(_SIGNATURE) == _SECRET or any(has_secret(item) for item in value.values())
    return isinstance(value, list) and any(has_secret(item) for item in value)


def marked_like(fresh: Mapping[str, Any], old: Mapping[str, Any]) -> Plain:
    """Bare values, with secret marks where the old ones had any: the same value as it was, another one as a secret."""
    marked: Plain = {}
    for key, value in fresh.items():
        before = old.get(key)
        marked[key] = value if not has_secret(before) else before if bare(before) == value else secret(value)
    return marked


# The plugin -----------------------------------------------------------------------------------------------------------


class StandIn(provider_pb2_grpc.ResourceProviderServicer):
    """One provider, `aws`, `cloudflare` or `random`, over the shared cloud."""

    def __init__(self, package: str, version: str, cloud: Cloud) -> None:
        self.package = package
        self.version = version
        self.cloud = cloud
        self.region = "us-east-1"
        self.gate = threading.Lock()  # a plugin dies before an effect or after it, never in the middle of it
        self.unanswered: set[grpc.ServicerContext] = set()

    # About itself

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=self.version)

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.GetSchemaResponse(
            schema=json.dumps({"name": self.package, "version": self.version})
        )

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def GetMapping(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.GetMappingResponse()

    # Configuration

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        news = read(request.news)
        if self.package == "aws" and not news.get("region"):
            reason = "Missing region configuration: pulumi config set aws:region REGION"
            return provider_pb2.CheckResponse(
                inputs=request.news, failures=[provider_pb2.CheckFailure(property="region", reason=reason)]
            )
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        old, new = bare(read(request.old_inputs)), bare(read(request.news))
        changed = [key for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)]
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=changed,
            replaces=[key for key in changed if key == "region"],
        )

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.region = str(bare(read(request.args)).get("region") or self.region)
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    # Resources

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        type_ = _type(request.urn)
        olds, news = read(request.olds), read(request.news)
        named = self._autonamed(type_, news)
        if named:
            kept = olds.get(named) if named in (olds.get(_DEFAULTS) or []) else None
            suffix = request.randomSeed.hex()[:7] or os.urandom(4).hex()[:7]
            name = kept or f"{_name(request.urn)}-{suffix}"
            news |= {named: name.lower() if type_ in rules.LOWER_CASE_NAMES else name, _DEFAULTS: [named]}
        failures = [
            provider_pb2.CheckFailure(property=key, reason=reason)
            for key, reason in rules.bad_inputs(type_, bare(news))
        ]
        return provider_pb2.CheckResponse(inputs=write(news), failures=failures)

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        type_ = _type(request.urn)
        old = {key: value for key, value in bare(read(request.old_inputs)).items() if value is not None}
        new = {key: value for key, value in bare(read(request.news)).items() if value is not None}
        record = record_of(type_)
        # A set with something unknown in it differs by its places, as in the bridge.
        leaves = differences(
            old, new, is_set=lambda path, items: record.is_set(path) and UNKNOWN not in items
        )
        replacing = [leaf for leaf in leaves if record.effect(leaf) == "replaces"]
        detailed = {leaf: _kind(leaf, old, new, leaf in replacing) for leaf in leaves}
        # A fixed name cannot be had twice: the bridge then deletes first.
        named = rules.AUTONAMED.get(type_, "name")
        auto = named in (read(request.news).get(_DEFAULTS) or [])
        fixed = bool(replacing) and self.package == "aws" and not auto and new.get(named) is not None
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if leaves else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=sorted({top(leaf) for leaf in leaves}),
            replaces=sorted({top(leaf) for leaf in replacing}),
            deleteBeforeReplace=fixed and old.get(named) == new.get(named),
            detailedDiff=detailed,
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        type_, given = _type(request.urn), read(request.properties)
        given.pop(_DEFAULTS, None)
        inputs = bare(given)
        if request.preview:
            unknown = {output.name: UNKNOWN for output in self._outputs(type_, context) if output.always}
            return provider_pb2.CreateResponse(properties=write({**unknown, **given}))

        def make() -> Thing:
            with self.cloud.transaction() as contents:
                count = contents.born.get(request.urn, 0) + 1
                birth = self._birth(type_, request.urn, inputs, count)
                refusal = rules.refuse_create(birth, contents)
                if refusal:
                    raise Refused(refusal)
                before = rules.set_before(birth, contents)
                thing = before or Thing(
                    type=type_, id=rules.make_id(birth), urn=request.urn, inputs={}, outputs={}
                )
                birth = self._birth(type_, request.urn, inputs, count, thing.id)
                made = {
                    output.name: rules.make_output(birth, output) for output in self._outputs(type_, context)
                }
                thing.urn, thing.inputs = request.urn, inputs
                thing.outputs = {key: value for key, value in {**made, **inputs}.items() if value is not None}
                contents.things += [] if before else [thing]
                contents.born[request.urn] = count
                return thing

        thing = self._operate(Operation(op="create", type=type_, urn=request.urn), context, make, given)
        return provider_pb2.CreateResponse(id=thing.id, properties=write(marked_like(thing.outputs, given)))

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        type_, given, olds = _type(request.urn), read(request.news), read(request.olds)
        given.pop(_DEFAULTS, None)
        inputs, gone = bare(given), bare(read(request.old_inputs)).keys() - bare(given).keys()
        # Without a change, as the engine asks after a failed initialisation, the bridge asks the cloud for nothing.
        moved = rules.MOVED_BY_UPDATE.get(type_, {}) if inputs != bare(read(request.old_inputs)) else {}
        if request.preview:
            kept = {key: value for key, value in olds.items() if key not in gone}
            return provider_pb2.UpdateResponse(
                properties=write({**kept, **dict.fromkeys(moved, UNKNOWN), **given})
            )

        def change() -> Thing:
            with self.cloud.transaction() as contents:
                thing = contents.find(type_, request.id, request.urn)
                if thing is None:
                    raise Refused(f"404 not found: {type_} {request.id}")
                refusal = rules.refuse_update(thing, inputs, contents)
                if refusal:
                    raise Refused(refusal)
                birth = self._birth(type_, request.urn, inputs, contents.born.get(request.urn, 1), thing.id)
                made = {
                    output.name: rules.make_output(birth, output) for output in self._outputs(type_, context)
                }
                fallen = {
                    key: made.get(key) for key in gone
                }  # an input that is given no more falls to its default
                steps = {key: mover(thing, birth) for key, mover in moved.items()}
                tags = {"tagsAll": made["tagsAll"]} if "tagsAll" in made else {}
                outputs = {**thing.outputs, **fallen, **steps, **tags, **inputs}
                thing.inputs, thing.outputs = inputs, {k: v for k, v in outputs.items() if v is not None}
                return thing

        operation = Operation(op="update", type=type_, urn=request.urn, id=request.id)
        thing = self._operate(operation, context, change, given)
        return provider_pb2.UpdateResponse(properties=write(marked_like(thing.outputs, {**olds, **given})))

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        type_ = _type(request.urn)
        olds, old_inputs = read(request.properties), read(request.inputs)
        operation = Operation(op="read", type=type_, urn=request.urn, id=request.id)

        def look() -> Thing | None:
            with self.cloud.transaction() as contents:
                # an import id may carry its owners: zones/ZONE/RULESET
                return contents.find(type_, request.id, request.urn) or contents.find(
                    type_, request.id.rsplit("/", 1)[-1]
                )

        thing = self._operate(operation, context, look, {})
        if thing is None:
            return provider_pb2.ReadResponse()
        # Of a resource in state only what it was given is input; of an imported one, all that its maker gave.
        inputs = {
            key: thing.outputs[key] for key in (bare(old_inputs) or thing.inputs) if key in thing.outputs
        }
        defaults = {_DEFAULTS: old_inputs[_DEFAULTS]} if _DEFAULTS in old_inputs else {}
        return provider_pb2.ReadResponse(
            id=thing.id,
            properties=write(marked_like(thing.outputs, olds)),
            inputs=write({**marked_like(inputs, old_inputs), **defaults}),
        )

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        type_ = _type(request.urn)

        def unmake() -> Thing | None:
            with self.cloud.transaction() as contents:
                thing = contents.find(type_, request.id, request.urn, oldest=True)
                if thing is None:
                    return None
                refusal = rules.refuse_delete(thing, contents)
                if refusal:
                    raise Refused(refusal)
                if type_ in rules.DELETES_NOTHING:
                    thing.abandoned = True
                else:
                    contents.things.remove(thing)
                    rules.after_delete(thing, contents)
                return thing

        self._operate(Operation(op="delete", type=type_, urn=request.urn, id=request.id), context, unmake, {})
        return empty_pb2.Empty()

    # Functions

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        args = bare(read(request.args))
        function = rules.FUNCTIONS.get(request.tok)
        if function is None:
            context.abort(
                grpc.StatusCode.UNIMPLEMENTED, f"{request.tok}: unknown to the stand-in. Add it to FUNCTIONS"
            )
            raise AssertionError("abort raises")

        def ask() -> Plain:
            with self.cloud.transaction() as contents:
                region, facts = str(args.get("region") or self.region), self.cloud.facts()
                try:
                    return function(rules.Question(args=args, contents=contents, facts=facts, region=region))
                except rules.NotFound as error:
                    raise Refused(str(error)) from error

        answer = self._operate(Operation(op="invoke", type=request.tok), context, ask, {})
        message = provider_pb2.InvokeResponse()
        getattr(message, "return").CopyFrom(write(answer))  # a Python keyword
        return message

    # Common

    def _operate(
        self, operation: Operation, context: grpc.ServicerContext, effect: Callable[[], Any], given: Plain
    ) -> Any:
        """Bring about the effect, or what a fault makes of it, and record how it ended."""
        with self.gate:
            fault = self.cloud.strike(operation.op, operation.type, operation.name)
            action = fault.action if fault else None
            if action in ("die-before", "die-after"):
                if action == "die-after":
                    self._bring_about(operation, context, effect)
                self._die(operation)
        if fault and fault.seconds:
            time.sleep(fault.seconds)
        if action in ("fail", "timeout") and fault:
            spent = "timeout while waiting for state to become 'available'"
            text = fault.message or (spent if action == "timeout" else "refused on demand")
            self._end(operation, context, "failed" if action == "fail" else "timeout", text)
        if action == "hang":
            self._hang(operation)
        with self.gate:
            result = self._bring_about(operation, context, effect)
            if action in (None, "slow"):
                operation.outcome = "absent" if result is None else "ok"
                self.cloud.record(operation)
                self.unanswered.add(context)
                context.add_callback(lambda: self.unanswered.discard(context))
                return result
        if action == "hang-after":
            self._hang(operation)
        if action == "lost" and fault:
            self._end(operation, context, "lost", fault.message or "connection reset by peer")
        if action == "init-failed" and fault:
            self._fail_to_initialise(operation, context, result, fault, given)
        raise AssertionError(f"no such fault: {action}")

    def _bring_about(
        self, operation: Operation, context: grpc.ServicerContext, effect: Callable[[], Any]
    ) -> Any:
        try:
            result = effect()
        except Refused as error:
            self._end(operation, context, "refused", str(error))
        if isinstance(result, Thing):
            operation.id = result.id
        return result

    def _fail_to_initialise(
        self, operation: Operation, context: grpc.ServicerContext, thing: Thing, fault: Fault, given: Plain
    ) -> NoReturn:
        """It exists and its id is known, but it did not become what it should: the bridge's partial failure."""
        with self.cloud.transaction() as contents:
            found = contents.find(thing.type, thing.id, thing.urn)
            if found is not None and operation.op == "create":  # what served before an update goes on serving
                found.ready, found.unready_machines = False, fault.unready_machines
        size = thing.outputs.get("desiredCapacity") or thing.outputs.get("minSize") or 1
        waited = f"want at least {size} healthy instance(s) in Auto Scaling Group, have 0"
        text = fault.message or f"timeout while waiting for state to become 'ok' (last state: '{waited}')"
        operation.outcome, operation.message = "init-failed", text
        self.cloud.record(operation)
        detail = any_pb2.Any()
        detail.Pack(
            provider_pb2.ErrorResourceInitFailed(
                id=thing.id,
                properties=write(marked_like(thing.outputs, given)),
                reasons=[text],
                inputs=write(given),
            ),
            type_url_prefix="type.googleapis.com/",
        )
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=text, details=[detail])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, text)
        raise AssertionError("abort raises")

    def _end(self, operation: Operation, context: grpc.ServicerContext, outcome: Any, text: str) -> NoReturn:
        operation.outcome, operation.message = outcome, text
        self.cloud.record(operation)
        context.abort(grpc.StatusCode.UNKNOWN, text)
        raise AssertionError("abort raises")

    def _hang(self, operation: Operation) -> NoReturn:
        operation.outcome = "hanging"
        self.cloud.record(operation)
        while True:  # until the plugin is killed
            time.sleep(60)

    def _die(self, operation: Operation) -> NoReturn:
        """With the gate held: what waits for it dies without an effect, and what was done before is answered."""
        operation.outcome = "died"
        self.cloud.record(operation)
        deadline = time.monotonic() + _LAST_WORDS
        while self.unanswered and time.monotonic() < deadline:
            time.sleep(0.01)
        os._exit(_DIED)

    def _autonamed(self, type_: str, news: Plain) -> str | None:
        """The input that the bridge would name, if the program did not."""
        if self.package != "aws" or type_ in rules.NOT_AUTONAMED:
            return None
        named = rules.AUTONAMED.get(type_, "name")
        given = news.get(named) is not None or news.get(f"{named}Prefix") is not None
        try:
            return named if not given and snake(named) in shape(type_).optional_inputs else None
        except KeyError:
            return None  # Create will say so, with the type

    def _outputs(self, type_: str, context: grpc.ServicerContext) -> tuple[Output, ...]:
        try:
            return shape(type_).outputs
        except KeyError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            raise AssertionError("abort raises") from error

    def _birth(self, type_: str, urn: str, inputs: Plain, count: int, id_: str = "") -> rules.Birth:
        region = str(inputs.get("region") or self.region)
        account = str(self.cloud.facts()["account"])
        return rules.Birth(
            type=type_, urn=urn, count=count, inputs=inputs, region=region, account=account, id=id_
        )


class Refused(Exception):
    """The cloud says no; the text is its answer."""


def _type(urn: str) -> str:
    """The resource's own type: the last of the URN's parent chain."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def _name(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]


def _kind(leaf: str, old: Plain, new: Plain, replacing: bool) -> Any:
    kinds = provider_pb2.PropertyDiff
    name = top(leaf)
    if leaf == name and name not in old:
        kind = kinds.ADD_REPLACE if replacing else kinds.ADD
    elif leaf == name and name not in new:
        kind = kinds.DELETE_REPLACE if replacing else kinds.DELETE
    else:
        kind = kinds.UPDATE_REPLACE if replacing else kinds.UPDATE
    return kinds(kind=kind, inputDiff=True)


def main() -> None:
    package, version = sys.argv[1], sys.argv[2]
    server = grpc.server(
        ThreadPoolExecutor(max_workers=16), options=[("grpc.max_receive_message_length", -1)]
    )
    cloud = Cloud(Path(os.environ[STATE]))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(StandIn(package, version, cloud), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
