"""`parkgate-cloud broker setup` as an operator types it, and a Mosquitto that starts with what it wrote."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from cloud.broker.folder import BrokerFolder
from cloud.ingest.broker import BrokerLink
from cloud.settings import CloudSettings
from simulator.servers.ports import answers, free_port
from simulator.servers.process import Server, required
from tests.cloud.test_policy_cli import Typed, typed
from tests.keys import signing_key_file

HERE = ("STATE", "/var/lib/mosquitto/"), ("PID_FILE", "/run/mosquitto/mosquitto.pid")


class AsWritten(Server):
    """Mosquitto with the file that the command wrote; only what this machine may not be written to is another place."""

    def __init__(self, folder: BrokerFolder, scratch: Path) -> None:
        self._plan, self._folder, self._scratch = folder.plan(), folder, scratch
        super().__init__(self._plan.cloud_port, scratch / "mosquitto.log")

    def _command(self) -> Sequence[str]:
        text = self._folder.conf.read_text()
        for _, standard in HERE:
            assert f" {standard}\n" in text, f"{standard} isn't the default any more"
            text = text.replace(standard, f"{self._scratch}/" if standard.endswith("/") else f"{self._scratch}/pid")
        started = self._scratch / "as-started.conf"
        started.write_text(text + ("user root\n" if os.geteuid() == 0 else ""))
        return [required("mosquitto"), "-c", str(started)]

    def _ready(self) -> bool:
        return answers(self._plan.cloud_port)


@pytest.fixture
def set_up(settings: CloudSettings, tmp_path: Path) -> Typed:
    return typed(
        settings.database_url.get_secret_value(),
        *("broker", "setup", "--name", "mqtt.example.org", "--folder", str(tmp_path / "broker")),
        *("--port", str(free_port()), "--cloud-port", str(free_port())),
    )


@pytest.fixture
def running(set_up: Typed, tmp_path: Path) -> Iterator[Server]:
    assert set_up.returncode == 0, set_up.stderr
    with AsWritten(BrokerFolder(tmp_path / "broker"), tmp_path) as server:
        yield server


def said(done: Typed) -> dict[str, str]:
    """The settings that the command's last lines tell, as an operator copies them."""
    lines = (line.strip().removeprefix("PARKGATE_") for line in done.stdout.splitlines() if "PARKGATE_" in line)
    return {name.lower(): value for name, _, value in (line.partition("=") for line in lines)}


async def connects(settings: CloudSettings) -> list[str]:
    """Connects within seconds, or why not."""
    connected = asyncio.Event()

    def changed(up: bool) -> None:
        if up:
            connected.set()

    with capture_logs() as logs:
        broker = BrokerLink(settings, lambda *_: None, changed)
        broker.start()
        try:
            await asyncio.wait_for(connected.wait(), 5)
        except TimeoutError:
            return [line["reason"] for line in logs if line["event"] == "broker.unreachable"]
        finally:
            await broker.stop()
    return []


async def test_the_cloud_connects_with_the_settings_that_the_command_tells(
    settings: CloudSettings, set_up: Typed, running: Server
) -> None:
    told = said(set_up)
    assert {"mqtt_host", "mqtt_ca_file", "mqtt_password_file", "broker_folder"} <= set(told)
    assert await connects(CloudSettings.model_validate({**settings.model_dump(), **told})) == []


async def test_without_the_authority_the_log_names_the_setting(
    settings: CloudSettings, set_up: Typed, running: Server
) -> None:
    told = said(set_up)
    del told["mqtt_ca_file"]
    reasons = await connects(CloudSettings.model_validate({**settings.model_dump(), **told}))
    assert "PARKGATE_MQTT_CA_FILE" in reasons[0]


def enrolled(settings: CloudSettings, folder: Path, *words: str) -> Typed:
    url = settings.database_url.get_secret_value()
    key = {"PARKGATE_SIGNING_KEY_FILE": str(signing_key_file())}
    return typed(url, "lots", "enroll", *words, "--folder", str(folder / "broker"), **key)


def lots(settings: CloudSettings) -> str:
    return typed(settings.database_url.get_secret_value(), "lots").stdout


def test_a_name_typed_twice_makes_no_second_lot(settings: CloudSettings, set_up: Typed, tmp_path: Path) -> None:
    first = enrolled(settings, tmp_path, "--name", "Second", "--file", str(tmp_path / "first"))
    assert first.returncode == 0, first.stderr
    again = enrolled(settings, tmp_path, "--name", "Second", "--file", str(tmp_path / "second"))
    assert (again.returncode, (tmp_path / "second").exists()) == (1, False)
    assert "lots enroll --lot" in again.stderr
    anew = enrolled(settings, tmp_path, "--lot", "Second", "--file", str(tmp_path / "second"), "--json")
    assert json.loads(anew.stdout)["epoch"] == 2
    assert lots(settings).count("Second") == 1


@pytest.mark.parametrize("words", [("--file", "nowhere/at-all"), ("--file", "fine", "--qr", "fine.jpg")], ids=str)
def test_what_cannot_be_handed_over_enrols_nothing(
    settings: CloudSettings, set_up: Typed, tmp_path: Path, words: tuple[str, ...]
) -> None:
    there = (word if word.startswith("--") else str(tmp_path / word) for word in words)
    done = enrolled(settings, tmp_path, "--name", "Second", *there)
    assert (done.returncode, "Second" in lots(settings)) == (2, False)


def test_a_revoked_lot_is_said_to_be(settings: CloudSettings, set_up: Typed, tmp_path: Path) -> None:
    enrolled(settings, tmp_path, "--name", "Second", "--file", str(tmp_path / "first"))
    assert "revoked" not in lots(settings)
    url = settings.database_url.get_secret_value()
    done = typed(url, "lots", "revoke", "Second", "--folder", str(tmp_path / "broker"))
    assert done.stdout.startswith("Second is revoked")
    assert "revoked" in lots(settings)
