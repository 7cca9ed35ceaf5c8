"""The stand-in's cloud: what is alive, what was done and in which order, and which faults are to come.

Plain files in one directory, shared by every plugin process of a run and by the test that looks on:

- `cloud.json`: the live objects, and how many objects each URN has had;
- `operations.jsonl`: one line an operation, oldest first;
- `faults.json`: refusals on demand, with how often each has matched and fired;
- `facts.json`: what the cloud says of itself (the newest AMI, the zones).
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Action = Literal[
    "fail", "timeout", "hang", "hang-after", "lost", "die-before", "die-after", "init-failed", "slow"
]

FACTS: dict[str, Any] = {
    "account": "123456789012",
    "ami": "ami-0f00000000000000a",
    "ami-arm64": "ami-0f000000000000a64",
    "zones": ["a", "c", "d"],  # letters after the region's name
    "subnets": {},  # by id, those that no stack made: {"vpc": "vpc-1", "zone": "a"}
}


@dataclass(kw_only=True)
class Thing:
    """A live object. `inputs` and `outputs` are plain values: the cloud knows no secret marks."""

    type: str
    id: str
    urn: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    ready: bool = True
    """False: it was created, and what it should have become never came (a group without a healthy machine)."""
    unready_machines: int = 0
    """Machines that a group which is not ready still shows: booted, never healthy."""
    abandoned: bool = False
    """Deleted by the engine, but its deletion does nothing in the real cloud (a zone setting)."""

    @property
    def name(self) -> str:
        """The resource's name in the program: the URN's last part."""
        return self.urn.rsplit("::", 1)[-1]


@dataclass(kw_only=True)
class Operation:
    """One thing the engine asked for (previews excepted) and how it ended."""

    op: Literal["create", "read", "update", "delete", "invoke"]
    type: str
    urn: str = ""
    id: str = ""
    outcome: Literal[
        "ok", "refused", "failed", "timeout", "hanging", "lost", "died", "init-failed", "absent"
    ] = "ok"
    message: str = ""

    @property
    def name(self) -> str:
        """The resource's name in the program: the URN's last part."""
        return self.urn.rsplit("::", 1)[-1]


@dataclass(kw_only=True)
class Fault:
    """A refusal on demand.

    `fail`: refused, no effect. `timeout`: no effect, after `seconds`. `lost`: takes effect, yet an error without an id
    answers, so the engine does not know of it. `init-failed`: takes effect, and the error carries id and properties, as a
    group whose capacity wait ran out. `hang`: no effect and no answer, until the plugin is killed; `hang-after`: the effect, but no
    answer. `die-before`, `die-after`: the plugin's process ends, and with it all that is under way in it. `slow`: works, `seconds` later.
    """

    action: Action
    op: str = "*"
    type: str = "*"
    name: str = ""
    """A part of the resource's name; empty for all."""
    nth: int = 1
    """The first matching operation that it strikes."""
    times: int = 1
    """How many it strikes; 0 for all that follow."""
    each: bool = False
    """Instead of counting: strike every matching object (every function) the first time that it is asked for."""
    struck: list[str] = field(default_factory=list)
    """With `each`: which ones it has struck."""
    message: str = ""
    seconds: float = 0.0
    unready_machines: int = 0
    """For `init-failed` on a group: machines that are there, yet not healthy."""
    seen: int = field(default=0)
    """How many operations have matched so far."""

    def matches(self, op: str, type_: str, name: str) -> bool:
        """Is it about this operation at all? `change`: every operation but reads and functions."""
        changing = self.op == "change" and op in ("create", "update", "delete")
        return (changing or self.op in ("*", op)) and self.type in ("*", type_) and self.name in name

    def strikes(self, what: str) -> bool:
        """Does it strike the operation on `what` that was just counted in `seen`?"""
        if self.each:
            fresh = what not in self.struck
            self.struck += [what] if fresh else []
            return fresh
        return self.seen >= self.nth and (self.times == 0 or self.seen < self.nth + self.times)


@dataclass
class Contents:
    """What `cloud.json` holds, while a transaction has it."""

    things: list[Thing]
    born: dict[str, int]
    """URN → how many objects it has had."""

    def live(self, *types: str) -> list[Thing]:
        """Live objects of these types (all without any), oldest first."""
        return [thing for thing in self.things if not thing.abandoned and (not types or thing.type in types)]

    def find(self, type_: str, id_: str, urn: str = "", *, oldest: bool = False) -> Thing | None:
        """The live object of that type and id; ids that several share (a random value's is "none") are told apart by URN.

        While such a one is replaced, two share the URN too: the newest is meant, and for a deletion the oldest.
        """
        found = [thing for thing in self.live(type_) if thing.id == id_]
        ours = [thing for thing in found if thing.urn == urn] or found[:1]
        return ours[0 if oldest else -1] if ours else None


class Cloud:
    """The directory, with one lock around each change."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    # What tests ask -----------------------------------------------------------------------------------------------

    def live(self, *types: str) -> list[Thing]:
        """Live objects of these types (all without any), oldest first."""
        with self._lock():
            return self._load().live(*types)

    def one(self, type_: str, name: str = "") -> Thing:
        """The only live object of the type whose name contains `name`. LookupError: none or several."""
        found = [thing for thing in self.live(type_) if name in thing.name]
        if len(found) != 1:
            raise LookupError(
                f"{len(found)} live objects of {type_} named *{name}*: {[thing.id for thing in found]}"
            )
        return found[0]

    def operations(self, since: int = 0) -> list[Operation]:
        """All operations, oldest first, without the first `since`."""
        file = self.directory / "operations.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [Operation(**json.loads(line)) for line in lines[since:]]

    def fault(self, action: Action, **where: Any) -> None:
        """Ask for a refusal: see `Fault`."""
        with self._lock():
            self._save("faults.json", [*self._read("faults.json", []), asdict(Fault(action=action, **where))])

    def struck(self) -> set[tuple[str, ...]]:
        """(operation, type, name) of what the faults with `each` struck, a plugin that died before it could record it included."""
        with self._lock():
            return {
                tuple(what.split(" ", 2))
                for fault in self._read("faults.json", [])
                for what in fault["struck"]
            }

    def heal(self) -> None:
        """Forget every fault that was asked for."""
        with self._lock():
            self._save("faults.json", [])

    def state_fact(self, name: str, value: Any) -> None:
        """Change what the cloud says of itself (`ami`, `zones`, `account`, `subnets`)."""
        with self._lock():
            self._save("facts.json", {**self._read("facts.json", {}), name: value})

    def change(self, type_: str, id_: str, **outputs: Any) -> None:
        """Change a live object behind the engine's back: drift. None removes a property."""
        with self.transaction() as contents:
            thing = contents.find(type_, id_)
            if thing is None:
                raise LookupError(f"no live {type_} {id_}")
            for key, value in outputs.items():
                if value is None:
                    thing.outputs.pop(key, None)
                else:
                    thing.outputs[key] = value

    def remove(self, type_: str, id_: str) -> None:
        """Delete a live object behind the engine's back."""
        with self.transaction() as contents:
            contents.things = [thing for thing in contents.things if (thing.type, thing.id) != (type_, id_)]

    # What the plugins do ------------------------------------------------------------------------------------------

    def facts(self) -> dict[str, Any]:
        """What the cloud says of itself."""
        return {**FACTS, **self._read("facts.json", {})}

    @contextmanager
    def transaction(self) -> Iterator[Contents]:
        """The contents, alone; kept when the block ends without an error."""
        with self._lock():
            contents = self._load()
            yield contents
            self._save(
                "cloud.json", {"things": [asdict(thing) for thing in contents.things], "born": contents.born}
            )

    def strike(self, op: str, type_: str, name: str) -> Fault | None:
        """Count this operation against every fault; the first fault that strikes it."""
        with self._lock():
            faults = [Fault(**entry) for entry in self._read("faults.json", [])]
            struck: Fault | None = None
            for fault in faults:
                if fault.matches(op, type_, name):
                    fault.seen += 1
                    struck = struck or (fault if fault.strikes(f"{op} {type_} {name}") else None)
            if faults:
                self._save("faults.json", [asdict(fault) for fault in faults])
            return struck

    def record(self, operation: Operation) -> None:
        """Append to the log of operations."""
        with self._lock(), (self.directory / "operations.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(operation)) + "\n")

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with (self.directory / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _load(self) -> Contents:
        kept = self._read("cloud.json", {"things": [], "born": {}})
        return Contents([Thing(**entry) for entry in kept["things"]], kept["born"])

    def _read(self, name: str, default: Any) -> Any:
        file = self.directory / name
        return json.loads(file.read_text(encoding="utf-8")) if file.exists() else default

    def _save(self, name: str, value: Any) -> None:
        fresh = self.directory / f"{name}.new"  # renamed over the old: a plugin that dies leaves a whole file
        fresh.write_text(json.dumps(value, indent=1), encoding="utf-8")
        os.replace(fresh, self.directory / name)
