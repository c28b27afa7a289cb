"""Code scanners on a serial line and behind a keyboard's device file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import serial
from pydantic import ValidationError

from drivers.contract import DriverContext
from drivers.keyboard_scanner import KeyboardScannerSettings
from drivers.post.keys import KeyEvent, packed
from drivers.serial_scanner import SerialScannerSettings
from tests.drivers.cables import Cable
from tests.drivers.conftest import Notebook, eventually
from tests.drivers.test_code_lines import press, strokes

ENTER = 28


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    cable = Cable(tmp_path / "scanner")
    yield cable
    cable.pull_out()


async def a_scanner(context: DriverContext, started: Callable[[Any], Any], cable: Cable, **written: Any) -> list[str]:
    scanner = SerialScannerSettings(port=str(cable.port), **written).build(context)
    heard: list[str] = []
    scanner.on_code(heard.append)
    await started(scanner)
    return heard


async def listening(cable: Cable) -> None:
    """Until the driver has opened the port: it locks it for itself."""

    def locked() -> bool:
        try:
            serial.Serial(str(cable.port), exclusive=True).close()
        except serial.SerialException:
            return True
        return False

    await eventually(locked)
    await asyncio.sleep(0.05)


async def test_codes_are_heard_however_they_come(context: DriverContext, started: Any, cable: Cable):
    cable.plug_in()
    heard = await a_scanner(context, started, cable)
    await listening(cable)
    for part in (b"K7M2-", b"9XQ4", b"\r", b"\nSECOND\r\nTHIRD\r"):
        cable.says(part)
        await asyncio.sleep(0.02)
    await eventually(lambda: heard == ["K7M2-9XQ4", "SECOND", "THIRD"])


async def test_a_code_that_stays_in_view_is_heard_once_and_again_later(
    context: DriverContext, started: Any, cable: Cable
):
    cable.plug_in()
    heard = await a_scanner(context, started, cable, repeat_after="300 ms")
    await listening(cable)
    for _ in range(4):
        cable.says(b"SAME\r")
        await asyncio.sleep(0.1)
    assert heard == ["SAME"]
    await asyncio.sleep(0.4)
    cable.says(b"SAME\r")
    await eventually(lambda: heard == ["SAME", "SAME"])


async def test_garbage_is_a_fault_until_the_next_code(
    context: DriverContext, started: Any, cable: Cable, faults: Notebook
):
    cable.plug_in()
    heard = await a_scanner(context, started, cable, prefix="]Q1")
    await listening(cable)
    cable.says(b"\x80\xff\xfe\x00\r")
    await eventually(lambda: list(faults.on) == ["scanner.garbled"])
    assert heard == []
    cable.says(b"]Q1GOOD\r")
    await eventually(lambda: heard == ["GOOD"])
    assert faults.on == {}


async def test_a_scanner_that_is_pulled_out_is_a_fault_and_works_when_it_is_back(
    context: DriverContext, started: Any, cable: Cable, faults: Notebook
):
    heard = await a_scanner(context, started, cable)
    await eventually(lambda: "scanner.unreachable" in faults.on)
    cable.plug_in()
    await listening(cable)
    assert faults.on == {}
    cable.says(b"HALF OF IT")
    await asyncio.sleep(0.05)
    cable.pull_out()
    await eventually(lambda: "scanner.unreachable" in faults.on)
    cable.plug_in()
    await listening(cable)
    cable.says(b"WHOLE\r")
    await eventually(lambda: heard == ["WHOLE"])
    assert faults.on == {}


async def test_a_hearer_that_fails_doesn_t_silence_the_scanner(context: DriverContext, started: Any, cable: Cable):
    cable.plug_in()
    scanner = SerialScannerSettings(port=str(cable.port)).build(context)
    heard: list[str] = []

    def fails_first(code: str) -> None:
        heard.append(code)
        if len(heard) == 1:
            raise RuntimeError("a mistake in the lane")

    reported: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, told: reported.append(told["exception"]))
    scanner.on_code(fails_first)
    await started(scanner)
    await listening(cable)
    cable.says(b"ONE\rTWO\r")
    await eventually(lambda: heard == ["ONE", "TWO"])
    assert [type(error) for error in reported] == [RuntimeError]


async def test_a_port_that_another_part_uses_is_a_fault(
    context: DriverContext, started: Any, cable: Cable, faults: Notebook
):
    cable.plug_in()
    with serial.Serial(str(cable.port), exclusive=True):
        await a_scanner(context, started, cable)
        await eventually(lambda: "in use" in faults.on.get("scanner.unreachable", ""))
    await eventually(lambda: faults.on == {})


@pytest.mark.parametrize("written", [{"port": "ttyUSB0"}, {"baud": 9601}, {"repeat_after": -1}, {"framing": "9N1"}])
def test_a_technician_s_mistake_is_found(written: dict[str, Any]):
    with pytest.raises(ValidationError):
        SerialScannerSettings.model_validate({"port": "/dev/ttyUSB0", **written})


class Keyboard:
    """A FIFO in the place of /dev/input/event3: it carries the same bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self.descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def types(self, events: list[KeyEvent]) -> None:
        os.write(self.descriptor, b"".join(map(packed, events)))

    def unplug(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.path.unlink()
        self.descriptor = -1


@pytest.fixture
def keyboard(tmp_path: Path) -> Iterator[Keyboard]:
    keyboard = Keyboard(tmp_path / "kbd")
    yield keyboard
    keyboard.unplug()


async def test_what_a_keyboard_scanner_types_is_heard(
    context: DriverContext, started: Any, keyboard: Keyboard, faults: Notebook
):
    scanner = KeyboardScannerSettings(device=str(keyboard.path), alone=False).build(context)
    heard: list[str] = []
    scanner.on_code(heard.append)
    faults.on["scanner.unreachable"] = "not yet opened"
    await started(scanner)
    await eventually(lambda: faults.on == {})
    events = [*strokes("K7m2-9xQ4"), *press(ENTER), *strokes("https://x/?a=1"), *press(ENTER)]
    keyboard.types(events[:17])
    await asyncio.sleep(0.02)
    keyboard.types(events[17:])
    await eventually(lambda: heard == ["K7m2-9xQ4", "https://x/?a=1"])


async def test_what_was_typed_before_anybody_listened_is_forgotten(
    context: DriverContext, started: Any, keyboard: Keyboard, faults: Notebook
):
    keyboard.types([*strokes("OLD"), *press(ENTER)])
    scanner = KeyboardScannerSettings(device=str(keyboard.path), alone=False).build(context)
    heard: list[str] = []
    scanner.on_code(heard.append)
    faults.on["scanner.unreachable"] = "not yet opened"
    await started(scanner)
    await eventually(lambda: faults.on == {})
    keyboard.types([*strokes("NEW"), *press(ENTER)])
    await eventually(lambda: heard == ["NEW"])


async def test_a_keyboard_scanner_that_is_unplugged_is_a_fault(
    context: DriverContext, started: Any, keyboard: Keyboard, faults: Notebook
):
    faults.on["scanner.unreachable"] = "not yet opened"
    await started(KeyboardScannerSettings(device=str(keyboard.path), alone=False).build(context))
    await eventually(lambda: faults.on == {})
    keyboard.unplug()
    await eventually(lambda: "scanner.unreachable" in faults.on)


async def test_what_isn_t_an_input_device_can_t_be_kept_from_others(
    context: DriverContext, started: Any, keyboard: Keyboard, faults: Notebook
):
    await started(KeyboardScannerSettings(device=str(keyboard.path)).build(context))
    await eventually(lambda: "isn't an input device" in faults.on.get("scanner.unreachable", ""))
