"""Card readers: Wiegand behind a serial converter, and OSDP against libosdp's own reader."""

from __future__ import annotations

import asyncio
import os
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import osdp
import pytest
from pydantic import ValidationError

from drivers.contract import DriverContext
from drivers.osdp_reader import OsdpSettings
from drivers.post import osdp_bus
from drivers.wiegand import WiegandSerialSettings
from tests.drivers.cables import Cable
from tests.drivers.conftest import Notebook, eventually
from tests.drivers.test_card_formats import a_frame
from tests.drivers.test_scanners import listening

KEY = bytes(range(16))


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    cable = Cable(tmp_path / "reader")
    yield cable
    cable.pull_out()


async def test_a_card_is_heard_as_it_is_printed(context: DriverContext, started: Any, cable: Cable, faults: Notebook):
    cable.plug_in()
    reader = WiegandSerialSettings(port=str(cable.port)).build(context)
    heard: list[str] = []
    reader.on_card(heard.append)
    await started(reader)
    await listening(cable)
    frame = a_frame(26, 17, 4711)
    cable.says(f"\x02{frame ^ 0x400:07X}\x03".encode())
    await eventually(lambda: faults.on.get("reader.parity", "").startswith("1 since"))
    cable.says(f"\x02{frame ^ 0x800:07X}\x03".encode())
    await eventually(lambda: faults.on.get("reader.parity", "").startswith("2 since"))
    cable.says(b"what?\r\n")
    await eventually(lambda: "reader.garbled" in faults.on)
    assert heard == []
    cable.says(f"\x02{frame:07X}\x03".encode() * 5)
    await eventually(lambda: heard == ["17-04711"])
    assert faults.on == {}


def test_a_format_that_isn_t_known_is_a_mistake():
    with pytest.raises(ValidationError, match="hex26"):
        WiegandSerialSettings.model_validate({"port": "/dev/ttyUSB0", "format": "hex"})


class PtyChannel(osdp.Channel):
    def __init__(self, cable: Cable) -> None:
        super().__init__()
        self.cable = cable

    def read(self, max_bytes: int) -> bytes:
        try:
            return os.read(self.cable.descriptor, max_bytes)
        except OSError:
            return b""

    def write(self, buf: bytes) -> int:
        try:
            return os.write(self.cable.descriptor, buf)
        except OSError:
            return -1

    def flush(self) -> None:
        pass


class FarReader:
    """A reader of libosdp's own, with power that can be cut."""

    def __init__(self, cable: Cable, key: bytes | None = None, address: int = 5) -> None:
        self.cable, self.key, self.address = cable, key, address
        self.device: Any = None

    def power_on(self) -> None:
        termios.tcflush(self.cable.descriptor, termios.TCIOFLUSH)  # a line without power keeps nothing
        info = osdp.PDInfo(self.address, PtyChannel(self.cable), scbk=self.key)  # pyright: ignore[reportArgumentType]
        can = osdp.PDCapabilities(
            [(osdp.Capability.CardDataFormat, 1, 1), (osdp.Capability.CommunicationSecurity, 1, 1)]
        )
        self.device = osdp.PeripheralDevice(info, can, osdp.LogLevel.Emergency)  # pyright: ignore[reportArgumentType]
        self.device.start()

    def power_off(self) -> None:
        if self.device is not None:
            self.device.teardown()
        self.device = None

    def reads(self, data: bytes, bits: int, kind: Any = osdp.CardFormat.Wiegand) -> None:
        self.device.submit_event(
            {"event": osdp.Event.CardRead, "reader_no": 0, "direction": 0, "format": kind, "length": bits, "data": data}
        )

    def reads_card(self, site: int, number: int) -> None:
        self.reads((a_frame(26, site, number) << 6).to_bytes(4, "big"), 26)


@pytest.fixture
def far(cable: Cable) -> Iterator[FarReader]:
    cable.plug_in()
    far = FarReader(cable)
    yield far
    far.power_off()


async def an_osdp_reader(context: DriverContext, started: Any, faults: Notebook, **written: Any) -> list[str]:
    reader = OsdpSettings(**{"address": 5, "repeat_after": 0.1, **written}).build(context)
    heard: list[str] = []
    reader.on_card(heard.append)
    faults.on["reader.unreachable"] = "not yet spoken to"
    await started(reader)
    return heard


async def settled() -> None:
    await asyncio.sleep(1.1)


async def test_a_card_at_an_osdp_reader_is_heard_as_it_is_printed(
    context: DriverContext, started: Any, cable: Cable, far: FarReader, faults: Notebook
):
    far.power_on()
    heard = await an_osdp_reader(context, started, faults, port=str(cable.port))
    await eventually(lambda: faults.on == {})
    await settled()
    far.reads_card(17, 4711)
    await eventually(lambda: heard == ["17-04711"])
    far.reads(bytes.fromhex("04A1B2C3D4E5F6"), 56, osdp.CardFormat.Unspecified)
    await eventually(lambda: heard == ["17-04711", "04A1B2C3D4E5F6"])
    far.reads(((a_frame(26, 17, 4711) ^ 0x400) << 6).to_bytes(4, "big"), 26)
    await eventually(lambda: "reader.parity" in faults.on)
    assert len(heard) == 2


async def test_an_encrypted_reader_is_believed_with_its_key(
    context: DriverContext, started: Any, cable: Cable, far: FarReader, faults: Notebook, tmp_path: Path
):
    (tmp_path / "key").write_text(KEY.hex() + "\n")
    far.key = KEY
    far.power_on()
    heard = await an_osdp_reader(context, started, faults, port=str(cable.port), key_file=tmp_path / "key")
    await eventually(lambda: faults.on == {})
    await settled()
    far.reads_card(1, 2)
    await eventually(lambda: heard == ["1-00002"])


@pytest.mark.parametrize("key", [None, bytes(15) + b"\x01"])
async def test_a_reader_with_another_key_or_none_is_not_believed(
    context: DriverContext,
    started: Any,
    cable: Cable,
    far: FarReader,
    faults: Notebook,
    monkeypatch: pytest.MonkeyPatch,
    key: bytes | None,
):
    monkeypatch.setenv("READER_KEY", KEY.hex())
    far.key = key
    far.power_on()
    heard = await an_osdp_reader(context, started, faults, port=str(cable.port), key_env="READER_KEY")
    await asyncio.sleep(3.5)
    assert "reader.unreachable" in faults.on
    far.reads_card(1, 2)
    await asyncio.sleep(0.5)
    assert heard == []


async def test_a_key_that_is_put_there_later_is_taken(
    context: DriverContext, started: Any, cable: Cable, far: FarReader, faults: Notebook, tmp_path: Path
):
    far.key = KEY
    far.power_on()
    heard = await an_osdp_reader(context, started, faults, port=str(cable.port), key_file=tmp_path / "key")
    await eventually(lambda: "can't be read" in faults.on.get("reader.keyless", ""))
    (tmp_path / "key").write_text("not a key")
    await asyncio.sleep(0.5)
    assert "reader.keyless" in faults.on
    (tmp_path / "key").write_text(KEY.hex())
    await eventually(lambda: faults.on == {})
    await settled()
    far.reads_card(1, 2)
    await eventually(lambda: heard == ["1-00002"])


async def test_a_reader_without_power_is_a_fault_and_is_found_again_soon(
    context: DriverContext,
    started: Any,
    cable: Cable,
    far: FarReader,
    faults: Notebook,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(osdp_bus, "AGAIN_SECONDS", 2.0)
    far.power_on()
    heard = await an_osdp_reader(context, started, faults, port=str(cable.port))
    await eventually(lambda: faults.on == {})
    far.power_off()
    await eventually(lambda: "doesn't answer" in faults.on.get("reader.unreachable", ""), within=15)
    far.power_on()
    await eventually(lambda: faults.on == {})
    await settled()
    far.reads_card(17, 4711)
    await eventually(lambda: heard == ["17-04711"])


async def test_a_card_that_a_reader_remembers_from_before_is_ignored(
    context: DriverContext, started: Any, cable: Cable, far: FarReader, faults: Notebook
):
    far.power_on()
    far.reads_card(17, 4711)
    heard = await an_osdp_reader(context, started, faults, port=str(cable.port))
    await eventually(lambda: faults.on == {})
    await settled()
    far.reads_card(18, 4711)
    await eventually(lambda: heard == ["18-04711"])


async def test_a_line_that_is_pulled_out_is_a_fault_and_works_when_it_is_back(
    context: DriverContext, started: Any, cable: Cable, far: FarReader, faults: Notebook
):
    far.power_on()
    heard = await an_osdp_reader(context, started, faults, port=str(cable.port))
    await eventually(lambda: faults.on == {})
    far.power_off()
    cable.pull_out()
    await eventually(lambda: "reader.unreachable" in faults.on)
    cable.plug_in()
    far.power_on()
    await eventually(lambda: faults.on == {})
    await settled()
    far.reads_card(17, 4711)
    await eventually(lambda: heard == ["17-04711"])


async def test_two_readers_share_a_line(
    context: DriverContext, started: Any, cable: Cable, far: FarReader, faults: Notebook
):
    other_faults = Notebook()
    other_context = DriverContext("out.card_reader", context.clock, other_faults, context.shared)
    far.power_on()
    heard = await an_osdp_reader(context, started, faults, port=str(cable.port))
    other = OsdpSettings(port=str(cable.port), address=6).build(other_context)
    await started(other)
    await eventually(lambda: faults.on == {})
    await settled()
    far.reads_card(17, 4711)
    await eventually(lambda: heard == ["17-04711"])
    await eventually(lambda: "address 6" in other_faults.on.get("reader.unreachable", ""))
    await other.stop()
    await asyncio.sleep(2.5)
    assert faults.on == {}
    far.reads_card(18, 4711)
    await eventually(lambda: heard == ["17-04711", "18-04711"])


def test_a_key_has_one_place():
    with pytest.raises(ValidationError, match="one place"):
        OsdpSettings(port="/dev/ttyUSB0", key_env="KEY", key_file=Path("/etc/key"))
