"""Relays and inputs on gpiozero's mock pins: what a contact does, and what it must never be left doing."""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import gpiozero.pins.local
import pytest
from gpiozero import Device, InputDevice
from gpiozero.pins.mock import MockFactory, MockPin
from pydantic import ValidationError

from drivers.contacts import pins as gpio_pins
from drivers.contract import DriverContext, DriverError, NotSent
from drivers.gpio import GpioInputSettings, GpioRelaySettings
from tests.drivers.conftest import Notebook, eventually
from tests.drivers.pins import a_header, levels


@pytest.fixture
def header(monkeypatch: pytest.MonkeyPatch) -> MockFactory:
    return a_header(monkeypatch)


async def a_relay(context: DriverContext, started: Any, **settings: Any) -> Any:
    relay = await started(GpioRelaySettings(pin=17, **settings).build(context))
    await eventually(lambda: relay.on is False)
    return relay


async def an_input(context: DriverContext, started: Any, **settings: Any) -> Any:
    loop = await started(GpioInputSettings.model_validate({"pin": 27, **settings}).build(context))
    await eventually(lambda: loop.level is not None)
    return loop


# --- relays ---


async def test_a_relay_is_off_from_the_start_and_never_was_on(header, context, started):
    pin = header.pin(17)
    relay = GpioRelaySettings(pin=17).build(context)
    assert relay.on is None
    await started(relay)
    await eventually(lambda: relay.on is False)
    assert (pin.function, levels(pin)) == ("output", [False])


async def test_an_active_low_relay_is_off_while_its_pin_is_high(header, context, started):
    relay = await a_relay(context, started, active_low=True)
    assert header.pin(17).state
    await relay.switch(True)
    assert not header.pin(17).state
    assert relay.on is True


async def test_an_order_right_after_the_start_waits_for_the_pin(header, context, started):
    relay = await started(GpioRelaySettings(pin=17).build(context))
    await relay.switch(True)
    assert header.pin(17).state


async def test_a_pulse_makes_the_contact_for_its_time_and_opens_it(header, context, started):
    relay = await a_relay(context, started)
    header.pin(17).clear_states()
    await relay.pulse(0.15)
    assert relay.on is False
    assert levels(header.pin(17)) == [False, True, False]
    assert 0.14 <= header.pin(17).states[2].timestamp < 0.6  # a busy machine is late, never early


async def test_a_pulse_that_nobody_waits_for_any_more_is_over_at_once(header, context, started):
    relay = await a_relay(context, started)
    pulsing = asyncio.create_task(relay.pulse(30))
    await eventually(lambda: header.pin(17).state)
    pulsing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pulsing
    assert not header.pin(17).state
    assert relay.on is False


async def test_a_pulse_ends_in_time_while_the_event_loop_stands_still(header, context, started):
    relay = await a_relay(context, started)
    header.pin(17).clear_states()
    pulsing = asyncio.create_task(relay.pulse(0.1))
    await eventually(lambda: header.pin(17).state)
    time.sleep(1)  # the loop hangs
    assert levels(header.pin(17)) == [False, True, False]
    assert 0.09 <= header.pin(17).states[2].timestamp < 0.9
    await pulsing


async def test_stopping_ends_a_pulse_and_lets_the_pin_go(header, context, started):
    relay = await a_relay(context, started)
    pulsing = asyncio.create_task(relay.pulse(30))
    await eventually(lambda: header.pin(17).state)
    await relay.stop()
    await relay.stop()
    await pulsing
    assert (header.pin(17).function, header.pin(17).state) == ("input", False)
    assert relay.on is None
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("gpio-")]


async def test_stopping_opens_a_contact_that_was_held(header, context, started):
    relay = await a_relay(context, started)
    await relay.switch(True)
    header.pin(17).clear_states()
    await relay.stop()
    assert levels(header.pin(17)) == [True, False]


async def test_a_stopped_relay_takes_no_orders_and_can_be_started_again(header, context, started):
    relay = await a_relay(context, started)
    await relay.stop()
    with pytest.raises(DriverError):
        await relay.pulse(0.1)
    await relay.start()
    await eventually(lambda: relay.on is False)
    await relay.pulse(0.01)


async def test_switching_off_cuts_a_pulse_short(header, context, started):
    relay = await a_relay(context, started)
    pulsing = asyncio.create_task(relay.pulse(30))
    await eventually(lambda: header.pin(17).state)
    await relay.switch(False)
    assert not header.pin(17).state
    await asyncio.wait_for(pulsing, 1)


async def test_a_pulse_asked_for_during_another_follows_it(header, context, started):
    relay = await a_relay(context, started)
    header.pin(17).clear_states()
    await asyncio.gather(relay.pulse(0.05), relay.pulse(0.05))
    assert levels(header.pin(17)) == [False, True, False, True, False]


async def test_a_pulse_that_is_given_up_before_its_turn_is_never_given(header, context, started):
    relay = await a_relay(context, started)
    header.pin(17).clear_states()
    first = asyncio.create_task(relay.pulse(0.2))
    await eventually(lambda: header.pin(17).state)
    second = asyncio.create_task(relay.pulse(0.2))
    await asyncio.sleep(0.02)
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    assert levels(header.pin(17)) == [False, True, False]


async def test_a_pulse_that_is_meant_now_or_never_does_not_wait_for_another(header, context, started):
    relay = await a_relay(context, started)
    header.pin(17).clear_states()
    first = asyncio.create_task(relay.pulse(0.3))
    await eventually(lambda: header.pin(17).state)
    with pytest.raises(NotSent):
        await relay.pulse(0.05, 0.1)
    await first
    assert levels(header.pin(17)) == [False, True, False]


class StickyPin(MockPin):
    """A pin that can be made to stay as it is."""

    def __init__(self, *arguments: Any) -> None:
        self.sticks, self.refuses = False, 0
        super().__init__(*arguments)

    def _set_state(self, value: Any) -> None:
        if self.refuses:
            self.refuses -= 1
            raise OSError(5, "Input/output error")
        if not self.sticks:
            super()._set_state(value)


async def test_a_pin_that_does_not_follow_is_a_fault_and_is_got_anew(header, context, faults: Notebook, started):
    pin = header.pin(17, pin_class=StickyPin)
    relay = await a_relay(context, started)
    pin.sticks = True
    with pytest.raises(DriverError) as refused:
        await relay.pulse(0.05)
    assert refused.value.fault.code == "gpio.failed"
    await eventually(lambda: "gpio.failed" in faults.on)
    pin.sticks = False
    await eventually(lambda: faults.on == {} and relay.on is False)
    await relay.pulse(0.01)


async def test_a_pulse_whose_end_fails_is_ended_by_letting_the_pin_go(header, context, faults: Notebook, started):
    pin = header.pin(17, pin_class=StickyPin)
    relay = await a_relay(context, started)
    pulsing = asyncio.create_task(relay.pulse(0.2))
    await eventually(lambda: pin.state)
    pin.refuses = 1
    with pytest.raises(DriverError, match="Input/output error"):
        await pulsing
    await eventually(lambda: not pin.state)
    await eventually(lambda: faults.on == {} and relay.on is False)
    assert "gpio.failed" in "".join(faults.ever)


async def test_a_computer_without_pins_is_a_fault_until_it_has_some(
    header, context, faults: Notebook, started, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "none")
    monkeypatch.setattr(Device, "pin_factory", None)
    relay = await started(GpioRelaySettings(pin=17).build(context))
    await eventually(lambda: "gpio.unavailable" in faults.on)
    with pytest.raises(DriverError) as refused:
        await relay.switch(True)
    assert refused.value.fault.code == "gpio.unavailable"
    assert relay.on is None
    monkeypatch.setattr(Device, "pin_factory", header)
    await eventually(lambda: faults.on == {} and relay.on is False)
    assert levels(header.pin(17)) == [False]


async def test_a_pin_that_something_else_has_is_a_fault_until_it_is_free(header, context, faults: Notebook, started):
    other = InputDevice(17)
    relay = await started(GpioRelaySettings(pin=17).build(context))
    await eventually(lambda: "gpio.pin_taken" in faults.on)
    other.close()
    await eventually(lambda: faults.on == {} and relay.on is False)


def test_a_pin_is_claimed_by_a_relay_as_by_an_input():
    assert GpioRelaySettings(pin=17).claims == GpioInputSettings(pin=17).claims == {"pin": "gpio pin 17"}


class FakeLgpio(ModuleType):
    """The calls of lgpio that gpiozero makes for outputs, on a chip that notes the levels that it drives."""

    class error(Exception): ...

    SET_PULL_NONE, SET_PULL_UP, SET_PULL_DOWN = 128, 32, 64
    BOTH_EDGES, RISING_EDGE, FALLING_EDGE = 3, 1, 2

    def __init__(self) -> None:
        super().__init__("lgpio")
        self.driven: list[int] = []
        self.busy = 0

    def gpiochip_open(self, chip: int) -> int:
        return 1

    def gpiochip_close(self, handle: int) -> None: ...

    def gpio_claim_input(self, handle: int, gpio: int, flags: int = 0) -> None:
        if self.busy:
            self.busy -= 1
            raise self.error("GPIO busy")

    def gpio_claim_output(self, handle: int, gpio: int, level: int = 0, flags: int = 0) -> None:
        self.driven.append(level)

    def gpio_write(self, handle: int, gpio: int, level: int) -> None:
        self.driven.append(int(level))

    def gpio_read(self, handle: int, gpio: int) -> int:
        return self.driven[-1]

    def gpio_get_mode(self, handle: int, gpio: int) -> int:
        return 2


@pytest.fixture
def lgpio(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLgpio]:
    fake = FakeLgpio()
    monkeypatch.setitem(sys.modules, "lgpio", fake)
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    monkeypatch.setattr(gpiozero.pins.local, "get_pi_revision", lambda: 0xC03111)
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)
    monkeypatch.setattr(Device, "pin_factory", None)
    monkeypatch.setattr(gpio_pins, "RETRY_SECONDS", 0.05)
    yield fake
    gpiozero.pins.local.LocalPiFactory.pins.clear()
    sys.modules.pop("gpiozero.pins.lgpio", None)


async def test_an_active_low_relay_sees_no_low_level_at_boot(lgpio: FakeLgpio, context, started):
    relay = await a_relay(context, started, active_low=True)
    assert lgpio.driven == [1]
    await relay.pulse(0.01)
    assert lgpio.driven == [1, 0, 1]


async def test_a_pin_that_the_system_has_is_tried_again_until_it_is_free(
    lgpio: FakeLgpio, context, faults: Notebook, started
):
    lgpio.busy = 2
    await a_relay(context, started)
    assert faults.ever[0] == "gpio.pin_taken pin 17: GPIO busy"
    assert faults.on == {}


# --- inputs ---


@pytest.mark.parametrize(
    ("pull", "active_low", "high"), list(itertools.product(["up", "down", "none"], [True, False], [True, False]))
)
async def test_the_level_is_what_the_settings_say_whatever_pulls(header, context, started, pull, active_low, high):
    pin = header.pin(27)
    loop = await an_input(context, started, pull=pull, active_low=active_low)
    assert pin.pull == {"none": "floating"}.get(pull, pull)
    (pin.drive_high if high else pin.drive_low)()
    await eventually(lambda: loop.level is (high is not active_low))


async def test_an_input_is_unknown_until_it_was_read_and_after_it_was_let_go(header, context, started):
    heard: list[bool | None] = []
    loop = GpioInputSettings(pin=27).build(context)
    loop.on_level(heard.append)
    assert loop.level is None
    await started(loop)
    assert loop.level is None
    await eventually(lambda: loop.level is False)
    await loop.stop()
    assert heard == [False, None]


async def test_an_edge_is_heard_on_the_event_loop(header, context, started):
    threads: list[threading.Thread] = []
    loop = await an_input(context, started)
    loop.on_level(lambda level: threads.append(threading.current_thread()))
    elsewhere = threading.Thread(target=header.pin(27).drive_low)
    elsewhere.start()
    elsewhere.join()
    await eventually(lambda: loop.level is True, within=0.5)
    assert threads == [threading.current_thread()]


async def test_a_contact_that_bounces_is_heard_once(header, context, started):
    heard: list[bool | None] = []
    pin = header.pin(27)
    loop = await an_input(context, started, debounce="50 ms")
    loop.on_level(heard.append)
    for _ in range(5):
        pin.drive_low()
        await asyncio.sleep(0.01)
        pin.drive_high()
        await asyncio.sleep(0.01)
    assert heard == []
    pin.drive_low()
    await eventually(lambda: loop.level is True)
    assert heard == [True]


async def test_an_input_that_never_comes_to_rest_is_unknown(
    header, context, faults: Notebook, started, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("drivers.gpio.UNSETTLED_SECONDS", 0.3)
    pin = header.pin(27)
    loop = await an_input(context, started)
    for _ in range(60):
        pin.drive_low()
        pin.drive_high()
        await asyncio.sleep(0.01)
    assert loop.level is None
    assert "gpio.input_chatters" in faults.on
    await eventually(lambda: loop.level is False)
    assert faults.on == {}


async def test_an_edge_that_was_missed_is_found_out(header, context, started, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("drivers.gpio.LOOK_SECONDS", 0.1)
    loop = await an_input(context, started)
    header.pin(27)._state = False  # without an event
    await eventually(lambda: loop.level is True, within=1)


async def test_an_input_that_can_not_be_read_is_unknown_until_it_can(
    header, context, faults: Notebook, started, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("drivers.gpio.LOOK_SECONDS", 0.05)

    class Unreadable(MockPin):
        broken = False

        def _get_state(self) -> Any:
            if self.broken:
                raise OSError(5, "Input/output error")
            return super()._get_state()

    pin = header.pin(27, pin_class=Unreadable)
    loop = await an_input(context, started)
    pin.broken = True
    await eventually(lambda: loop.level is None)
    await eventually(lambda: bool(faults.on))
    assert "Input/output error" in "".join(faults.on.values())
    pin.broken = False
    await eventually(lambda: loop.level is False and faults.on == {})


@pytest.mark.parametrize("pull", ["down", "none"])
def test_pins_with_a_resistor_on_the_board_can_only_be_pulled_up(pull: str):
    with pytest.raises(ValidationError, match="`up` is expected"):
        GpioInputSettings.model_validate({"pin": 3, "pull": pull})


@pytest.mark.parametrize("pin", [-1, 28, "GPIO17"])
def test_a_pin_that_the_header_lacks_is_refused(pin: Any):
    with pytest.raises(ValidationError):
        GpioRelaySettings(pin=pin)
