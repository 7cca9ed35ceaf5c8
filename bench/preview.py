"""The preview's cost: next to importing its SDKs, next to the engine's own preview, and with many routes."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import yaml

from .clock import ROOT, in_turns, line

ROUNDS = 5
_EXAMPLES = sorted(ROOT.glob("examples/*/Pulumi.prod.yaml"))

# The SDK modules that evaluating the production stack loads, in the order in which it loads them.
_USED = """
import json, sys
from pathlib import Path
from preview.evaluate.program import evaluate
evaluate(Path.cwd(), stack="prod")
sdks = ("pulumi", "pulumi_aws", "pulumi_cloudflare", "pulumi_random")
print(json.dumps([name for name in sys.modules if name.partition(".")[0] in sdks]))
"""

_FURTHER = """
import gc, json, sys, time
from pathlib import Path
gc.disable()
from preview.evaluate.program import evaluate
files = [Path(name) for name in sys.argv[1:]]
for file in files:
    evaluate(Path.cwd(), config_file=file)
times = []
for _ in range(3):
    for file in files:
        started = time.perf_counter()
        evaluate(Path.cwd(), config_file=file)
        times.append(time.perf_counter() - started)
print(json.dumps(times))
"""

_ROUTES = """
import gc, json, resource, sys, time
from pathlib import Path
gc.disable()
from preview.evaluate.program import evaluate
from preview.report.json_report import to_json
from preview.report.report import build
evaluate(Path.cwd(), config_file=Path(sys.argv[1]))
started = time.perf_counter()
to_json(build(evaluate(Path.cwd(), config_file=Path(sys.argv[2]))))
print(json.dumps([time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def against_imports() -> None:
    """One stack's preview ÷ importing the SDKs that it uses, and each further stack of the same process."""
    used = json.loads(_python(_USED))
    with tempfile.TemporaryDirectory() as place:
        # With what the preview itself does for speed: no collection while the SDKs are loaded, nor of them later.
        script = Path(place) / "imports.py"
        imports = "".join(f"import {name}\n" for name in used)
        script.write_text(f"import gc\ngc.disable()\n{imports}gc.freeze()\ngc.enable()\n")
        commands = {"preview": [sys.executable, "-m", "preview"], "imports": [sys.executable, str(script)]}
        times = in_turns(commands, ROUNDS)
    line(f"importing {len(used)} modules of the SDKs", f"{times['imports']:.2f} s")
    line("python -m preview --stack prod", f"{times['preview']:.2f} s")
    line("ratio", f"{times['preview'] / times['imports']:.2f}", "≤ 1.15")
    further = sorted(json.loads(_python(_FURTHER, *map(str, _EXAMPLES))))
    line(
        f"each further stack ({len(_EXAMPLES)} examples, three times): median",
        f"{further[len(further) // 2]:.2f} s",
        "≤ 0.2 s",
    )


def against_the_engine() -> None:
    """`python -m preview` ÷ `pulumi preview` of the same stack, with the stand-in for the clouds."""
    from tests.engine.harness import EngineStack, copy_project, make_home, missing

    reason = missing()
    if reason:
        print(f"  not measured: {reason}")
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        home = make_home(place / "home")
        project = copy_project(ROOT, place / "project")
        engine = EngineStack(project, "prod", place, home)
        config = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())["config"]
        providers = config.get("drawbridge:identityProviders", {}).values()
        for name in [
            *config["drawbridge:app"]["secrets"],
            *(p["clientSecret"] for p in providers if "clientSecret" in p),
        ]:
            engine.secret(f"drawbridge:secrets.{name}", "measured")
        # The project's own environment, not the tests' warm one: what a user's CLI starts.
        (project / ".venv").unlink(missing_ok=True)
        (project / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
        commands = {
            "pulumi preview": ["pulumi", "preview", "--non-interactive", "--stack", "prod"],
            "python -m preview": [sys.executable, "-m", "preview", "--stack", "prod"],
        }
        times = in_turns(commands, 3, cwd=project, env=engine.environment)
    for name, took in times.items():
        line(name, f"{took:.2f} s")
    line("ratio", f"{times['python -m preview'] / times['pulumi preview']:.2f}", "≤ 0.6")


def many_routes() -> None:
    """Time and memory for many routes, over the floor of an evaluation in a warm process: ten on a host, and all on one."""
    with tempfile.TemporaryDirectory() as place:
        floor = _stack_of([("h.example.com", None)], Path(place) / "floor")
        for count in (10, 100, 1000):
            over_hosts = [(f"h{n // 10}.example.com", f"/p{n % 10}/*") for n in range(count)]
            _routes(f"{count} routes", floor, _stack_of(over_hosts, Path(place) / f"hosts-{count}"), count)
        for count in (10, 100, 1000):
            on_one = [("h.example.com", f"/p{n}/*") for n in range(count)]
            _routes(
                f"{count} routes, all of one host",
                floor,
                _stack_of(on_one, Path(place) / f"host-{count}"),
                count,
            )


def _routes(label: str, floor: Path, file: Path, count: int) -> None:
    runs = sorted(json.loads(_python(_ROUTES, str(floor), str(file))) for _ in range(3))
    took, memory = runs[1]
    line(label, f"{took:.2f} s {memory:.0f} MiB", "≤ 3 s" if count == 1000 else "")


def _stack_of(routes: Sequence[tuple[str, str | None]], place: Path) -> Path:
    """A stack file with these routes; the first of each host is behind a login, the others are public."""
    document = yaml.safe_load((ROOT / "examples/maycast-recorder/Pulumi.prod.yaml").read_text())
    config = document["config"]
    config["drawbridge:cloudflare"]["plan"] = "enterprise"
    first = {hostname: path for hostname, path in reversed(routes)}
    config["drawbridge:routes"] = [
        {
            "hostname": hostname,
            "service": "http://nginx:80",
            "access": "admins" if first[hostname] == path else "public",
        }
        | ({"path": path} if path else {})
        for hostname, path in routes
    ]
    place.mkdir()
    file = place / "Pulumi.prod.yaml"
    file.write_text(yaml.safe_dump(document))
    return file


def _python(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout
