"""What the real CLI says of bad settings: it hands over values without their lines, which are read from the files."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components import configuration

PROJECT = "name: shop\nruntime: python\nstackConfigDir: stacks\n"
STACK = "config:\n  aws:region: eu-west-1\n  drawbridge:host:\n    instanceTyp: t3.small\n"


def said(monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> list[str]:
    values = {"aws:region": "eu-west-1", "drawbridge:host": '{"instanceTyp":"t3.small"}'}
    monkeypatch.setattr(pulumi.runtime.config, "get_config_env", lambda: values)
    monkeypatch.setattr(pulumi, "get_project", lambda: "shop")
    monkeypatch.setattr(pulumi, "get_stack", lambda: "prod")

    def read(path: str) -> Any:
        if path not in files:
            raise FileNotFoundError(path)
        return files[path]

    with pytest.raises(pulumi.RunError) as caught:
        configuration.load(read)
    return [line.strip() for line in str(caught.value).splitlines() if "instanceTyp" in line]


@pytest.mark.parametrize(
    "files, place",
    [
        ({"Pulumi.yaml": PROJECT, "stacks/Pulumi.prod.yaml": STACK}, "stacks/Pulumi.prod.yaml:4"),
        ({"Pulumi.yaml": "name: shop\n", "Pulumi.prod.yaml": STACK}, "Pulumi.prod.yaml:4"),
        ({"Pulumi.yaml": "name: shop\n"}, "Pulumi.prod.yaml"),
        # Not the file that the values come from: --config-file names another.
        (
            {"Pulumi.yaml": "name: shop\n", "Pulumi.prod.yaml": STACK.replace("small", "large")},
            "Pulumi.prod.yaml",
        ),
    ],
)
def test_an_error_names_the_stack_file_and_the_line_that_can_be_read(
    monkeypatch: pytest.MonkeyPatch, files: dict[str, str], place: str
) -> None:
    assert said(monkeypatch, files) == [f"{place} host.instanceTyp: unknown key; did you mean instanceType?"]
