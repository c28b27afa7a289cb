"""Signs over serial and TCP: the newest text, changes only, and again when the sign is back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from drivers.contract import DriverContext, DriverError
from drivers.line_display import LineDisplaySettings
from drivers.post.sign_pages import Overflow, pages
from tests.drivers.cables import Cable, TcpDevice
from tests.drivers.conftest import Notebook, eventually

ADDRESSED = r"\e[{row};1H{text}"


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    cable = Cable(tmp_path / "sign")
    cable.plug_in()
    yield cable
    cable.pull_out()


@pytest.fixture
async def device() -> AsyncIterator[TcpDevice]:
    device = TcpDevice()
    await device.switch_on()
    yield device
    await device.switch_off()


async def a_sign(context: DriverContext, started: Any, faults: Notebook, **written: Any) -> Any:
    """Once it is there."""
    sign = LineDisplaySettings.model_validate({"width": 8, **written}).build(context)
    faults.on["sign.unreachable"] = "not yet opened"
    await started(sign)
    await eventually(lambda: faults.on == {})
    return sign


def on_serial(cable: Cable) -> dict[str, Any]:
    return {"port": str(cable.port)}


def on_tcp(device: TcpDevice) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": device.port}


async def hears(cable: Cable, words: bytes) -> None:
    await eventually(lambda: len(cable.hears()) >= len(words))
    await asyncio.sleep(0.05)
    assert cable.hears_anew() == words


async def test_a_plain_sign_gets_all_lines_at_each_change(
    context: DriverContext, started: Any, cable: Cable, faults: Notebook
):
    sign = await a_sign(context, started, faults, serial=on_serial(cable), clear=r"\f")
    await sign.show(["Welcome", "3 free"])
    await hears(cable, b"\x0cWelcome\r\n3 free\r\n")
    await sign.show(["Welcome", "2 free"])
    await hears(cable, b"\x0cWelcome\r\n2 free\r\n")


async def test_a_sign_with_numbered_lines_gets_only_those_that_changed(
    context: DriverContext, started: Any, cable: Cable, faults: Notebook
):
    sign = await a_sign(context, started, faults, serial=on_serial(cable), line=ADDRESSED)
    await sign.show(["Welcome", "3 free"])
    await hears(cable, b"\x1b[1;1HWelcome \x1b[2;1H3 free  ")
    await sign.show(["Welcome", "2 free"])
    await hears(cable, b"\x1b[2;1H2 free  ")
    await sign.show(["Welcome", "2 free"])
    await asyncio.sleep(0.2)
    assert cable.hears_anew() == b""


async def test_the_framed_protocol_carries_its_check(
    context: DriverContext, started: Any, cable: Cable, faults: Notebook
):
    sign = await a_sign(context, started, faults, serial=on_serial(cable), protocol="stx_etx_xor", lines=1, width=4)
    await sign.show(["FULL"])
    await hears(cable, b"\x021FULL\x03" + bytes([0x31 ^ 0x46 ^ 0x55 ^ 0x4C ^ 0x4C ^ 0x03]))


async def test_a_text_can_t_command_the_sign(context: DriverContext, started: Any, cable: Cable, faults: Notebook):
    sign = await a_sign(context, started, faults, serial=on_serial(cable), lines=1, encoding="latin-1")
    await sign.show(["\x1b[2J\x02Bü\x9bé\r\n\x00x"])
    await hears(cable, "[2JBüé x\r\n".encode("latin-1"))


async def test_a_text_that_doesn_t_fit_is_shown_page_by_page_and_from_its_start_when_it_changes(
    context: DriverContext, started: Any, cable: Cable, faults: Notebook
):
    sign = await a_sign(context, started, faults, serial=on_serial(cable), lines=1, turn_every="300 ms")
    await sign.show(["Please drive on"])
    await eventually(lambda: cable.hears().startswith(b"Please\r\ndrive on\r\nPlease\r\ndrive on\r\n"))
    cable.hears_anew()
    await sign.show(["Thank you driver"])
    await eventually(lambda: b"Thank\r\n" in cable.hears())
    first, _, _ = cable.hears().partition(b"Thank\r\n")
    assert first in (b"", b"Please\r\n", b"drive on\r\n")
    await eventually(lambda: b"you\r\n" in cable.hears() or b"Thank you\r\n" in cable.hears())


def test_what_fits_on_one_page_is_not_cut_by_its_end() -> None:
    texts = ["Bitte warten", "Bitte Sprechanlage benutzen", "Please use the intercom"]
    assert pages(texts, 2, 20, Overflow.WRAP) == (
        ("Bitte warten", ""),
        ("Bitte Sprechanlage", "benutzen"),
        ("Please use the", "intercom"),
    )
    assert pages(["one", "two", "three"], 2, 20, Overflow.WRAP) == (("one", "two"), ("three", ""))
    assert pages(["a", "far too long for one page"], 2, 8, Overflow.WRAP)[0] == ("a", "far too")


async def test_a_sign_that_is_out_of_reach_gets_the_newest_text_when_it_is_back(
    context: DriverContext, started: Any, device: TcpDevice, faults: Notebook
):
    sign = await a_sign(context, started, faults, tcp=on_tcp(device), lines=1)
    await sign.show(["Open"])
    await eventually(lambda: device.heard == b"Open\r\n")
    await device.switch_off()
    await eventually(lambda: "sign.unreachable" in faults.on)
    for text in ("Full", "Closed"):
        with pytest.raises(DriverError, match=r"sign\.unreachable"):
            await sign.show([text])
    device.connections.clear()
    await device.switch_on()
    await eventually(lambda: device.heard == b"Closed\r\n")
    assert faults.on == {}


async def test_a_sign_that_was_pulled_out_shows_its_text_again(
    context: DriverContext, started: Any, cable: Cable, faults: Notebook
):
    sign = await a_sign(context, started, faults, serial=on_serial(cable), line=ADDRESSED, lines=1)
    await sign.show(["Full"])
    await hears(cable, b"\x1b[1;1HFull    ")
    cable.pull_out()
    await eventually(lambda: "sign.unreachable" in faults.on)
    cable.plug_in()
    await hears(cable, b"\x1b[1;1HFull    ")
    assert faults.on == {}


async def test_a_sign_that_forgets_is_told_again(context: DriverContext, started: Any, cable: Cable, faults: Notebook):
    sign = await a_sign(context, started, faults, serial=on_serial(cable), lines=1, repeat_every=1)
    await sign.show(["Full"])
    await eventually(lambda: cable.hears() == b"Full\r\nFull\r\n")


async def test_a_sign_that_takes_nothing_is_a_fault_and_holds_nobody_up(
    context: DriverContext, started: Any, cable: Cable, faults: Notebook
):
    """A pty holds a few kilobytes; then it is full, as a line is whose far end says XOFF."""
    sign = await a_sign(context, started, faults, serial=on_serial(cable), lines=4, width=80)
    lines = ["x" * 80] * 4
    loop = asyncio.get_running_loop()
    began = loop.time()
    while "sign.unreachable" not in faults.on and loop.time() - began < 10:
        lines = [*lines[1:], "y" * 79 + str(round(loop.time() * 1000) % 10)]
        before = loop.time()
        try:
            await sign.show(lines)
        except DriverError:
            break
        assert loop.time() - before < 0.5
        await asyncio.sleep(0.005)
    await eventually(lambda: any("sign.unreachable" in line for line in faults.ever))


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"serial": {"port": "/dev/ttyUSB0"}, "tcp": {"host": "sign", "port": 1}},
        {"serial": {"port": "/dev/ttyUSB0"}, "line": "no text"},
        {"serial": {"port": "/dev/ttyUSB0"}, "clear": "{text}"},
        {"serial": {"port": "/dev/ttyUSB0"}, "lines": 5},
        {"serial": {"port": "/dev/ttyUSB0"}, "encoding": "ebcdic"},
    ],
)
def test_a_technician_s_mistake_is_found(written: dict[str, Any]):
    with pytest.raises(ValidationError):
        LineDisplaySettings.model_validate(written)
