"""What an engine says to the stand-in, call by call."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from .cloud import Cloud
from .standin import StandIn
from .wire import read, write

DATABASE_INPUTS: dict[str, Any] = {
    "identifier": "db",
    "skipFinalSnapshot": True,
    "instanceClass": "db.t4g.micro",
}


class Engine:
    """Speaks to a plugin as the engine does, one resource at a time."""

    def __init__(self, channel: grpc.Channel, cloud: Cloud) -> None:
        self.stub = provider_pb2_grpc.ResourceProviderStub(channel)
        self.cloud = cloud
        self.held: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {}
        self.stub.Configure(provider_pb2.ConfigureRequest(args=write({"region": "eu-west-1"})))

    @staticmethod
    def urn(type_: str, name: str) -> str:
        return f"urn:pulumi:dev::test::drawbridge:index:Parent${type_}::{name}"

    def check(self, type_: str, name: str, inputs: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        urn = self.urn(type_, name)
        olds = write(self.held[urn][1]) if urn in self.held else None
        request = provider_pb2.CheckRequest(
            urn=urn, olds=olds, news=write(inputs), randomSeed=b"\xab\xcd\xef\x01"
        )
        answer = self.stub.Check(request)
        return read(answer.inputs), [f"{failure.property}: {failure.reason}" for failure in answer.failures]

    def make(self, type_: str, name: str = "a", /, **inputs: Any) -> str:
        """Create it; its id."""
        checked, failures = self.check(type_, name, inputs)
        assert failures == []
        urn = self.urn(type_, name)
        answer = self.stub.Create(provider_pb2.CreateRequest(urn=urn, properties=write(checked)))
        self.held[urn] = (answer.id, checked, read(answer.properties))
        return str(answer.id)

    def outputs(self, type_: str, name: str = "a") -> dict[str, Any]:
        return self.held[self.urn(type_, name)][2]

    def diff(self, type_: str, name: str = "a", /, **inputs: Any) -> Any:
        id_, old, outputs = self.held[self.urn(type_, name)]
        checked, _ = self.check(type_, name, inputs)
        request = {"id": id_, "urn": self.urn(type_, name), "olds": write(outputs), "old_inputs": write(old)}
        return self.stub.Diff(provider_pb2.DiffRequest(news=write(checked), **request))

    def update(self, type_: str, name: str = "a", /, preview: bool = False, **inputs: Any) -> dict[str, Any]:
        urn = self.urn(type_, name)
        id_, old, outputs = self.held[urn]
        checked, _ = self.check(type_, name, inputs)
        request = {
            "id": id_,
            "urn": urn,
            "olds": write(outputs),
            "old_inputs": write(old),
            "preview": preview,
        }
        answer = read(self.stub.Update(provider_pb2.UpdateRequest(news=write(checked), **request)).properties)
        if not preview:
            self.held[urn] = (id_, checked, answer)
        return dict(answer)

    def delete(self, type_: str, name: str = "a") -> None:
        urn = self.urn(type_, name)
        self.stub.Delete(provider_pb2.DeleteRequest(id=self.held[urn][0], urn=urn))

    def look(self, type_: str, name: str = "a") -> Any:
        id_, inputs, outputs = self.held[self.urn(type_, name)]
        request = {
            "id": id_,
            "urn": self.urn(type_, name),
            "inputs": write(inputs),
            "properties": write(outputs),
        }
        return self.stub.Read(provider_pb2.ReadRequest(**request))

    def ask(self, token: str, **args: Any) -> dict[str, Any]:
        answer = self.stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=write(args)))
        return dict(read(getattr(answer, "return")))


def refusal(error: pytest.ExceptionInfo[grpc.RpcError]) -> str:
    return str(error.value.details())


# Tables ----------------------------------------------------------------------------------------------------------------


@contextmanager
def serving(place: Path) -> Iterator[Engine]:
    """An engine that speaks to a stand-in for `aws`, whose cloud lies in this folder."""
    cloud = Cloud(place)
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(StandIn("aws", "7.0.0", cloud), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield Engine(channel, cloud)
    server.stop(None)
