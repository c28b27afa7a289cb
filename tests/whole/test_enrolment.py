"""From `parkgate-cloud lots enroll` to a lot whose facts arrive over TLS, with nothing but what the commands wrote."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import cv2
import numpy as np
import pytest

from simulator.servers import Postgres
from tests.cloud.secured import SecuredBroker
from tests.cloud.test_cli import PROGRAM, environment, typed
from tests.edge.daemons import EDGE, Site, edge, until
from tests.keys import signing_key_file

LOT_YAML = """\
lot:
  id: 0193e1a0-0000-7000-8000-000000000000  # the operator's
  name: North Street # as on the sign
  timezone: Europe/Berlin
"""


@dataclass
class Town:
    """A cloud's machine: its database, its broker, and what its commands are told."""

    broker: SecuredBroker
    environment: Mapping[str, str]

    def types(self, *words: str) -> subprocess.CompletedProcess[str]:
        return typed("", *words, variables=self.environment)


@pytest.fixture
def town(postgres: Postgres, tmp_path: Path) -> Iterator[Town]:
    name = f"town_{uuid4().hex}"
    with SecuredBroker(tmp_path / "cloud") as broker:
        known = environment(
            postgres.create_database(name),
            BROKER_FOLDER=str(broker.folder.path),
            SIGNING_KEY_FILE=str(signing_key_file()),
            MQTT_HOST="localhost",
            MQTT_PORT=str(broker.plan.cloud_port),
            MQTT_USERNAME="parkgate-cloud",
            MQTT_PASSWORD_FILE=str(broker.folder.cloud_password),
            MQTT_TLS="true",
            MQTT_CA_FILE=str(broker.authority),
            HTTP_PORT="0",
            CONSOLE="false",
        )
        town = Town(broker, known)
        assert town.types("db", "upgrade").returncode == 0
        yield town
    postgres.drop_database(name)


def enrol_at_the_lot(*words: str) -> subprocess.CompletedProcess[str]:
    return edge("enroll", *words)


def test_a_new_computer_is_brought_on_line_with_one_file(town: Town, tmp_path: Path) -> None:
    site = Site(tmp_path / "lot", town.broker)  # type: ignore[arg-type]
    file, etc = tmp_path / "north.enrolment", tmp_path / "etc"
    made = town.types("lots", "enroll", "--name", "North Street", "--file", str(file), "--json")
    assert (made.returncode, made.stderr, file.stat().st_mode & 0o777) == (0, "", 0o600)
    done = enrol_at_the_lot(str(file), "--config", str(site.config), "--folder", str(etc))
    assert done.returncode == 0, done.stderr
    lot = json.loads(made.stdout)["id"]
    password = (etc / "link.password").read_text().strip()
    assert password not in made.stdout + done.stdout + site.config.read_text()
    with subprocess.Popen([PROGRAM, "run"], env=town.environment, stderr=subprocess.PIPE) as cloud:
        try:
            with subprocess.Popen([EDGE, "run", "--config", str(site.config)], stderr=subprocess.PIPE) as daemon:
                try:
                    until(lambda: listed(town, lot)["applied_seq"] > 0)
                    until(lambda: site.status()["link"]["backlog"] == 0)
                    words = ("lanes", "state", lot, "in", "closed", "--reason", "snow", "--by", "A. Smith")
                    told = town.types(*words)
                    assert (told.returncode, told.stderr) == (0, ""), "an order from afar finds its way, too"
                    assert site.status()["daemon"]["lanes"][0]["state"] == "closed"
                finally:
                    daemon.kill()
        finally:
            cloud.kill()
    assert listed(town, lot)["name"] == "North", "the name that its own file says"
    for name in ("North", "North Street"):
        assert town.types("permits", "list", "--lot", name).returncode == 0, "both are its name"
    assert "North Street (North)" in town.types("lots").stdout


def listed(town: Town, lot: str) -> dict[str, object]:
    [found] = [each for each in json.loads(town.types("lots", "--json").stdout) if each["id"] == lot]
    return found


def photographed(picture: Path) -> Path:
    """The code on a sheet of paper, held at a slight angle, in the light of an office."""
    code = cv2.imread(str(picture))
    assert code is not None
    height, width = code.shape[:2]
    turned = cv2.getRotationMatrix2D((width / 2, height / 2), 4, 0.9)
    paper = cv2.warpAffine(code, turned, (width, height), borderValue=(235, 238, 240))
    noisy = np.clip(paper.astype(np.int16) + np.random.default_rng(1).normal(0, 6, paper.shape), 0, 255)
    photograph = picture.with_suffix(".jpg")
    cv2.imwrite(str(photograph), noisy.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 85])
    return photograph


def test_a_photograph_of_the_code_does_as_well_and_the_lots_file_keeps_its_comments(town: Town, tmp_path: Path) -> None:
    picture, file, etc = tmp_path / "code.png", tmp_path / "lot.enrolment", tmp_path / "etc"
    made = town.types("lots", "enroll", "--name", "North", "--qr", str(picture), "--file", str(file), "--json")
    lot = json.loads(made.stdout)["id"]
    site = Site(tmp_path / "lot", town.broker)  # type: ignore[arg-type]
    rest = site.config.read_text().partition("tariff:")
    site.config.write_text(LOT_YAML + rest[1] + rest[2])
    done = enrol_at_the_lot(str(photographed(picture)), "--config", str(site.config), "--folder", str(etc))
    assert done.returncode == 0, done.stderr
    text = site.config.read_text()
    assert f"id: {lot}  # the operator's" in text
    assert "North Street # as on the sign" in text
    again = enrol_at_the_lot(str(file), "--folder", str(tmp_path / "other"))
    assert (tmp_path / "other/link.password").read_text() == (etc / "link.password").read_text()
    assert f"id: {lot}" in again.stdout


def test_a_second_enrolment_ends_the_first(town: Town, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    made = town.types("lots", "enroll", "--name", "North", "--file", str(first), "--json")
    lot = json.loads(made.stdout)["id"]
    anew = town.types("lots", "enroll", "--lot", lot, "--file", str(second), "--json")
    assert json.loads(anew.stdout) == {"id": lot, "name": "North", "epoch": 2}
    answers = []
    for file in (first, second):
        etc = file.with_suffix(".etc")
        enrol_at_the_lot(str(file), "--folder", str(etc))
        town.broker.passwords[lot] = (etc / "link.password").read_text().strip()
        client = town.broker.lot(lot)
        answers.append(client.connect(town.broker.plan.lots_port))
        client.leave()
    assert answers == ["Not authorized", "Success"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello", "begins with 'parkgate1:'"),
        ("parkgate1:AAAA", "damaged on its way"),
        ("parkgate1:" + "é", "damaged on its way"),
    ],
)
def test_what_is_no_enrolment_changes_nothing(tmp_path: Path, text: str, said: str) -> None:
    file, etc = tmp_path / "given", tmp_path / "etc"
    file.write_text(text)
    done = enrol_at_the_lot(str(file) if text.isascii() else text, "--folder", str(etc))
    assert (done.returncode, etc.exists()) == (1, False)
    assert said in done.stderr
    assert done.stderr.startswith((f"{file}: ", "The text that was given: ")), "what it speaks of is named"
    assert "Traceback" not in done.stderr


def test_the_tickets_of_another_lot_are_not_given_away(town: Town, tmp_path: Path) -> None:
    site = Site(tmp_path / "lot", town.broker)  # type: ignore[arg-type]
    file = tmp_path / "enrolment"
    town.types("lots", "enroll", "--name", "North", "--file", str(file))
    before = site.config.read_text()
    subprocess.run([EDGE, "status", "--config", str(site.config)], capture_output=True, timeout=60)
    with subprocess.Popen([EDGE, "run", "--config", str(site.config)], stderr=subprocess.PIPE) as daemon:
        until(lambda: site.store.exists() and site.store.stat().st_size > 0 and site.status())
        daemon.kill()
    done = enrol_at_the_lot(str(file), "--config", str(site.config), "--folder", str(tmp_path / "etc"))
    assert done.returncode == 1
    assert f"tickets of lot {site.id}" in done.stderr
    assert (site.config.read_text(), (tmp_path / "etc").exists()) == (before, False)
