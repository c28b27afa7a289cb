"""Paper tickets: what stands on them, and what happens when the paper, the cover or the connection fails."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from drivers.contract import DriverContext, DriverError, PrintedReceipt, PrintedTicket
from drivers.escpos_printer import EscposSettings
from tests.drivers.cables import Cable, TcpDevice
from tests.drivers.conftest import Notebook, eventually
from tests.drivers.receipts import ReceiptPrinter

TICKET = PrintedTicket(
    lot="Parkhaus Süd",
    code="K7M2-9XQ4",
    qr="parkgate:K7M29XQ4",
    entered="2026-11-20 08:12",
    lines=("Lost ticket: 18.00 EUR", "Please keep this ticket with you and pay before you return to your car"),
)


@pytest.fixture
def paper() -> ReceiptPrinter:
    return ReceiptPrinter()


@pytest.fixture
async def device(paper: ReceiptPrinter) -> AsyncIterator[TcpDevice]:
    device = TcpDevice(answer=paper.takes)
    await device.switch_on()
    yield device
    await device.switch_off()


async def a_printer(context: DriverContext, started: Any, device: TcpDevice, **written: Any) -> Any:
    written = {"settle": 0.5, "print_within": 3, **written}
    settings = {"network": {"host": "127.0.0.1", "port": device.port}, **written}
    return await started(EscposSettings.model_validate(settings).build(context))


async def refused(printer: Any) -> str:
    with pytest.raises(DriverError) as refusal:
        await printer.print_ticket(TICKET)
    assert refusal.value.fault in EscposSettings.faults
    return refusal.value.fault.code


@pytest.mark.parametrize("status", ["none", "realtime", "printed"])
async def test_a_ticket_bears_its_lot_code_time_lines_and_qr_and_is_cut(
    context: DriverContext, started: Any, device: TcpDevice, paper: ReceiptPrinter, status: str, faults: Notebook
):
    printer = await a_printer(context, started, device, status=status)
    await printer.print_ticket(TICKET)
    await eventually(lambda: paper.cuts == 1)
    assert [line for line in re.split(r"\n+", paper.letters()) if line] == [
        "Parkhaus Süd",
        "K7M2-9XQ4",
        "2026-11-20 08:12",
        "Lost ticket: 18.00 EUR",
        "Please keep this ticket with you and pay",
        "before you return to your car",
    ]
    assert b"\x1d!\x33" in paper.on_paper  # letters four times as large
    assert paper.scanned() == ["parkgate:K7M29XQ4"]
    assert faults.on == {}


@pytest.mark.parametrize("columns", [32, 42, 48])
async def test_a_receipt_stands_on_paper_as_it_was_laid_out_for_its_width(
    context: DriverContext, started: Any, device: TcpDevice, paper: ReceiptPrinter, columns: int
):
    printer = await a_printer(context, started, device, columns=columns, settle=0)
    lines = ("Größe / Größe", "Total{:>{}}", "A\x1bp\x00B", "x" * 100)
    await printer.print_receipt(PrintedReceipt(lambda width: [line.format("5.00", width - 5) for line in lines]))
    await eventually(lambda: paper.cuts == 1)
    said = paper.letters()
    assert f"Total{'5.00':>{columns - 5}}\n" in said
    assert "Größe / Größe\n" in said
    assert f"ApB\n{'x' * columns}\n" in said
    assert b"\x1bp" not in device.heard


@pytest.mark.parametrize("profile", ["POS-5890", "TM-T88V", "TM-T20II", "RP326"])
async def test_the_qr_code_can_be_scanned_on_every_width_of_paper(
    context: DriverContext, started: Any, device: TcpDevice, paper: ReceiptPrinter, profile: str, capsys: Any
):
    printer = await a_printer(context, started, device, profile=profile, settle=0)
    await printer.print_ticket(TICKET)
    await eventually(lambda: len(paper.pictures) == 1)
    assert paper.scanned() == ["parkgate:K7M29XQ4"]
    assert capsys.readouterr().out == ""


async def test_a_text_can_t_command_the_printer(
    context: DriverContext, started: Any, device: TcpDevice, paper: ReceiptPrinter
):
    printer = await a_printer(context, started, device, settle=0)
    await printer.print_ticket(PrintedTicket("A\x1bp\x00\x19B", "C\x1dV\x00D", "", "now\x10\x04\x01", ("\x00" * 9,)))
    await eventually(lambda: paper.cuts == 1)
    assert "ApB" in paper.letters()
    assert b"\x1bp" not in device.heard
    assert b"C VD" in device.heard


@pytest.mark.parametrize(
    ("what", "code"),
    [({"paper_out": True}, "printer.paper_out"), ({"cover_open": True}, "printer.cover_open"),
     ({"error": 0x08}, "printer.faulty")],
)  # fmt: skip
async def test_a_printer_that_can_t_print_gets_no_ticket(
    context: DriverContext,
    started: Any,
    device: TcpDevice,
    paper: ReceiptPrinter,
    faults: Notebook,
    what: dict[str, Any],
    code: str,
):
    for name, value in what.items():
        setattr(paper, name, value)
    printer = await a_printer(context, started, device, check_every=1)
    assert await refused(printer) == code
    assert code in faults.on
    for name, value in what.items():
        setattr(paper, name, type(value)())
    await eventually(lambda: faults.on == {})
    await asyncio.sleep(0.2)
    assert paper.on_paper == paper.held == b""


async def test_little_paper_is_a_fault_and_the_ticket_is_printed(
    context: DriverContext, started: Any, device: TcpDevice, paper: ReceiptPrinter, faults: Notebook
):
    paper.paper_low = True
    printer = await a_printer(context, started, device, settle=0)
    await printer.print_ticket(TICKET)
    assert list(faults.on) == ["printer.paper_low"]
    await eventually(lambda: paper.cuts == 1)


@pytest.mark.parametrize("status", ["realtime", "printed"])
async def test_paper_that_ends_in_mid_ticket_is_found_and_the_rest_is_never_printed(
    context: DriverContext, started: Any, device: TcpDevice, paper: ReceiptPrinter, faults: Notebook, status: str
):
    printer = await a_printer(context, started, device, status=status, check_every=1)
    paper.paper_left = 0
    assert await refused(printer) == "printer.paper_out"
    await eventually(lambda: paper.clears == 1)
    assert paper.held == b""
    paper.paper_out, paper.paper_left = False, None
    paper.prints()
    await eventually(lambda: faults.on == {})
    assert (paper.cuts, paper.pictures) == (0, [])
    await printer.print_ticket(TICKET)
    await eventually(lambda: paper.cuts == 1)


async def test_a_printer_that_is_switched_off_is_a_fault_and_prints_nothing_later(
    context: DriverContext, started: Any, device: TcpDevice, paper: ReceiptPrinter, faults: Notebook
):
    await device.switch_off()
    printer = await a_printer(context, started, device, check_every=1)
    assert await refused(printer) == "printer.unreachable"
    await eventually(lambda: "printer.unreachable" in faults.on)
    await device.switch_on()
    await eventually(lambda: faults.on == {})
    await asyncio.sleep(0.3)
    assert paper.on_paper == paper.held == b""


async def test_a_printer_that_hangs_up_in_mid_ticket_is_a_failure(
    context: DriverContext, started: Any, device: TcpDevice, paper: ReceiptPrinter
):
    printer = await a_printer(context, started, device)
    await eventually(lambda: len(device.connections) == 1)
    device.hang_up_after = 2000
    assert await refused(printer) == "printer.unreachable"
    device.hang_up_after = None
    await eventually(lambda: paper.clears == 1)
    assert paper.cuts == 0


@pytest.mark.parametrize("status", ["none", "realtime", "printed"])
async def test_a_printer_that_stands_still_fails_in_time_and_holds_nobody_up(
    context: DriverContext, started: Any, device: TcpDevice, paper: ReceiptPrinter, status: str
):
    printer = await a_printer(context, started, device, status=status, print_within=2)
    await eventually(lambda: len(device.connections) == 1)
    device.reads, paper.answers, paper.answers_in_turn = False, False, False
    loop = asyncio.get_running_loop()
    began = loop.time()
    if status == "none":  # the far machine takes it, whatever its printer does: nobody can know
        await printer.print_ticket(TICKET)
    else:
        assert await refused(printer) == "printer.unreachable"
    assert loop.time() - began < 4


async def test_a_printer_that_never_answers_is_told_from_one_that_does(
    context: DriverContext, started: Any, device: TcpDevice, paper: ReceiptPrinter, faults: Notebook
):
    paper.answers = False
    printer = await a_printer(context, started, device)
    assert await refused(printer) == "printer.unreachable"
    assert paper.on_paper == b""


async def test_a_look_at_the_paper_and_a_ticket_take_turns(
    context: DriverContext, started: Any, device: TcpDevice, paper: ReceiptPrinter
):
    printer = await a_printer(context, started, device, settle=0)
    await asyncio.gather(printer.print_ticket(TICKET), printer.print_ticket(TICKET))
    await eventually(lambda: paper.cuts == 2)
    assert paper.scanned() == ["parkgate:K7M29XQ4"] * 2


async def test_a_printer_on_a_serial_line_prints_and_answers(
    context: DriverContext, started: Any, paper: ReceiptPrinter, tmp_path: Path
):
    cable = Cable(tmp_path / "printer")
    cable.plug_in()

    async def work() -> None:
        while True:
            answers = paper.takes(cable.hears_anew())
            if answers:
                cable.says(answers)
            await asyncio.sleep(0.005)

    working = asyncio.create_task(work())
    settings = {"serial": {"port": str(cable.port), "baud": 115200}, "status": "printed", "picture": "raster"}
    printer = await started(EscposSettings.model_validate(settings).build(context))
    await printer.print_ticket(TICKET)
    assert (paper.cuts, paper.scanned()) == (1, ["parkgate:K7M29XQ4"])
    working.cancel()
    await printer.stop()
    cable.pull_out()


@pytest.mark.parametrize("picture", ["raster", "graphics", "column"])
def test_every_way_of_sending_the_picture_works_with_the_installed_libraries(picture: Any):
    from drivers.post.paper_ticket import Paper, printed

    assert len(printed(TICKET, Paper("default", None, None, picture, "part"))) > 1000


@pytest.mark.parametrize("cut", ["full", "part", "none"])
async def test_a_ticket_is_cut_as_the_settings_say(
    context: DriverContext, started: Any, device: TcpDevice, paper: ReceiptPrinter, cut: str
):
    printer = await a_printer(context, started, device, cut=cut, settle=0)
    await printer.print_ticket(TICKET)
    assert paper.cuts == (cut != "none")


async def test_a_code_too_long_for_the_paper_is_a_failure_not_a_crash(
    context: DriverContext, started: Any, device: TcpDevice
):
    printer = await a_printer(context, started, device, dots=100)
    with pytest.raises(DriverError) as refusal:
        await printer.print_ticket(PrintedTicket("lot", "code", "x" * 2000, "now"))
    assert refusal.value.fault.code == "printer.faulty"


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ({}, "once"),
        ({"file": "/dev/usb/lp0", "network": {"host": "printer"}}, "once"),
        ({"file": "/dev/usb/lp0", "profile": "TM-T88"}, "did you mean 'TM-T88"),
        ({"file": "lp0"}, "pattern"),
    ],
)
def test_a_technician_s_mistake_is_found(written: dict[str, Any], complaint: str):
    with pytest.raises(ValidationError, match=complaint):
        EscposSettings.model_validate(written)
