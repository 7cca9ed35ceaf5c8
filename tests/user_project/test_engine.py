"""The real Pulumi CLI in a user's own repository, over the stand-in clouds."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.engine.harness import EngineStack, make_home, missing
from tests.evaluations import canary

from .places import make_app, unpacked

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_home(tmp_path_factory.mktemp("pulumi-home"))


def test_two_apps_are_previewed_and_deployed_with_one_drawbridge(
    tmp_path: Path, drawbridge: Path, home: Path
) -> None:
    unpacked(drawbridge, tmp_path / "drawbridge")
    (tmp_path / "drawbridge/.venv").symlink_to(home / "venv", target_is_directory=True)
    names = {}
    for name in ("shop", "wiki"):
        place = make_app(tmp_path / "apps" / name, name, "../../drawbridge", f"{name}.example.com")
        engine = EngineStack(place, "prod", tmp_path / "places" / name, home)
        for secret in _secrets(place):
            engine.secret(f"drawbridge:secrets.{secret}", canary(secret))
        assert {op for op, _ in engine.preview().planned()} == {"create"}
        engine.up()
        assert engine.preview().steps == ()
        resources = engine.export()["resources"]
        assert all(resource["urn"].startswith(f"urn:pulumi:prod::{name}::") for resource in resources)
        ours = [resource for resource in resources if not resource["type"].startswith("pulumi:providers:")]
        names[name] = {resource["urn"].rsplit("::", 1)[1] for resource in ours}
        engine.edit(lambda config: config.update({"drawbrigde:protect": False}))
        assert (
            "drawbrigde:protect: settings outside of drawbridge: are not read"
            in engine.preview(fails=True).output
        )
    assert not names["shop"] & names["wiki"]


def _secrets(place: Path) -> list[str]:
    config = yaml.safe_load((place / "Pulumi.prod.yaml").read_text())["config"]
    return list(config["drawbridge:app"].get("secrets", []))
