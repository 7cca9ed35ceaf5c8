"""The connector's rules, held against cloudflared itself: the program validates them and says which one takes a request.

Skipped where there is no cloudflared on PATH (https://developers.cloudflare.com/tunnel/downloads/).
"""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

from model.edge.bypass_check import representatives
from model.edge.hosts import hostnames
from model.edge.ingress import CATCH_ALL, ingress
from model.edge.matching import PROBE, Rules, ordered
from model.settings import OriginRequest, Route
from tests.evaluations import ROOT

PROGRAM = shutil.which("cloudflared")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="not on PATH: cloudflared"),
]
FILES = [*sorted(ROOT.glob("examples/*/Pulumi.*.yaml")), ROOT / "docs" / "Pulumi.example.yaml"]


def routes_of(file: Path) -> list[Route]:
    config = yaml.safe_load(file.read_text(encoding="utf-8"))["config"]
    return [Route.model_validate({**route, "origin": {}}) for route in config["drawbridge:routes"]]


def drawn(seed: int) -> list[Route]:
    chance = random.Random(seed)
    hosts = ["h.x.io", "g.x.io", "*.x.io", "*.h.x.io", "n.h.x.io"]
    paths = [None, "/a", "/a/*", "/a*", "/a/b", "/a/b/*", "/A/*", "/b.c", "/x+y/*", "/", "/a/(b)*", "/$x"]
    rows = {(chance.choice(hosts), chance.choice(paths)) for _ in range(chance.randint(1, 6))}
    return [
        Route.model_validate(
            {"hostname": host, "service": f"http://s{index}:80", "access": "public"}
            | ({"path": path} if path else {})
        )
        for index, (host, path) in enumerate(sorted(rows, key=str))
    ]


def written(routes: Sequence[Route], place: Path) -> Path:
    rules = [
        {"hostname": rule.hostname, "service": rule.service, **({"path": rule.path} if rule.path else {})}
        for rule in ingress(routes, OriginRequest())
    ]
    file = place / "config.yml"
    file.write_text(
        yaml.safe_dump({"tunnel": "t", "ingress": [*rules, {"service": CATCH_ALL}]}), encoding="utf-8"
    )
    return file


def cloudflared(file: Path, *arguments: str) -> str:
    command = [str(PROGRAM), "--config", str(file), "tunnel", "ingress", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def position_of(output: str) -> int:
    (line,) = [line for line in output.splitlines() if line.startswith("Matched rule #")]
    return int(line.removeprefix("Matched rule #"))


def expected(routes: Sequence[Route], host: str, path: str) -> int:
    """The model's answer, as the position among the connector's rules; the catch-all is the last."""
    in_order = ordered(routes)
    found = Rules(routes).taking(host, path)
    return len(in_order) if found is None else in_order.index(found)


def hold(routes: Sequence[Route], place: Path, requests: Sequence[tuple[str, str]]) -> None:
    file = written(routes, place)
    for host, path in requests:
        url = f"https://{host}{quote(path, safe='/')}"
        assert position_of(cloudflared(file, "rule", url)) == expected(routes, host, path), url


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_example_is_valid_and_each_class_of_requests_takes_the_rule_that_the_model_says(
    file: Path, tmp_path: Path
) -> None:
    routes = routes_of(file)
    assert "OK" in cloudflared(written(routes, tmp_path), "validate")
    requests = [
        (name, path.replace(PROBE, "zq9"))
        for host in hostnames(routes)
        for name in (host.replace("*", "any"), f"{host.replace('*', 'any')}:8443")
        for path in representatives(routes, host.replace("*", "any"))
    ]
    hold(routes, tmp_path, requests)


@pytest.mark.parametrize("seed", range(25))
def test_generated_routes_take_what_the_model_says(seed: int, tmp_path: Path) -> None:
    routes = drawn(seed)
    assert "OK" in cloudflared(written(routes, tmp_path), "validate")
    chance = random.Random(1000 + seed)
    hosts = ["h.x.io", "H.x.io", "g.x.io:443", "q.x.io", "n.h.x.io:", "m.n.h.x.io", "x.io", "other.io"]
    paths = [
        "/",
        "/a",
        "/a/",
        "/a/b",
        "/a/bc",
        "/ab",
        "/A/x",
        "/b.c",
        "/bxc",
        "/x+y/z",
        "/a/(b)c",
        "/$x",
        "/a%2fb",
    ]
    hold(routes, tmp_path, [(chance.choice(hosts), chance.choice(paths)) for _ in range(8)])


def test_a_rule_after_the_catch_all_is_refused_by_the_program(tmp_path: Path) -> None:
    """The judge can fail: an ingress list that the model would never make."""
    file = tmp_path / "config.yml"
    rules = [{"service": CATCH_ALL}, {"hostname": "h.x.io", "service": "http://s:80"}]
    file.write_text(yaml.safe_dump({"tunnel": "t", "ingress": rules}), encoding="utf-8")
    with pytest.raises(AssertionError, match="will match every hostname"):
        cloudflared(file, "validate")
