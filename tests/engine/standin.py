"""A resource plugin of our own that speaks for `aws`, `cloudflare` and `random` to the real engine.

    python -m tests.engine.standin aws [engine's address]      prints its port, as plugins do

It keeps a cloud (`cloud.py`) in the directory that `DRAWBRIDGE_STANDIN_STATE` names, and behaves by tables (`rules.py`,
`refusals.py`, `functions.py`, `preview/resource_types`). What it copies of the real providers' bridge: names made up for what has none, `__defaults`, replacement
before deletion unless a fixed name forbids it, detailed differences by path, secrets and unknowns passed through.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

import grpc
from google.protobuf import any_pb2, empty_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from preview.diff.differences import differences
from preview.property_paths import top
from preview.resource_types.registry import record_of

from . import functions, refusals, rules
from .cloud import Cloud, Fault, Operation, Thing
from .shapes import Output, shape
from .wire import DEFAULTS, UNKNOWN, Plain, bare, kind_of, marked_like, name_of, read, type_of, write

STATE = "DRAWBRIDGE_STANDIN_STATE"
_DIED = 7  # the exit code of a plugin that was told to die
_LAST_WORDS = 10.0  # seconds at most in which answers that are under way leave a dying plugin


class StandIn(provider_pb2_grpc.ResourceProviderServicer):
    """One provider, `aws`, `cloudflare` or `random`, over the shared cloud."""

    def __init__(self, package: str, version: str, cloud: Cloud) -> None:
        self.package = package
        self.version = version
        self.cloud = cloud
        self.region = "us-east-1"
        self.gate = threading.Lock()  # a plugin dies before an effect or after it, never in the middle of it
        self.unanswered: set[grpc.ServicerContext] = set()

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

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        type_ = type_of(request.urn)
        olds, news = read(request.olds), read(request.news)
        named = rules.autonamed(type_, news) if self.package == "aws" else None
        if named:
            kept = olds.get(named) if named in (olds.get(DEFAULTS) or []) else None
            suffix = request.randomSeed.hex()[:7] or os.urandom(4).hex()[:7]
            name = kept or f"{name_of(request.urn)}-{suffix}"
            news |= {named: name.lower() if type_ in rules.LOWER_CASE_NAMES else name, DEFAULTS: [named]}
        failures = [
            provider_pb2.CheckFailure(property=key, reason=reason)
            for key, reason in refusals.bad_inputs(type_, bare(news))
        ]
        return provider_pb2.CheckResponse(inputs=write(news), failures=failures)

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        type_ = type_of(request.urn)
        old = {key: value for key, value in bare(read(request.old_inputs)).items() if value is not None}
        new = {key: value for key, value in bare(read(request.news)).items() if value is not None}
        record = record_of(type_)
        # A set with something unknown in it differs by its places, as in the bridge.
        leaves = differences(
            old, new, is_set=lambda path, items: record.is_set(path) and UNKNOWN not in items
        )
        replacing = [leaf for leaf in leaves if record.effect(leaf) == "replaces"]
        detailed = {leaf: kind_of(leaf, old, new, leaf in replacing) for leaf in leaves}
        # A fixed name cannot be had twice: the bridge then deletes first.
        named = rules.AUTONAMED.get(type_, "name")
        auto = named in (read(request.news).get(DEFAULTS) or [])
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
        type_, given = type_of(request.urn), read(request.properties)
        given.pop(DEFAULTS, None)
        inputs = bare(given)
        if request.preview:
            unknown = {output.name: UNKNOWN for output in self._outputs(type_, context) if output.always}
            return provider_pb2.CreateResponse(properties=write({**unknown, **given}))

        def make() -> Thing:
            with self.cloud.transaction() as contents:
                count = contents.born.get(request.urn, 0) + 1
                birth = self._birth(type_, request.urn, inputs, count)
                refusal = refusals.refuse_create(birth, contents)
                if refusal:
                    raise refusals.Refused(refusal)
                before = refusals.set_before(birth, contents)
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
        type_, given, olds = type_of(request.urn), read(request.news), read(request.olds)
        given.pop(DEFAULTS, None)
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
                    raise refusals.Refused(f"404 not found: {type_} {request.id}")
                refusal = refusals.refuse_update(thing, inputs, contents)
                if refusal:
                    raise refusals.Refused(refusal)
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
        type_ = type_of(request.urn)
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
        defaults = {DEFAULTS: old_inputs[DEFAULTS]} if DEFAULTS in old_inputs else {}
        return provider_pb2.ReadResponse(
            id=thing.id,
            properties=write(marked_like(thing.outputs, olds)),
            inputs=write({**marked_like(inputs, old_inputs), **defaults}),
        )

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        type_ = type_of(request.urn)

        def unmake() -> Thing | None:
            with self.cloud.transaction() as contents:
                thing = contents.find(type_, request.id, request.urn, oldest=True)
                if thing is None:
                    return None
                refusal = refusals.refuse_delete(thing, contents)
                if refusal:
                    raise refusals.Refused(refusal)
                if type_ in refusals.DELETES_NOTHING:
                    thing.abandoned = True
                else:
                    contents.things.remove(thing)
                    refusals.after_delete(thing, contents)
                return thing

        self._operate(Operation(op="delete", type=type_, urn=request.urn, id=request.id), context, unmake, {})
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        args = bare(read(request.args))
        function = functions.FUNCTIONS.get(request.tok)
        if function is None:
            context.abort(
                grpc.StatusCode.UNIMPLEMENTED, f"{request.tok}: unknown to the stand-in. Add it to FUNCTIONS"
            )
            raise AssertionError("abort raises")

        def ask() -> Plain:
            with self.cloud.transaction() as contents:
                region, facts = str(args.get("region") or self.region), self.cloud.facts()
                try:
                    return function(
                        functions.Question(args=args, contents=contents, facts=facts, region=region)
                    )
                except functions.NotFound as error:
                    raise refusals.Refused(str(error)) from error

        answer = self._operate(Operation(op="invoke", type=request.tok), context, ask, {})
        message = provider_pb2.InvokeResponse()
        getattr(message, "return").CopyFrom(write(answer))  # a Python keyword
        return message

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
        except refusals.Refused as error:
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
