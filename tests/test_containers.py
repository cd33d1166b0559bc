"""Dockerfile and compose file agree with the code: every path, command, port and variable exists, every service runs.

No engine is needed: the files are parsed, and each service's command is started as a process with its environment.
"""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.settings import Settings

ROOT = Path(__file__).parent.parent
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DOCKERFILE = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
INSTRUCTIONS = [line.split(maxsplit=1) for line in DOCKERFILE.splitlines() if line and not line.startswith("#")]
SETTINGS = {f"SCHOLIAST_{name.upper()}" for name in Settings.model_fields}


def arguments(instruction: str) -> list[str]:
    return [rest for name, rest in INSTRUCTIONS if name == instruction]


def environment() -> dict[str, str]:
    pairs = [pair for rest in arguments("ENV") for pair in shlex.split(rest)]
    return dict(pair.split("=", 1) for pair in pairs)


def services() -> dict[str, Any]:
    found: dict[str, Any] = COMPOSE["services"]
    return found


def test_every_copied_path_exists_and_is_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    for rest in arguments("COPY"):
        if "--from" in rest:
            continue
        for source in rest.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert source not in ignored


def test_every_package_of_the_project_is_copied() -> None:
    copied = " ".join(arguments("COPY"))
    for package in ("app", "retrieval", "generation", "ingest", "bench"):
        assert f"{package} ./{package}" in copied


def test_the_image_does_not_run_as_root_and_has_a_health_check_on_an_existing_route() -> None:
    assert arguments("USER") == ["scholiast"]
    (check,) = arguments("HEALTHCHECK")
    assert "/readyz" in check
    assert f":{environment()['SCHOLIAST_PORT']}/" in check


def test_every_variable_is_a_setting() -> None:
    used = {name for name in environment() if name.startswith("SCHOLIAST_")}
    for service in services().values():
        used |= set(service.get("environment", {}))
    assert used <= SETTINGS
    assert set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text())) == {"TORCH_INDEX_URL", "EXTRAS"}
    assert {rest.split("=")[0] for rest in arguments("ARG")} == {"TORCH_INDEX_URL", "EXTRAS"}


def test_ports_and_volumes_fit_the_image() -> None:
    port = environment()["SCHOLIAST_PORT"]
    assert arguments("EXPOSE") == [port]
    assert services()["api"]["ports"] == [f"127.0.0.1:8000:{port}"]
    for service in services().values():
        (volume,) = service["volumes"]
        assert volume == f"data:{environment()['SCHOLIAST_DATA_DIR']}"
    assert arguments("VOLUME") == [environment()["SCHOLIAST_DATA_DIR"]]
    assert set(COMPOSE["volumes"]) == {"data"}


def test_the_lock_pins_what_the_dockerfile_installs_by_name() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    for name in re.findall(r"grep '\^(\w+)=='", DOCKERFILE):
        assert re.search(rf"^{name}==\d", lock, re.MULTILINE)


@pytest.mark.models
def test_each_service_runs_as_its_command_says(tmp_path: Path) -> None:
    """Starts api and worker on one data folder, with the paths of the image replaced by ones of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    local = {
        "SCHOLIAST_DATA_DIR": str(tmp_path),
        "SCHOLIAST_MODELS_DIR": str(ROOT / "models"),
        "SCHOLIAST_HOST": "127.0.0.1",
        "SCHOLIAST_PORT": str(port),
    }
    processes = []
    for service in services().values():
        command = service["command"]
        assert command[0] == "scholiast"
        processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "app", *command[1:]],
                env={
                    **os.environ,
                    **environment(),
                    "PATH": os.environ["PATH"],
                    **service.get("environment", {}),
                    **local,
                },
                cwd=ROOT,
            )
        )
    try:
        body = json.dumps({"name": "a.txt", "text": "The ferry leaves at noon."}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/documents/text", body, {"Content-Type": "application/json"}
        )
        document = wait(lambda: json.load(urllib.request.urlopen(request))["documents"][0])
        url = f"http://127.0.0.1:{port}/v1/documents/{document['id']}"
        wait(lambda: json.load(urllib.request.urlopen(url))["status"] == "ready")
        wait(lambda: json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz"))["ready"])
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(60) for process in processes]
    assert codes == [0, 0]


def wait(attempt: Any) -> Any:
    deadline = time.monotonic() + 120
    while True:
        try:
            if result := attempt():
                return result
        except OSError:
            pass
        assert time.monotonic() < deadline, "the service did not get there in time"
        time.sleep(0.3)
