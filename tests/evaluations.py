"""Evaluations of the real program, shared by all tests: each is made once per process."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from preview.evaluate.program import evaluate
from preview.resources import Evaluation, Secret

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted(path.parent.name for path in ROOT.glob("examples/*/Pulumi.prod.yaml"))
DELIVERIES = ("cloud-init", "parameter-store")


def example_file(name: str) -> Path:
    return ROOT / "examples" / name / "Pulumi.prod.yaml"


def secret_names(name: str) -> list[str]:
    """The secrets that an example's stack file asks values for."""
    import yaml

    config = yaml.safe_load(example_file(name).read_text())["config"]
    providers = config.get("drawbridge:identityProviders", {}).values()
    return sorted(
        {
            *config["drawbridge:app"].get("secrets", []),
            *(p["clientSecret"] for p in providers if "clientSecret" in p),
        }
    )


def canary(name: str) -> str:
    return f"canary-{name.lower()}-5f1d"


@functools.cache
def _evaluated(name: str, changes: str) -> Evaluation:
    config: dict[str, Any] = json.loads(changes)
    config["drawbridge:secrets"] = Secret({secret: canary(secret) for secret in secret_names(name)})
    return evaluate(ROOT, config_file=example_file(name), config=config)


def deployed(name: str, **changes: Any) -> Evaluation:
    """An example with canaries for its secrets; ``changes`` replace whole sections, as in `secretDelivery="cloud-init"`."""
    return _evaluated(
        name, json.dumps({f"drawbridge:{key}": value for key, value in changes.items()}, sort_keys=True)
    )
