"""Image registries: what a name means, and what each answer of a registry is taken for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from preview.doctor.answers import Unasked
from preview.doctor.registry import Found, Reference, reference
from preview.doctor.registry import Registry as Client
from tests.preview.doctor.registry_double import Registry, registry


@pytest.mark.parametrize(
    ("image", "meant"),
    [
        ("nginx", Reference("docker.io", "library/nginx", "latest")),
        ("nginx:1.28", Reference("docker.io", "library/nginx", "1.28")),
        ("shop/api:1", Reference("docker.io", "shop/api", "1")),
        ("index.docker.io/shop/api:1", Reference("docker.io", "shop/api", "1")),
        ("ghcr.io/shop/api/x:v1", Reference("ghcr.io", "shop/api/x", "v1")),
        ("localhost/api", Reference("localhost", "api", "latest")),
        ("127.0.0.1:5000/api", Reference("127.0.0.1:5000", "api", "latest")),
        ("registry.example.com:5000/a/b:c", Reference("registry.example.com:5000", "a/b", "c")),
        ("redis@sha256:abc", Reference("docker.io", "library/redis", "sha256:abc")),
        ("redis:7@sha256:abc", Reference("docker.io", "library/redis", "sha256:abc")),
    ],
)
def test_a_name_means_what_docker_reads_in_it(image: str, meant: Reference) -> None:
    assert reference(image) == meant


@pytest.fixture
def there() -> Iterator[Registry]:
    with registry() as served:
        yield served


def test_an_image_is_found_with_an_anonymous_token_and_without_being_pulled(there: Registry) -> None:
    there.images["library/nginx:1"] = ["linux/amd64", "linux/arm64"]
    there.limit = 100
    found = Client(there.address).find("nginx:1")
    assert found == Found("there", frozenset({"linux/amd64", "linux/arm64"}), (100, 21600))
    assert there.calls == [
        "HEAD /v2/library/nginx/manifests/1",
        "GET /token",
        "HEAD /v2/library/nginx/manifests/1",
        "GET /v2/library/nginx/manifests/1",
    ]


def test_a_manifest_that_names_no_platform_has_none(there: Registry) -> None:
    there.images["library/nginx:1"] = None
    assert Client(there.address).find("nginx:1") == Found("there")
    assert there.calls[-1].startswith("HEAD ")


def test_what_is_missing_private_or_limited_is_told_apart(there: Registry) -> None:
    client = Client(there.address)
    assert client.find("nginx:1").status == "missing"
    there.private.add("library/nginx")
    assert client.find("nginx:1").status == "denied"
    there.spent = True
    assert client.find("nginx:1").status == "limited"


def test_a_registry_that_is_not_there_is_not_an_answer() -> None:
    with registry() as gone:
        address = gone.address
    with pytest.raises(Unasked, match="cannot be reached"):
        Client(address).find("nginx:1")


def test_nothing_is_asked_over_plain_http() -> None:
    with pytest.raises(
        Unasked, match="http://registry.example.com/v2/library/nginx/manifests/1 is not https"
    ):
        Client("http://registry.example.com").find("nginx:1")
