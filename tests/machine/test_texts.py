"""The texts that a machine gets, judged by the programs that read them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import invariants
from tests.evaluations import DELIVERIES, EXAMPLES, ROOT, deployed, example_file
from tests.machine.rendered import COMPOSE, SCRIPTS, agent, merged, project, written
from tests.thorough import examples

BIN = Path(sys.executable).parent


def version(*command: str) -> tuple[int, ...]:
    if not shutil.which(command[0]):
        return ()
    text = subprocess.run(command, capture_output=True, text=True).stdout
    found = re.search(r"\b(\d+)\.(\d+)", text)
    return tuple(map(int, found.groups())) if found else ()


@pytest.mark.skipif(
    version("cloud-init", "--version") < (24,),
    reason="needs cloud-init 24 or newer; older ones accept unknown keys",
)
@pytest.mark.parametrize("delivery", DELIVERIES)
@pytest.mark.parametrize("example", EXAMPLES)
def test_cloud_inits_own_schema_accepts_the_user_data(example: str, delivery: str, tmp_path: Path) -> None:
    template = deployed(example, secretDelivery=delivery).of_type(invariants.LAUNCH_TEMPLATE)[0]
    path = tmp_path / "user-data"
    path.write_text("#cloud-config\n" + yaml.safe_dump(invariants.user_data_of(template)))
    done = subprocess.run(
        ["cloud-init", "schema", "--config-file", str(path)], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.strip()) == (0, f"Valid schema {path}"), done.stderr


@pytest.mark.parametrize("example", EXAMPLES)
def test_compose_itself_merges_the_overlay_without_a_word(example: str, tmp_path: Path) -> None:
    project(example, tmp_path)
    services = merged(tmp_path)["services"]
    connector = services["cloudflared"]
    routes = yaml.safe_load(example_file(example).read_text())["config"]["drawbridge:routes"]
    routed = {
        urlsplit(route["service"]).hostname
        for route in routes
        if not route["service"].startswith("http_status:")
    }
    assert {name: wait["condition"] for name, wait in connector["depends_on"].items()} == dict.fromkeys(
        routed, "service_healthy"
    )
    assert connector["stop_grace_period"] == "35s"
    own = yaml.safe_load((tmp_path / "compose.yaml").read_text())["services"]
    once = json.loads(written(example, "cloud-init")["/etc/drawbridge/machine.json"])["once"]
    assert set(services) == {*own, "cloudflared"} - set(once)
    assert [name for name, service in services.items() if service.get("ports")] == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_merged_file_is_valid_by_the_compose_specification(example: str, tmp_path: Path) -> None:
    project(example, tmp_path)
    path = tmp_path / "merged.json"
    path.write_text(json.dumps(merged(tmp_path)))
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_lasting_volumes_lie_on_the_shared_file_system_and_the_app_verifies_its_database(
    tmp_path: Path,
) -> None:
    project("image2model", tmp_path)
    document = merged(tmp_path)
    assert document["volumes"]["uploads"]["driver_opts"] == {
        "type": "none",
        "o": "bind",
        "device": "/srv/drawbridge/storage/uploads",
    }
    backend = document["services"]["backend"]
    assert (backend["environment"]["PGSSLMODE"], backend["environment"]["PGSSLROOTCERT"]) == (
        "verify-full",
        "/etc/drawbridge/rds-ca.pem",
    )
    assert backend["environment"]["DATABASE_URL"].endswith(
        "/image2model?sslmode=verify-full&sslrootcert=/etc/drawbridge/rds-ca.pem"
    )
    assert "PGPASSWORD" not in document["services"]["frontend"]["environment"]


@pytest.mark.slow
@given(
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=20)
    | st.text("a'\"\\$ #\n{}=\r\t", max_size=10)
)
@settings(
    max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_compose_reads_every_value_of_the_env_file_back_to_the_letter(tmp_path: Path, value: str) -> None:
    (tmp_path / "compose.yaml").write_text('services: {a: {image: "b:1", environment: {V: "${V}"}}}\n')
    (tmp_path / ".env").write_bytes(f"V={agent()['quoted'](value)}\n".encode())
    done = subprocess.run(
        [str(COMPOSE), "config", "--format", "json"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    # `config` doubles dollars, so that its output can be read again.
    assert json.loads(done.stdout)["services"]["a"]["environment"]["V"].replace("$$", "$") == value


@pytest.mark.skipif(not shutil.which("nginx", path="/usr/sbin:/usr/bin"), reason="needs nginx")
@pytest.mark.parametrize("example", [e for e in EXAMPLES if (ROOT / "examples" / e / "nginx").exists()])
def test_nginx_accepts_the_examples_configuration(example: str, tmp_path: Path) -> None:
    site = (ROOT / "examples" / example / "nginx" / "default.conf").read_text()
    # Service names resolve in the compose network alone.
    (tmp_path / "site.conf").write_text(
        re.sub(r"proxy_pass http://[a-z-]+:", "proxy_pass http://127.0.0.1:", site)
    )
    main = f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off; include {tmp_path}/site.conf; }}"
    (tmp_path / "nginx.conf").write_text(main)
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    done = subprocess.run(
        [str(nginx), "-t", "-q", "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_the_boot_script_has_nothing_to_complain_about() -> None:
    subprocess.run(["bash", "-n", str(SCRIPTS / "boot")], check=True)
    done = subprocess.run([str(BIN / "shellcheck"), str(SCRIPTS / "boot")], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    above = "/etc/systemd/system/"
    units = {
        p.removeprefix(above): c
        for p, c in written("image2model", "parameter-store").items()
        if p.startswith(above)
    }
    # What is not on this machine is stood in for; everything else is checked.
    units["docker.service"] = "[Service]\nExecStart=/bin/true\n"
    for path, content in units.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(re.sub(r"^(Exec\w+=)\S+", r"\1/bin/true", content, flags=re.MULTILINE))
    judged = [
        str(tmp_path / path) for path in units if not path.endswith(".conf")
    ]  # a drop-in is read with its unit
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *judged], capture_output=True, text=True)
    complaints = [line for line in done.stderr.splitlines() if str(tmp_path) in line]
    assert complaints == []


def test_nothing_is_piped_from_the_network_into_a_shell() -> None:
    assert [
        p.name for p in SCRIPTS.iterdir() if re.search(r"(curl|wget)[^\n]*\|\s*(ba|da)?sh", p.read_text())
    ] == []
