"""Arms behind a real Mosquitto that can be held and lowered, that say where they are or don't, and covers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from pydantic import ValidationError

from drivers.contract import DriverContext, DriverError, Position
from drivers.homeassistant_cover import CoverSettings
from drivers.mqtt import MqttBarrierSettings, MqttInputSettings
from simulator.servers import Mosquitto
from tests.drivers.conftest import Device, Notebook, eventually

COMMAND, POSITION, POLL = "gate/in/command", "gate/in/position", "gate/in/poll"
AVAILABLE = "gate/in/available"
WORDS = {
    "payload_hold": '{"hold": true, "id": "$id", "until": $until}',
    "payload_release": '{"hold": false, "id": "$id", "until": $until}',
    "payload_lower": '{"lower": true, "id": "$id", "until": $until}',
}


def a_barrier(login: dict[str, Any], context: DriverContext, **more: Any) -> Any:
    written = {**login, "command_topic": COMMAND, "position_topic": POSITION, "poll_topic": POLL, **more}
    return MqttBarrierSettings.model_validate(written).build(context)


def a_cover(login: dict[str, Any], context: DriverContext, **more: Any) -> Any:
    written = {**login, "command_topic": COMMAND, "state_topic": POSITION, "poll_topic": POLL, **more}
    return CoverSettings.model_validate(written).build(context)


async def connected(device: Device) -> None:
    await eventually(lambda: bool(device.heard_on(POLL)))


async def ordered(device: Device, number: int) -> list[Any]:
    await eventually(lambda: len(device.heard_on(COMMAND)) == number)
    return [json.loads(payload) for payload in device.heard_on(COMMAND)]


async def test_an_arm_is_held_released_and_lowered_in_its_own_words(login, context, device, started):
    barrier = await started(a_barrier(login, context, **WORDS))
    await connected(device)
    assert barrier.can_hold
    assert barrier.can_lower
    before = context.clock.read().wall
    await barrier.hold()
    await barrier.release()
    await barrier.lower()
    hold, release, lower = await ordered(device, 3)
    assert (hold["hold"], release["hold"], lower["lower"]) == (True, False, True)
    assert len({order["id"] for order in (hold, release, lower)}) == 3
    after = context.clock.read().wall
    assert all(before < order["until"] - 2_000_000 <= after for order in (hold, release))
    assert before < lower["until"] - 1_000_000 <= after, "what is under the arm may have changed later"


async def test_an_arm_without_words_for_it_is_neither_held_nor_lowered(login, context, device, started):
    barrier = await started(a_barrier(login, context))
    await connected(device)
    assert not barrier.can_hold
    assert not barrier.can_lower
    for order in (barrier.hold, barrier.release, barrier.lower):
        with pytest.raises(DriverError) as refused:
            await order()
        assert refused.value.fault.code == "device.cannot"
    await asyncio.sleep(0.2)
    assert device.heard_on(COMMAND) == []


async def test_an_arm_says_that_it_is_held_or_at_fault(login, context, device, started):
    barrier = await started(a_barrier(login, context, **WORDS))
    await connected(device)
    assert barrier.reads_back
    for said, position in (("held", Position.HELD), ("faulted", Position.FAULTED), ("closed", Position.CLOSED)):
        device.says(POSITION, said)
        await eventually(lambda position=position: barrier.position is position)


async def test_what_an_arm_that_is_read_was_told_changes_nothing_about_its_position(login, context, device, started):
    barrier = await started(a_barrier(login, context, **WORDS))
    await connected(device)
    device.says(POSITION, "closed")
    await eventually(lambda: barrier.position is Position.CLOSED)
    await barrier.vend("v")
    await barrier.hold()
    assert barrier.position is Position.CLOSED


async def test_a_hold_is_not_sent_again_after_a_reconnection(login, context, own_mosquitto: Mosquitto, device, started):
    barrier = await started(a_barrier(login, context, **WORDS))
    await connected(device)
    await barrier.hold()
    await ordered(device, 1)
    own_mosquitto.kill()
    await eventually(lambda: not barrier._reached)
    for order in (barrier.hold, barrier.release, barrier.lower):
        with pytest.raises(DriverError) as refused:
            await order()
        assert refused.value.fault.code == "device.unreachable"
    polls = len(device.heard_on(POLL))
    own_mosquitto.start()
    await eventually(lambda: len(device.heard_on(POLL)) > polls, within=20)
    await asyncio.sleep(0.5)
    assert len(device.heard_on(COMMAND)) == 1


async def test_an_arm_that_fell_silent_is_told_nothing(login, context, device, started):
    barrier = await started(a_barrier(login, context, stale_after=0.3, **WORDS))
    await connected(device)
    await eventually(lambda: barrier._silent)
    for order in (barrier.hold, barrier.release, barrier.lower):
        with pytest.raises(DriverError) as refused:
            await order()
        assert refused.value.fault.code == "device.silent"
    await asyncio.sleep(0.2)
    assert device.heard_on(COMMAND) == []


async def test_an_arm_that_says_nothing_is_taken_to_be_up_after_a_vend_and_down_later(
    login, context, device, started, faults: Notebook
):
    heard: list[Position] = []
    barrier = await started(a_barrier(login, context, position_topic=None, assumed_open=0.3, **WORDS))
    barrier.on_position(heard.append)
    await connected(device)
    assert not barrier.reads_back
    assert barrier.position is Position.UNKNOWN
    await barrier.vend("v")
    await eventually(lambda: heard == [Position.OPEN, Position.CLOSED])
    await barrier.hold()
    await barrier.vend("w")
    await asyncio.sleep(0.5)
    assert barrier.position is Position.HELD
    await barrier.release()
    await eventually(lambda: heard[2:] == [Position.HELD, Position.OPEN, Position.CLOSED])
    await barrier.lower()
    await eventually(lambda: heard[5:] == [Position.MOVING, Position.CLOSED])
    assert faults.on == {}


async def test_a_refused_vend_assumes_nothing(login, context, own_mosquitto: Mosquitto, device, started):
    barrier = await started(a_barrier(login, context, position_topic=None))
    await connected(device)
    own_mosquitto.kill()
    await eventually(lambda: not barrier._reached)
    with pytest.raises(DriverError):
        await barrier.vend("v")
    assert barrier.position is Position.UNKNOWN


async def test_an_arm_that_says_nothing_is_reached_again_with_its_broker(
    login, context, own_mosquitto: Mosquitto, device, faults: Notebook, started
):
    barrier = await started(a_barrier(login, context, position_topic=None, poll_topic=None))
    await eventually(lambda: barrier._reached)
    own_mosquitto.kill()
    await eventually(lambda: "device.unreachable" in faults.on)
    own_mosquitto.start()
    await eventually(lambda: faults.on == {}, within=20)


async def test_an_arm_that_is_off_line_is_unknown_and_told_nothing(login, context, device, faults: Notebook, started):
    barrier = await started(a_barrier(login, context, availability_topic=AVAILABLE))
    await connected(device)
    device.says(POSITION, "closed")
    await eventually(lambda: barrier.position is Position.CLOSED)
    polls = len(device.heard_on(POLL))
    device.says(AVAILABLE, "offline", retain=True)
    await eventually(lambda: barrier.position is Position.UNKNOWN)
    assert "device.offline" in faults.on
    with pytest.raises(DriverError) as refused:
        await barrier.vend("v")
    assert refused.value.fault.code == "device.offline"
    device.says(AVAILABLE, "online", retain=True)
    await eventually(lambda: len(device.heard_on(POLL)) > polls)
    assert faults.on == {}
    await barrier.vend("w")
    await eventually(lambda: device.heard_on(COMMAND) == ['{"vend": "w"}'])


@pytest.mark.parametrize("silent", ["loop", "arm"])
async def test_a_device_that_was_never_heard_is_reported_but_an_arm_is_still_told(
    silent, login, context, device, faults: Notebook, started
):
    """One that speaks only when it moves has to be moved once."""
    if silent == "arm":
        part = await started(a_barrier(login, context, heard_within=0.4))
    else:
        part = await started(
            MqttInputSettings(**login, topic=POSITION, poll_topic=POLL, heard_within=0.4).build(context)
        )
    await connected(device)
    await eventually(lambda: "device.never_heard" in faults.on)
    assert POSITION in faults.on["device.never_heard"]
    if silent == "arm":
        await part.vend("v")
        await ordered(device, 1)
    device.says(POSITION, "closed" if silent == "arm" else "ON")
    await eventually(lambda: faults.on == {})


async def test_a_cover_moves_and_says_where_it_is(login, context, device, started):
    barrier = await started(a_cover(login, context))
    heard: list[Position] = []
    barrier.on_position(heard.append)
    await connected(device)
    assert barrier.reads_back
    assert barrier.can_lower
    assert not barrier.can_hold
    await barrier.vend("v")
    for said in ("opening", "open", "closing", "stopped", "closed"):
        device.says(POSITION, said)
    await barrier.lower()
    await eventually(lambda: device.heard_on(COMMAND) == ["OPEN", "CLOSE"])
    moved, known = Position.MOVING, (Position.OPEN, Position.CLOSED)
    await eventually(lambda: heard == [moved, known[0], moved, Position.UNKNOWN, known[1]])


async def test_a_cover_without_a_word_for_closing_is_never_told_to(login, context, device, started):
    barrier = await started(a_cover(login, context, payload_close=None, payload_open="$open"))
    await connected(device)
    assert not barrier.can_lower
    await barrier.vend("v")
    await eventually(lambda: device.heard_on(COMMAND) == ["$open"])


async def test_a_retained_state_of_a_cover_is_not_believed(login, context, device, started):
    device.says(POSITION, "open", retain=True)
    barrier = await started(a_cover(login, context))
    await connected(device)
    await asyncio.sleep(0.3)
    assert barrier.position is Position.UNKNOWN


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ({"payload_hold": "h"}, "belong together"),
        ({"payload_release": "r"}, "belong together"),
        ({"payload_held": "open"}, "the same payload"),
        ({"payload_lower": "$vend"}, r"only \$id and \$until"),
        ({"payload_vend": "$id"}, r"only \$vend and \$until"),
        ({"heard_within": 0}, "greater than 0"),
    ],
)
def test_settings_of_an_arm_that_cannot_work_are_refused(written: dict[str, Any], complaint: str):
    with pytest.raises(ValidationError, match=complaint):
        MqttBarrierSettings.model_validate({"host": "127.0.0.1", "command_topic": COMMAND, **written})


@pytest.mark.parametrize(
    ("written", "complaint"),
    [({"payload_hold": "h"}, "belong together"), ({"state_opening": "open"}, "the same payload")],
)
def test_settings_of_a_cover_that_cannot_work_are_refused(written: dict[str, Any], complaint: str):
    with pytest.raises(ValidationError, match=complaint):
        CoverSettings.model_validate({"host": "127.0.0.1", "command_topic": COMMAND, **written})
