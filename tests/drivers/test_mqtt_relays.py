"""Relays and inputs in the words of the shops' products, behind a real Mosquitto."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from drivers.contract import DigitalInput, DriverContext, DriverError, NotSent, Relay
from drivers.registry import find
from drivers.tasmota_mqtt import pulse_time
from edge.clock import SystemClock
from simulator.servers import Mosquitto
from tests.drivers.conftest import Notebook, eventually
from tests.drivers.mqtt_products import PREFIX, PRODUCTS, Esphome, Product, Shelly, Switch, Tasmota

ENDS_ITS_PULSES = [product for product in PRODUCTS if product.times_pulses]
IS_ENDED = [product for product in PRODUCTS if not product.times_pulses]


class HastyClock(SystemClock):
    """Patience that runs out four times as soon."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / 4)


@pytest.fixture
def hasty(context: DriverContext) -> DriverContext:
    return dataclasses.replace(context, clock=HastyClock())


@pytest.fixture
def bought(own_mosquitto: Mosquitto) -> Iterator[Callable[[type[Product]], Any]]:
    """Puts a product on the broker."""
    made: list[Product] = []

    def buy(product: type[Product]) -> Product:
        made.append(product(own_mosquitto.port))
        return made[-1]

    yield buy
    for product in made:
        product.leave()


def a_relay(product: Any, login: dict[str, Any], context: DriverContext, **more: Any) -> Any:
    settings = find(Relay, product.driver)
    return settings.model_validate({**login, **product.relay_settings, **more}).build(context)


def an_input(product: Any, login: dict[str, Any], context: DriverContext, **more: Any) -> Any:
    settings = find(DigitalInput, product.driver)
    return settings.model_validate({**login, **product.input_settings, **more}).build(context)


async def connected(product: Any) -> None:
    """The first connection opens the contact; whoever was told that is listened to."""
    await eventually(lambda: product.orders == ["off"])
    await asyncio.sleep(0.1)
    product.orders.clear()
    product.moved.clear()


def severed(relay: Any) -> None:
    """The daemon dies: its connection breaks without a farewell and isn't made again."""
    client = relay._connection._client
    sock = client.socket()
    client.loop_stop()
    sock.close()


@pytest.mark.parametrize("product", PRODUCTS)
async def test_a_pulse_closes_the_contact_once_and_it_opens_again(product, bought, login, context, faults, started):
    board = bought(product)
    relay = await started(a_relay(product, login, context))
    await connected(board)
    assert relay.reads_back
    assert relay.times_pulses is product.times_pulses
    await relay.pulse(0.4)
    await eventually(lambda: len(board.moved) == 2)
    (_, closed), (_, opened) = board.moved
    assert 0.3 < opened - closed < 0.8
    assert board.closings == 1
    await eventually(lambda: relay.on is False)
    assert board.retained == 0
    assert faults.on == {}


@pytest.mark.parametrize("product", PRODUCTS)
async def test_a_contact_stays_made_until_it_is_switched_off(product, bought, login, context, faults, started):
    board = bought(product)
    relay = await started(a_relay(product, login, context))
    await connected(board)
    await relay.switch(True)
    await eventually(lambda: relay.on is True)
    await asyncio.sleep(0.3)
    assert board.on
    await relay.switch(False)
    assert relay.on is False
    assert not board.on
    assert faults.on == {}


@pytest.mark.parametrize("product", PRODUCTS)
async def test_a_contact_that_is_held_and_told_so_again_isnt_opened_by_a_device_that_fails(
    product, bought, login, hasty, started
):
    board = bought(product)
    relay = await started(a_relay(product, login, hasty))
    await connected(board)
    await relay.switch(True)
    board.deaf = True
    with contextlib.suppress(DriverError):
        await relay.switch(True)
    board.deaf = False
    await asyncio.sleep(0.5)
    assert (board.on, "off" in board.orders) == (True, False)
    await relay.switch(True)
    await relay.switch(False)
    assert not board.on


@pytest.mark.parametrize("product", ENDS_ITS_PULSES)
async def test_a_board_that_times_its_pulse_ends_it_when_the_daemon_is_dead(product, bought, login, context, started):
    board = bought(product)
    relay = await started(a_relay(product, login, context, safe_state="leave"))
    await eventually(lambda: board.asked > 0)
    await relay.pulse(0.5)
    severed(relay)
    await eventually(lambda: not board.on and len(board.moved) == 2)
    assert board.orders == ["on"]


@pytest.mark.parametrize("product", PRODUCTS)
async def test_the_broker_opens_the_contact_of_a_daemon_that_died(product, bought, login, context, started):
    board = bought(product)
    relay = await started(a_relay(product, login, context))
    await connected(board)
    await relay.switch(True)
    severed(relay)
    await eventually(lambda: not board.on)
    assert board.orders == ["on", "off"]


@pytest.mark.parametrize("product", IS_ENDED)
async def test_a_pulse_that_is_cancelled_opens_the_contact(product, bought, login, context, started):
    board = bought(product)
    relay = await started(a_relay(product, login, context))
    await connected(board)
    pulsing = asyncio.create_task(relay.pulse(30))
    await eventually(lambda: board.on and relay.on is True)
    pulsing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pulsing
    await eventually(lambda: not board.on)
    await eventually(lambda: relay.on is False)


@pytest.mark.parametrize("product", PRODUCTS)
async def test_an_order_that_is_not_confirmed_fails_and_the_contact_is_told_to_open(
    product, bought, login, hasty, faults: Notebook, started
):
    board = bought(product)
    relay = await started(a_relay(product, login, hasty))
    await connected(board)
    board.stuck = True
    with pytest.raises(DriverError) as refused:
        await relay.pulse(30)
    assert refused.value.fault.code == "relay.not_obeyed"
    assert "relay.not_obeyed" in faults.on
    await eventually(lambda: "off" in board.orders)
    assert board.closings == 1
    board.stuck = False
    await relay.switch(True)
    await eventually(lambda: relay.on is True)
    assert faults.on == {}


@pytest.mark.parametrize("product", PRODUCTS)
async def test_a_board_that_hears_nothing_fails_the_order(product, bought, login, hasty, started):
    board = bought(product)
    relay = await started(a_relay(product, login, hasty))
    await connected(board)
    board.deaf = True
    before = time.monotonic()
    with pytest.raises(DriverError) as refused:
        await relay.pulse(0.5)
    assert refused.value.fault.code == "relay.not_obeyed"
    assert time.monotonic() - before < 3
    assert board.orders == []


async def test_a_device_that_says_nothing_is_told_with_the_topic_on_which_it_should(bought, login, hasty, started):
    board = bought(Switch)
    relay = await started(a_relay(Switch, login, hasty, state_topic=f"{PREFIX}/another"))
    await connected(board)
    with pytest.raises(DriverError, match=f"told to close, the device says nothing on {PREFIX}/another"):
        await relay.pulse(0.5)
    await eventually(lambda: board.orders[-1:] == ["off"])


@pytest.mark.parametrize("product", PRODUCTS)
async def test_a_contact_that_sticks_is_told_to_open_until_it_does(
    product, bought, login, hasty, faults: Notebook, started
):
    board = bought(product)
    relay = await started(a_relay(product, login, hasty))
    await connected(board)
    await relay.switch(True)
    board.stuck = True
    with pytest.raises(DriverError) as refused:
        await relay.switch(False)
    assert refused.value.fault.code == "relay.not_obeyed"
    assert "says that it is made" in faults.on["relay.not_obeyed"]
    board.stuck = False
    await eventually(lambda: not board.on)
    await eventually(lambda: faults.on == {})
    assert relay.on is False


@pytest.mark.parametrize("product", PRODUCTS)
async def test_a_device_off_line_is_unknown_and_is_told_nothing(
    product, bought, login, context, faults: Notebook, started
):
    board = bought(product)
    relay = await started(a_relay(product, login, context))
    level = await started(an_input(product, login, context))
    await connected(board)
    board.say_input()
    await eventually(lambda: level.level is False)
    board.vanish()
    await eventually(lambda: "device.offline" in faults.on)
    await eventually(lambda: relay.on is None and level.level is None)
    with pytest.raises(DriverError) as refused:
        await relay.pulse(0.5)
    assert refused.value.fault.code == "device.offline"
    board.come_back()
    await eventually(lambda: faults.on == {})
    await relay.pulse(0.1)
    assert board.closings == 1


@pytest.mark.parametrize("product", PRODUCTS)
async def test_what_the_broker_kept_is_not_believed(product, bought, login, context, started):
    board = bought(product)
    board.on = board.input = True
    board.say_state(retain=True)
    board.say_input(retain=True)
    await asyncio.sleep(0.2)
    board.deaf = True
    relay = await started(a_relay(product, login, context))
    level = await started(an_input(product, login, context))
    await eventually(lambda: relay._reached and level._reached)
    await asyncio.sleep(0.3)
    assert relay.on is None
    assert level.level is None


@pytest.mark.parametrize("product", [product for product in PRODUCTS if product is not Esphome])
async def test_a_device_that_can_be_asked_is_asked_at_each_connection(
    product, bought, login, context, own_mosquitto: Mosquitto, started
):
    board = bought(product)
    board.input = True
    level = await started(an_input(product, login, context))
    await eventually(lambda: level.level is True)
    own_mosquitto.kill()
    await eventually(lambda: level.level is None)
    board.input = False
    own_mosquitto.start()
    await eventually(lambda: level.level is False, within=20)


@pytest.mark.parametrize("product", PRODUCTS)
async def test_an_input_follows_its_device(product, bought, login, context, faults: Notebook, started):
    board = bought(product)
    heard: list[bool | None] = []
    level = await started(an_input(product, login, context))
    level.on_level(heard.append)
    await eventually(lambda: level._reached)
    await asyncio.sleep(0.2)  # the first answer has come
    for board.input in (True, False, True):
        board.say_input()
    await eventually(lambda: heard[-3:] == [True, False, True])
    board.say_nonsense()
    await eventually(lambda: level.level is None)
    assert "device.garbled" in faults.on
    board.say_input()
    await eventually(lambda: level.level is True)
    assert faults.on == {}


@pytest.mark.parametrize("product", PRODUCTS)
async def test_nonsense_makes_a_relay_unknown(product, bought, login, context, faults: Notebook, started):
    board = bought(product)
    relay = await started(a_relay(product, login, context))
    await connected(board)
    await relay.switch(True)
    await asyncio.sleep(0.2)  # the last answer has come
    board.say_nonsense()
    await eventually(lambda: relay.on is None)
    assert "device.garbled" in faults.on


@pytest.mark.parametrize("product", PRODUCTS)
async def test_a_hold_is_not_ordered_again_after_a_reconnection(
    product, bought, login, context, own_mosquitto: Mosquitto, started
):
    board = bought(product)
    relay = await started(a_relay(product, login, context, safe_state="leave"))
    await eventually(lambda: relay._reached)
    await relay.switch(True)
    own_mosquitto.kill()
    await eventually(lambda: relay.on is None)
    board.moves(False)
    board.orders.clear()
    own_mosquitto.start()
    await eventually(lambda: relay._reached, within=20)
    await asyncio.sleep(1)
    assert board.orders == []


@pytest.mark.parametrize("product", IS_ENDED)
async def test_a_pulse_during_which_the_broker_dies_is_ended_after_the_reconnection(
    product, bought, login, context, own_mosquitto: Mosquitto, faults: Notebook, started
):
    board = bought(product)
    relay = await started(a_relay(product, login, context))
    await connected(board)
    pulsing = asyncio.create_task(relay.pulse(1.0))
    await eventually(lambda: board.on and relay.on is True)
    own_mosquitto.kill()
    await pulsing
    assert board.on
    own_mosquitto.start()
    await eventually(lambda: not board.on, within=20)
    await eventually(lambda: faults.on == {}, within=20)
    assert board.closings == 1


async def test_an_order_without_a_broker_fails_at_once_and_is_never_sent(
    bought, login, context, own_mosquitto: Mosquitto, started
):
    board = bought(Switch)
    relay = await started(a_relay(Switch, login, context, safe_state="leave"))
    await eventually(lambda: board.asked > 0)
    own_mosquitto.kill()
    await eventually(lambda: not relay._reached)
    for order in (relay.pulse(0.5), relay.switch(True)):
        with pytest.raises(DriverError) as refused:
            await order
        assert refused.value.fault.code == "device.unreachable"
    own_mosquitto.start()
    await eventually(lambda: relay._reached, within=20)
    await asyncio.sleep(0.5)
    assert board.orders == []


async def test_a_contact_that_is_held_gives_no_pulse(bought, login, context, started):
    board = bought(Switch)
    relay = await started(a_relay(Switch, login, context))
    await connected(board)
    await relay.switch(True)
    with pytest.raises(DriverError) as refused:
        await relay.pulse(0.1)
    assert refused.value.fault.code == "relay.busy"
    assert board.on


async def test_a_held_contact_that_opens_is_a_fault_and_no_order(bought, login, context, faults: Notebook, started):
    board = bought(Shelly)
    relay = await started(a_relay(Shelly, login, context))
    await connected(board)
    await relay.switch(True)
    await eventually(lambda: relay.on is True)
    board.moves(False)
    await eventually(lambda: "relay.dropped" in faults.on)
    await asyncio.sleep(0.3)
    assert board.orders == ["on"]
    await relay.switch(True)
    await eventually(lambda: faults.on == {})


async def test_a_stop_opens_what_is_made_and_a_start_closes_nothing(bought, login, context, started):
    board = bought(Switch)
    relay = a_relay(Switch, login, context)
    await relay.start()
    await connected(board)
    await relay.switch(True)
    await relay.stop()
    await eventually(lambda: not board.on)
    await started(a_relay(Switch, login, context))
    await asyncio.sleep(0.5)
    assert board.closings == 1


@pytest.mark.parametrize("product", PRODUCTS)
async def test_a_stop_during_a_pulse_ends_it_and_leaves_nothing_behind(product, bought, login, context):
    board = bought(product)
    tasks = asyncio.all_tasks()
    relay = a_relay(product, login, context, safe_state="leave")
    await relay.start()
    await eventually(lambda: relay._reached)
    pulsing = asyncio.create_task(relay.pulse(5))
    await eventually(lambda: board.on and relay.on is True)
    await relay.stop()
    await eventually(lambda: not board.on)
    pulsing.cancel()
    await asyncio.gather(pulsing, return_exceptions=True)
    await asyncio.sleep(0.1)
    assert asyncio.all_tasks() == tasks


async def test_a_contact_that_keeps_an_arm_up_outlives_a_restart_if_it_is_to(bought, login, context, started):
    board = bought(Switch)
    relay = a_relay(Switch, login, context, safe_state="leave")
    await relay.start()
    await eventually(lambda: board.asked > 0)
    await relay.switch(True)
    await relay.stop()
    again = await started(a_relay(Switch, login, context, safe_state="leave"))
    await eventually(lambda: again.on is True)
    assert board.orders == ["on"]


async def test_a_switch_that_times_pulses_is_told_how_long(bought, login, context, started):
    board = bought(Switch)
    relay = await started(a_relay(Switch, login, context, payload_pulse='{"for": $milliseconds}'))
    await connected(board)
    assert relay.times_pulses
    await relay.pulse(0.3)
    await eventually(lambda: len(board.moved) == 2)
    assert board.orders == ["on"]


async def test_a_pulse_that_the_board_does_not_end_is_ended_by_the_daemon(
    bought, login, hasty, faults: Notebook, started
):
    board = bought(Switch)
    relay = await started(a_relay(Switch, login, hasty, own_pulse=0.3))
    await connected(board)
    await relay.pulse(0.5)
    assert board.on
    await eventually(lambda: not board.on)
    assert faults.ever == ["relay.not_obeyed the device hasn't ended its pulse"]
    await eventually(lambda: faults.on == {})
    assert board.orders == ["on", "off"]


async def test_a_device_that_opens_by_itself_cannot_be_held(bought, login, context, started):
    board = bought(Switch)
    relay = await started(a_relay(Switch, login, context, own_pulse=0.3))
    await connected(board)
    with pytest.raises(DriverError) as refused:
        await relay.switch(True)
    assert refused.value.fault.code == "device.cannot"
    assert board.orders == []


async def test_a_relay_that_cannot_be_read_is_as_it_was_last_told(bought, login, context, started):
    board = bought(Switch)
    relay = await started(a_relay(Switch, login, context, state_topic=None))
    await connected(board)
    assert not relay.reads_back
    assert relay.on is None
    await relay.switch(True)
    assert relay.on is True
    await relay.switch(False)
    assert relay.on is False


async def test_a_shelly_without_notifications_is_read_by_its_answers(bought, login, context, faults, started):
    board = bought(Shelly)
    board.notifies = False
    relay = await started(a_relay(Shelly, login, context))
    await connected(board)
    await relay.switch(True)
    await eventually(lambda: relay.on is True)
    await relay.switch(False)
    await relay.pulse(0.7)
    assert board.timers[-1] == 0.7
    await eventually(lambda: not board.on)
    assert faults.on == {}


async def test_a_shelly_that_refuses_says_why(bought, login, context, faults: Notebook, started):
    board = bought(Shelly)
    relay = await started(a_relay(Shelly, login, context))
    await connected(board)
    board.refuses = "Overtemperature"
    with pytest.raises(DriverError, match="Overtemperature"):
        await relay.pulse(0.5)
    assert "Overtemperature" in faults.on["relay.not_obeyed"]


@pytest.mark.parametrize("answer", ["[]", '{"id": [1], "result": 7}', '"yes"', '{"result": null}', "7"])
async def test_answers_that_nobody_asked_for_change_nothing(answer, bought, login, context, faults, started):
    board = bought(Shelly)
    relay = await started(a_relay(Shelly, login, context))
    await connected(board)
    await eventually(lambda: relay.on is False)
    for topic in ("parkgate/rpc", "events/rpc", "status/switch:0"):
        board.say(f"{PREFIX}/{topic}", answer)
    await asyncio.sleep(0.2)
    assert relay.on is False
    assert faults.on == {}


async def test_a_tasmota_that_does_not_take_the_pulse_time_is_not_switched(bought, login, hasty, faults, started):
    board = bought(Tasmota)
    relay = await started(a_relay(Tasmota, login, hasty))
    await connected(board)
    board.forgets_pulse_time = True
    with pytest.raises(DriverError) as refused:
        await relay.pulse(0.5)
    assert refused.value.fault.code == "relay.not_obeyed"
    await asyncio.sleep(0.2)
    assert board.orders == []


async def test_a_tasmota_that_is_made_ready_too_late_is_not_switched(bought, login, context, started):
    board = bought(Tasmota)
    relay = await started(a_relay(Tasmota, login, context))
    await connected(board)
    with pytest.raises(NotSent):
        await relay.pulse(0.5, 0.0)
    await asyncio.sleep(0.2)
    assert "on" not in board.orders


async def test_a_tasmota_that_is_held_has_no_pulse_time(bought, login, context, started):
    board = bought(Tasmota)
    relay = await started(a_relay(Tasmota, login, context))
    await connected(board)
    await relay.pulse(0.2)
    await eventually(lambda: relay.on is False and not board.on)
    await relay.switch(True)
    assert board.pulse_time == 0
    await asyncio.sleep(0.5)
    assert board.on


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.02, 1), (0.5, 5), (2, 20), (11.1, 111), (11.4, 112), (12, 112), (60, 160), (10**6, 64900)]
)
def test_pulse_time_is_in_tenths_first_and_in_seconds_later(seconds: float, said: int):
    assert pulse_time(seconds) == said


async def test_a_device_that_never_says_its_state_is_reported(bought, login, context, faults: Notebook, started):
    board = bought(Shelly)
    board.deaf = True
    relay = await started(a_relay(Shelly, login, context, heard_within=0.5))
    await eventually(lambda: "device.never_heard" in faults.on)
    board.deaf = False
    await eventually(lambda: relay.on is False)
    await eventually(lambda: faults.on == {})


@pytest.mark.parametrize(
    ("driver", "written", "complaint"),
    [
        ("shelly_mqtt", {"prefix": "s", "generation": 2, "auto_off": 1}, "first generation"),
        ("tasmota_mqtt", {"topic": "t", "full_topic": "lot/%topic%/"}, "%prefix% and %topic%"),
        ("mqtt", {"command_topic": "a", "payload_off": "ON"}, "couldn't tell what is meant"),
        ("mqtt", {"command_topic": "a", "state_on": "x", "state_off": "x"}, "nothing could be told"),
        ("mqtt", {"command_topic": "a", "payload_pulse": "$minutes"}, r"only \$seconds"),
    ],
)
def test_settings_that_cannot_work_are_refused(driver: str, written: dict[str, Any], complaint: str):
    with pytest.raises(ValidationError, match=complaint):
        find(Relay, driver).model_validate({"host": "127.0.0.1", **written})


def test_a_topic_of_a_tasmota_follows_its_full_topic():
    settings: Any = find(Relay, "tasmota_mqtt")
    made = settings(host="h", topic="gate", full_topic="north/%prefix%/%topic%")
    assert made.below("cmnd", "POWER1") == "north/cmnd/gate/POWER1"


def test_a_relay_has_a_connection_with_last_words_and_inputs_share_one(login, context):
    relays = [a_relay(Esphome, login, context, object_id=name) for name in ("arm", "light")]
    inputs = [an_input(Esphome, login, context, object_id=name) for name in ("a", "b")]
    assert len({part._connection for part in (*relays, *inputs)}) == 3
