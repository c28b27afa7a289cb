"""Spot sensors behind a real Mosquitto: one word each, and uplinks as two LoRaWAN network servers send them."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from typing import Any

import pytest
from pydantic import ValidationError

from drivers.contract import DriverContext
from drivers.mqtt_spot_sensor import ChirpStackSettings, MqttSpotSensorSettings, TheThingsStackSettings
from edge.clock import SystemClock
from models.instants import Instant, Reading, to_rfc3339
from simulator.servers import Mosquitto
from tests.drivers.conftest import Device, Notebook, eventually

SPOT, EUI = "gate/spots/12", "24e124538b223213"
THINGS, CHIRP = "v3/north-lot@ttn/devices/spot-12/up", f"application/7a1c/device/{EUI}/event/up"


class SyncedClock(SystemClock):
    """Its wall clock was set by a time server, which the machine of a test may lack."""

    def read(self) -> Reading:
        return dataclasses.replace(super().read(), synced=True)


def ago(context: DriverContext, seconds: float) -> str:
    return to_rfc3339(Instant(context.clock.read().wall - round(seconds * 1_000_000)))


class TheThings:
    """Messages as The Things Stack 3 publishes them."""

    topic = THINGS

    @staticmethod
    def part(login: dict[str, Any], context: DriverContext, **more: Any) -> Any:
        written = {**login, "application": "north-lot", "device_id": "spot-12", **more}
        return TheThingsStackSettings.model_validate(written).build(context)

    @staticmethod
    def uplink(
        received: str, decoded: Any, counter: int, device: str = "spot-12", session: str = "AYfg8rhha5n+FWx0ZaAprA=="
    ) -> str:
        uplink: dict[str, Any] = {"session_key_id": session, "f_port": 85, "frm_payload": "A2cAAQ=="}
        if counter:  # a zero is left out
            uplink["f_cnt"] = counter
        if decoded is not None:
            uplink["decoded_payload"] = decoded
        ids = {"device_id": device, "application_ids": {"application_id": "north-lot"}, "dev_eui": EUI.upper()}
        return json.dumps({"end_device_ids": ids, "received_at": received, "uplink_message": uplink})


class Chirp:
    """Messages as ChirpStack 4 publishes them."""

    topic = CHIRP

    @staticmethod
    def part(login: dict[str, Any], context: DriverContext, **more: Any) -> Any:
        written = {**login, "application": "7a1c", "dev_eui": EUI.upper(), **more}
        return ChirpStackSettings.model_validate(written).build(context)

    @staticmethod
    def uplink(received: str, decoded: Any, counter: int, device: str = EUI, session: str = "01020304") -> str:
        info = {"tenantName": "Lots", "applicationName": "north", "deviceName": "spot 12", "devEui": device}
        uplink = {"deduplicationId": "3ac7e3c4", "time": received, "deviceInfo": info, "devAddr": session}
        return json.dumps({**uplink, "fCnt": counter, "fPort": 85, "data": "A2cAAQ==", "object": decoded or {}})


SERVERS = pytest.mark.parametrize("server", [TheThings, Chirp])


async def listening(sensor: Any) -> None:
    await eventually(lambda: sensor._reached)


async def test_a_spot_is_unknown_until_its_sensor_was_heard_live(login, context, device: Device, started):
    device.says(SPOT, "ON", retain=True)
    heard: list[bool | None] = []
    sensor = await started(MqttSpotSensorSettings(**login, topic=SPOT).build(context))
    sensor.on_occupied(heard.append)
    await listening(sensor)
    await asyncio.sleep(0.3)
    assert sensor.occupied is None
    for said in ("OFF", "ON", "ON"):
        device.says(SPOT, said)
    await eventually(lambda: heard == [False, True])


async def test_a_spot_is_unknown_again_when_its_sensor_falls_silent(
    login, context, device: Device, faults: Notebook, started
):
    sensor = await started(MqttSpotSensorSettings(**login, topic=SPOT, stale_after=0.4).build(context))
    await listening(sensor)
    device.says(SPOT, "ON")
    await eventually(lambda: sensor.occupied is True)
    await eventually(lambda: sensor.occupied is None)
    assert "device.silent" in faults.on
    device.says(SPOT, "OFF")
    await eventually(lambda: sensor.occupied is False)
    assert faults.on == {}


def test_a_sensor_may_be_silent_for_a_day():
    assert MqttSpotSensorSettings(host="h", topic=SPOT).stale_after == 86400
    assert TheThingsStackSettings(host="h", application="north-lot", device_id="spot-12").stale_after == 86400


@SERVERS
async def test_uplinks_tell_whether_the_spot_is_taken(server, login, context, device: Device, faults, started):
    sensor = await started(server.part(login, context))
    await listening(sensor)
    for counter, taken in enumerate((True, False, True)):
        device.says(server.topic, server.uplink(ago(context, 3 - counter), {"occupied": taken}, counter))
        await eventually(lambda taken=taken: sensor.occupied is taken)
    assert faults.on == {}


@SERVERS
async def test_the_decoder_chooses_where_it_puts_the_state_and_in_which_words(
    server, login, context, device: Device, started
):
    words = {"occupied": "parking.0.status", "taken": ["occupied", 1], "free": ["vacant", 0]}
    sensor = await started(server.part(login, context, **words))
    await listening(sensor)
    said = (("occupied", True), ("vacant", False), (1.0, True), (0, False))
    for counter, (status, taken) in enumerate(said):
        decoded = {"parking": [{"status": status}], "battery": 97}
        device.says(server.topic, server.uplink(ago(context, 5 - counter), decoded, counter))
        await eventually(lambda taken=taken: sensor.occupied is taken)


@SERVERS
async def test_repeated_overtaken_and_stale_uplinks_are_not_believed(server, login, context, device: Device, started):
    sensor = await started(server.part(login, dataclasses.replace(context, clock=SyncedClock()), stale_after="1 h"))
    await listening(sensor)
    heard: list[bool | None] = []
    sensor.on_occupied(heard.append)
    yesterday = server.uplink(ago(context, 86400), {"occupied": False}, 6)
    device.says(server.topic, yesterday)
    device.says(server.topic, server.uplink(ago(context, 20), {"occupied": True}, 7))
    await eventually(lambda: heard == [True])
    device.says(server.topic, server.uplink(ago(context, 10), {"occupied": False}, 7))
    device.says(server.topic, server.uplink(ago(context, 30), {"occupied": False}, 6))
    device.says(server.topic, "a last one, so that the others have been heard")
    await eventually(lambda: sensor.occupied is None)
    assert heard == [True, None]


@SERVERS
async def test_a_counter_begins_anew_with_a_new_session(server, login, context, device: Device, started):
    sensor = await started(server.part(login, context))
    await listening(sensor)
    device.says(server.topic, server.uplink(ago(context, 9), {"occupied": True}, 0))
    await eventually(lambda: sensor.occupied is True)
    device.says(server.topic, server.uplink(ago(context, 8), {"occupied": False}, 0, session="0a0b0c0d"))
    await eventually(lambda: sensor.occupied is False)


@SERVERS
async def test_another_sensors_uplink_is_not_ours(server, login, context, device: Device, faults, started):
    sensor = await started(server.part(login, context, topic="gate/bridged"))
    await listening(sensor)
    device.says("gate/bridged", server.uplink(ago(context, 9), {"occupied": True}, 1, device="24e124538b229999"))
    device.says("gate/bridged", server.uplink(ago(context, 8), {"occupied": False}, 1))
    await eventually(lambda: sensor.occupied is False)
    assert faults.ever == []


@SERVERS
async def test_an_uplink_on_the_battery_leaves_the_spot_as_it_is(server, login, context, device: Device, started):
    sensor = await started(server.part(login, context))
    await listening(sensor)
    device.says(server.topic, server.uplink(ago(context, 9), {"occupied": True}, 1))
    await eventually(lambda: sensor.occupied is True)
    device.says(server.topic, server.uplink(ago(context, 8), {"battery": 97}, 2))
    device.says(server.topic, server.uplink(ago(context, 7), None, 3))
    device.says(server.topic, server.uplink(ago(context, 6), {"occupied": True}, 4))
    await asyncio.sleep(0.3)
    assert sensor.occupied is True


@SERVERS
@pytest.mark.parametrize("decoded", [None, {"status": "occupied"}, {"occupied": "perhaps"}, {"occupied": None}])
async def test_a_wrong_path_or_word_is_a_fault(
    server, decoded, login, context, device: Device, faults: Notebook, started
):
    sensor = await started(server.part(login, context))
    await listening(sensor)
    device.says(server.topic, server.uplink(ago(context, 9), decoded, 1))
    await eventually(lambda: "device.garbled" in faults.on)
    assert sensor.occupied is None
    device.says(server.topic, server.uplink(ago(context, 8), {"occupied": False}, 2))
    await eventually(lambda: faults.on == {})


@SERVERS
@pytest.mark.parametrize("garbage", ["{", "[]", "7", '{"end_device_ids": 4, "deviceInfo": "x"}', "[" * 100_000])
async def test_garbage_does_no_harm(server, garbage: str, login, context, device: Device, started):
    sensor = await started(server.part(login, context))
    await listening(sensor)
    device.says(server.topic, garbage)
    device.says(server.topic, server.uplink(ago(context, 8), {"occupied": True}, 2))
    await eventually(lambda: sensor.occupied is True)


@SERVERS
async def test_what_the_broker_kept_of_an_uplink_is_not_believed(server, login, context, device: Device, started):
    device.says(server.topic, server.uplink(ago(context, 60), {"occupied": True}, 1), retain=True)
    sensor = await started(server.part(login, context))
    await listening(sensor)
    await asyncio.sleep(0.3)
    assert sensor.occupied is None


@SERVERS
async def test_a_sensor_is_heard_again_when_its_broker_is_back(
    server, login, context, own_mosquitto: Mosquitto, device: Device, faults: Notebook, started
):
    sensor = await started(server.part(login, context))
    await listening(sensor)
    device.says(server.topic, server.uplink(ago(context, 9), {"occupied": True}, 1))
    await eventually(lambda: sensor.occupied is True)
    own_mosquitto.kill()
    await eventually(lambda: sensor.occupied is None)
    assert "device.unreachable" in faults.on
    own_mosquitto.start()
    await eventually(lambda: sensor._reached and device.client.is_connected(), within=20)
    device.says(server.topic, server.uplink(ago(context, 1), {"occupied": True}, 2))
    await eventually(lambda: sensor.occupied is True)
    assert faults.on == {}


@pytest.mark.parametrize(("server", "version"), [(TheThings, "p2"), (Chirp, "p5")])
async def test_the_things_stack_is_spoken_to_in_mqtt_3(
    server, version: str, login, context, own_mosquitto: Mosquitto, started
):
    """It understands no other. Mosquitto logs 3.1.1 as p2 and 5 as p5."""
    await listening(await started(server.part(login, context)))
    connections = [line for line in own_mosquitto.log.read_text().splitlines() if " as parkgate-" in line]
    assert len(connections) == 1
    assert f"({version}," in connections[0]


def test_a_stack_without_tenants_has_none_in_its_topics():
    settings = TheThingsStackSettings(host="h", application="north-lot", device_id="spot-12", tenant="")
    assert settings.uplinks == "v3/north-lot/devices/spot-12/up"


@pytest.mark.parametrize(
    ("settings", "written", "complaint"),
    [
        (MqttSpotSensorSettings, {"topic": SPOT, "payload_on": 1, "payload_off": 1}, "nothing could be told"),
        (ChirpStackSettings, {"application": "7a1c", "dev_eui": "24:e1"}, "dev_eui"),
        (ChirpStackSettings, {"application": "7a1c", "dev_eui": EUI, "occupied": "a..b"}, "names with dots"),
        (
            TheThingsStackSettings,
            {"application": "north-lot", "device_id": "spot-12", "taken": [True, "yes"], "free": ["true"]},
            "'true' stands for both",
        ),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: Any, written: dict[str, Any], complaint: str):
    with pytest.raises(ValidationError, match=complaint):
        settings.model_validate({"host": "127.0.0.1", **written})
