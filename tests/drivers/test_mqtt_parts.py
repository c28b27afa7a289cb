"""Barriers, loops and classifiers behind a real Mosquitto: what is believed, what is sent, and what is never."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import ValidationError

from drivers.contract import DriverContext, DriverError, Position
from drivers.mqtt import MqttBarrierSettings, MqttClassifierSettings, MqttInputSettings
from models.spots import VehicleType
from simulator.servers import Mosquitto
from tests.drivers.conftest import PASSWORD, USER, Device, Notebook, eventually

COMMAND, POSITION, POLL = "gate/in/command", "gate/in/position", "gate/in/poll"
LOOP, KIND = "gate/in/loop", "gate/in/kind"


def a_barrier(login: dict[str, Any], context: DriverContext, **more: Any) -> Any:
    return MqttBarrierSettings(**login, command_topic=COMMAND, position_topic=POSITION, **more).build(context)


def a_loop(login: dict[str, Any], context: DriverContext, **more: Any) -> Any:
    return MqttInputSettings(**login, topic=LOOP, **more).build(context)


async def connected(part: Any, device: Device) -> None:
    """The poll comes after the subscription: whoever hears it is listened to."""
    await eventually(lambda: bool(device.heard_on(POLL)))


async def test_a_loop_is_unknown_until_it_was_read_live(login, context, device, started):
    loop = await started(a_loop(login, context, poll_topic=POLL))
    assert loop.level is None
    await connected(loop, device)
    assert loop.level is None
    device.says(LOOP, "ON")
    await eventually(lambda: loop.level is True)
    device.says(LOOP, "OFF")
    await eventually(lambda: loop.level is False)


async def test_a_retained_level_is_not_believed(login, context, device, started):
    device.says(LOOP, "ON", retain=True)
    device.says(POSITION, "open", retain=True)
    loop = await started(a_loop(login, context, poll_topic=POLL))
    barrier = await started(a_barrier(login, context, poll_topic=POLL))
    await connected(loop, device)
    await asyncio.sleep(0.3)
    assert loop.level is None
    assert barrier.position is Position.UNKNOWN


async def test_a_device_that_retains_what_it_says_is_believed_while_it_says_it(login, context, device, started):
    loop = await started(a_loop(login, context, poll_topic=POLL))
    await connected(loop, device)
    device.says(LOOP, "ON", retain=True)
    await eventually(lambda: loop.level is True)


async def test_the_poll_makes_a_device_say_its_level_at_the_start(login, context, device, started):
    device.answers[POLL] = (LOOP, "OFF")
    loop = await started(a_loop(login, context, poll_topic=POLL))
    await eventually(lambda: loop.level is False)


async def test_levels_are_unknown_without_a_broker_and_come_back_by_the_poll(
    login, context, own_mosquitto: Mosquitto, device, faults: Notebook, started
):
    heard: list[bool | None] = []
    device.answers[POLL] = (LOOP, "ON")
    loop = await started(a_loop(login, context, poll_topic=POLL))
    loop.on_level(heard.append)
    await eventually(lambda: loop.level is True)
    assert faults.on == {}
    own_mosquitto.kill()
    await eventually(lambda: loop.level is None)
    assert "device.unreachable" in faults.on
    own_mosquitto.start()
    await eventually(lambda: loop.level is True, within=20)
    assert faults.on == {}
    assert heard == [True, None, True]


async def test_a_vend_reaches_the_device_once_with_its_id(login, context, device, started):
    barrier = await started(a_barrier(login, context, poll_topic=POLL))
    await connected(barrier, device)
    await barrier.vend("ticket-7")
    await eventually(lambda: device.heard_on(COMMAND) == ['{"vend": "ticket-7"}'])


async def test_a_vend_without_a_broker_fails_at_once_and_is_never_sent_later(
    login, context, own_mosquitto: Mosquitto, device, started
):
    barrier = await started(a_barrier(login, context, poll_topic=POLL))
    await connected(barrier, device)
    own_mosquitto.kill()
    await eventually(lambda: not barrier._connection._connected)
    with pytest.raises(DriverError) as refused:
        await barrier.vend("too-late")
    assert refused.value.fault.code == "device.unreachable"
    polls = len(device.heard_on(POLL))
    own_mosquitto.start()
    await eventually(lambda: len(device.heard_on(POLL)) > polls, within=20)
    await barrier.vend("in-time")
    await eventually(lambda: bool(device.heard_on(COMMAND)))
    await asyncio.sleep(0.3)
    assert device.heard_on(COMMAND) == ['{"vend": "in-time"}']


async def test_a_vend_on_the_heels_of_a_dying_broker_is_never_sent_later(
    login, context, own_mosquitto: Mosquitto, device, started
):
    """The daemon hasn't noticed yet: the vend may be lost, but it must not lie in wait."""
    barrier = await started(a_barrier(login, context, poll_topic=POLL))
    await connected(barrier, device)
    polls = len(device.heard_on(POLL))
    own_mosquitto.kill()
    with contextlib.suppress(DriverError):
        await barrier.vend("on-the-heels")
    own_mosquitto.start()
    await eventually(lambda: len(device.heard_on(POLL)) > polls, within=20)
    await asyncio.sleep(0.3)
    assert device.heard_on(COMMAND) == []


async def test_an_arm_that_has_fallen_silent_is_not_told_to_move(login, context, device, started):
    """A hung broker would keep the vend and deliver it when it wakes up."""
    barrier = await started(a_barrier(login, context, poll_topic=POLL, stale_after=0.3))
    await connected(barrier, device)
    device.says(POSITION, "closed")
    await eventually(lambda: barrier.position is Position.CLOSED)
    await eventually(lambda: barrier.position is Position.UNKNOWN)
    with pytest.raises(DriverError) as refused:
        await barrier.vend("into-the-void")
    assert refused.value.fault.code == "device.silent"
    device.says(POSITION, "closed")
    await eventually(lambda: barrier.position is Position.CLOSED)
    await barrier.vend("to-a-live-arm")
    await eventually(lambda: device.heard_on(COMMAND) == ['{"vend": "to-a-live-arm"}'])


async def test_a_vend_can_say_until_when_it_holds(login, context, device, started):
    barrier = await started(a_barrier(login, context, poll_topic=POLL, payload_vend="$until", vend_expires=2))
    await connected(barrier, device)
    before = context.clock.read().wall
    await barrier.vend("v")
    await eventually(lambda: bool(device.heard_on(COMMAND)))
    until = int(device.heard_on(COMMAND)[0])
    assert before + 2_000_000 <= until <= context.clock.read().wall + 2_000_000


async def test_a_vend_before_the_first_connection_is_refused(login, context, device, own_mosquitto: Mosquitto, started):
    own_mosquitto.kill()
    barrier = await started(a_barrier(login, context))
    with pytest.raises(DriverError):
        await barrier.vend("early")


async def test_nothing_but_polls_is_published_at_start_and_stop(login, context, device):
    barrier = a_barrier(login, context, poll_topic=POLL)
    loop = a_loop(login, context, poll_topic=POLL)
    for part in (barrier, loop):
        await part.start()
    await connected(loop, device)
    for part in (barrier, loop):
        await part.stop()
    await asyncio.sleep(0.3)
    assert {topic for topic, _ in device.heard} == {POLL}
    assert barrier.position is Position.UNKNOWN


async def test_a_position_is_told_as_it_changes(login, context, device, started):
    heard: list[Position] = []
    barrier = await started(a_barrier(login, context, poll_topic=POLL))
    barrier.on_position(heard.append)
    await connected(barrier, device)
    for position in ("closed", "closed", "moving", "open"):
        device.says(POSITION, position)
    await eventually(lambda: heard == [Position.CLOSED, Position.MOVING, Position.OPEN])


async def test_words_that_the_settings_do_not_name_make_the_level_unknown(
    login, context, device, faults: Notebook, started
):
    loop = await started(a_loop(login, context, poll_topic=POLL))
    await connected(loop, device)
    device.says(LOOP, "ON")
    await eventually(lambda: loop.level is True)
    device.says(LOOP, "occupied")
    await eventually(lambda: loop.level is None)
    assert faults.on["device.garbled"] == f"{LOOP} said 'occupied'; the settings expect 'ON' or 'OFF'"
    device.says(LOOP, "OFF")
    await eventually(lambda: loop.level is False)
    assert faults.on == {}


async def test_a_device_that_never_spoke_is_told_from_one_that_has_fallen_silent(
    login, context, device, faults: Notebook, started
):
    """A misspelt topic would else look like a device without power."""
    loop = await started(a_loop(login, context, stale_after=0.3, heard_within=5))
    await eventually(lambda: loop._reached)
    await eventually(lambda: faults.on == {"device.never_heard": f"nothing on {LOOP} for 0.3 s"})
    device.says(LOOP, "OFF")
    await eventually(lambda: faults.on == {})
    await eventually(lambda: set(faults.on) == {"device.silent"})


async def test_a_device_that_may_be_silent_for_long_is_missed_soon_when_it_never_spoke(
    login, context, device, faults: Notebook, started
):
    barrier = await started(a_barrier(login, context, stale_after="1 h", heard_within=0.3))
    await eventually(lambda: "device.never_heard" in faults.on)
    await barrier.vend("it may speak once it moves")
    await eventually(lambda: len(device.heard_on(COMMAND)) == 1)


async def test_a_device_that_falls_silent_is_unknown_again(login, context, device, faults: Notebook, started):
    loop = await started(a_loop(login, context, poll_topic=POLL, stale_after=0.4))
    await connected(loop, device)
    device.says(LOOP, "ON")
    await eventually(lambda: loop.level is True)
    await eventually(lambda: loop.level is None)
    await eventually(lambda: "device.silent" in faults.on)
    device.says(LOOP, "ON")
    await eventually(lambda: loop.level is True)
    assert "device.silent" not in faults.on


async def test_a_classifier_tells_the_kind_of_vehicle_that_is_there_now(login, context, device, started):
    classifier = await started(MqttClassifierSettings(**login, topic=KIND, poll_topic=POLL).build(context))
    await connected(classifier, device)
    assert classifier.vehicle_type is None
    device.says(KIND, "MOTORCYCLE")
    await eventually(lambda: classifier.vehicle_type is VehicleType.MOTORCYCLE)
    device.says(KIND, "NONE")
    await eventually(lambda: classifier.vehicle_type is None)


async def test_twenty_loops_share_one_connection_and_one_network_thread(login, context, device):
    before = {thread.name for thread in threading.enumerate()}
    loops = [
        MqttInputSettings(**login, topic=f"gate/loop/{number}", poll_topic=POLL).build(context) for number in range(20)
    ]
    for loop in loops:
        await loop.start()
    await connected(loops[-1], device)
    assert len({thread.name for thread in threading.enumerate()} - before - {"asyncio_0"}) == 1
    device.says("gate/loop/19", "ON")
    await eventually(lambda: loops[19].level is True)
    assert len(device.heard_on(POLL)) == 1
    for loop in loops:
        await loop.stop()
    assert not [
        thread for thread in threading.enumerate() if thread.name.startswith("paho") and thread.name not in before
    ]


async def test_a_wrong_password_is_a_fault_that_does_not_tell_the_password(
    login, context, faults: Notebook, started, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GATE_PASSWORD", "battery-staple")
    with structlog.testing.capture_logs() as logs:
        await started(a_loop(login, context))
        await eventually(lambda: "device.unreachable" in faults.on)
    assert "refused the login" in faults.on["device.unreachable"]
    assert "battery-staple" not in f"{faults.ever} {logs} {MqttInputSettings(**login, topic=LOOP)!r}"


async def test_a_password_that_is_corrected_is_used_at_the_next_attempt(
    login, context, device, faults: Notebook, started, tmp_path
):
    kept = tmp_path / "password"
    changed = {**login, "password_env": None, "password_file": kept}
    loop = await started(a_loop(changed, context, poll_topic=POLL))
    await eventually(lambda: "device.unreachable" in faults.on)
    assert "password file" in faults.on["device.unreachable"]
    kept.write_text(f"{PASSWORD}\n")
    await eventually(lambda: bool(device.heard_on(POLL)), within=20)
    await eventually(lambda: faults.on == {})
    assert loop.level is None


async def test_a_topic_that_the_broker_refuses_is_a_fault(login, context, faults: Notebook, started, tmp_path):
    """Mosquitto's access file never refuses a subscription, only its plugin does."""
    plugin = next(Path("/usr/lib").glob("*/mosquitto_dynamic_security.so"), None)
    if plugin is None:
        pytest.skip("Mosquitto's dynamic security plugin isn't installed")
    rule = {"acltype": "subscribePattern", "topic": "secret/#", "priority": 0, "allow": False}
    rules = {
        "defaultACLAccess": {"subscribe": True, "publishClientSend": True, "publishClientReceive": True},
        "clients": [{"username": USER, "roles": [{"rolename": "gate"}]}],
        "roles": [{"rolename": "gate", "acls": [rule]}],
    }
    (tmp_path / "rules.json").write_text(json.dumps(rules))
    guard = [f"plugin {plugin}", f"plugin_opt_config_file {tmp_path / 'rules.json'}"]
    with Mosquitto(tmp_path / "guarded", {USER: PASSWORD}, settings=guard) as guarded:
        await started(MqttInputSettings(**{**login, "port": guarded.port}, topic="secret/loop").build(context))
        await eventually(lambda: "device.refused" in faults.on)
    assert "secret/loop" in faults.on["device.refused"]


@pytest.mark.parametrize("payload", ["${vend", "$ticket", "100 $"])
def test_a_vend_payload_with_an_unknown_blank_is_refused(payload: str):
    with pytest.raises(ValidationError, match=r"only \$vend and \$until"):
        MqttBarrierSettings(host="127.0.0.1", command_topic=COMMAND, payload_vend=payload)


def test_a_device_that_says_the_same_for_on_and_off_is_refused():
    with pytest.raises(ValidationError, match="nothing could be told"):
        MqttInputSettings(host="127.0.0.1", topic=LOOP, payload_on="1", payload_off="1")
