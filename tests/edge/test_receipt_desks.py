"""Receipts where drivers pay: at the press of a button or for each, beside an arm that waits for no paper; and asked
for over the daemon's socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from drivers.contract import DriverContext, DriverError, PrintedReceipt, PrintedTicket
from drivers.escpos_printer import EscposSettings
from drivers.post.printer_faults import PAPER_OUT
from drivers.simulated_terminal import SimulatedTerminalSettings
from edge.cli import app
from edge.clock import SystemClock
from edge.lane.signals import Allowed, Asked, Read
from edge.local import Asked as Ordered
from edge.local import LocalSocket, Obeyed, socket_path
from edge.parking.desks import ExitDesk
from edge.parking.money.receipt_policy import GiveReceipts
from edge.parking.money.station import PayStation
from edge.pay_station import PayStationPart
from edge.receipt_orders import ReceiptOrder
from edge.receipts import ReceiptDesk, Receipts
from models.ids import LaneName
from models.phrases.language import language
from models.plates import Plate
from models.receipts.document import Business
from models.receipts.making import Letterhead
from tests.drivers.cables import TcpDevice
from tests.drivers.conftest import Notebook, eventually
from tests.drivers.receipts import ReceiptPrinter
from tests.edge.lots import OUT, Lot, a_lot
from tests.edge.test_controller import Loop
from tests.edge.test_desks import Terminal

PLATE, HALL = Plate("AB12CDE"), LaneName("hall")
HEAD = Letterhead("North", Business(name="North Parking Ltd"), "UTC")


@dataclass
class Paper:
    """A printer that is as slow, or as empty, as a test wants."""

    lines: list[list[str]] = field(default_factory=list[list[str]])
    empty: bool = False
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def print_ticket(self, ticket: PrintedTicket) -> None: ...

    async def print_receipt(self, receipt: PrintedReceipt) -> None:
        await self.goes_on.wait()
        if self.empty:
            raise DriverError(PAPER_OUT, "no paper")
        self.lines.append(list(receipt.laid_out(32)))

    @property
    def titles(self) -> list[str]:
        return [" ".join(line.strip() for line in lines[3:5] if line) for lines in self.lines]


class Post:
    """An exit with a printer and a button."""

    def __init__(self, lot: Lot, when: GiveReceipts) -> None:
        self.lot, self.paper, self.button = lot, Paper(), Loop(False)
        self.paper.goes_on.set()
        self.receipts = Receipts(lot.store, HEAD, [language("en")])
        self.gives = ReceiptDesk(OUT, self.receipts, self.paper, when, self.button, [self.button])
        self.exit = ExitDesk(OUT, lot.store, lot.till(Terminal()), paper=self.gives)

    async def lets_out(self, plate: Plate = PLATE) -> Allowed:
        answer = await asyncio.wait_for(self.exit.decide(Asked(Read(plate, 0.99), plate=plate)), 5)
        assert isinstance(answer, Allowed)
        return answer

    def presses(self) -> None:
        self.button.becomes(True)
        self.button.becomes(False)

    async def drives_through(self, answer: Allowed) -> None:
        assert answer.ticket is not None
        await self.lot.store.write(self.exit.confirm(answer.ticket))

    async def settles_down(self) -> None:
        while self.gives.busy:
            await asyncio.sleep(0.01)


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    lot = a_lot(tmp_path)
    lot.enters(PLATE)
    return lot


@pytest.fixture
def at_the_exit(lot: Lot) -> Callable[[GiveReceipts], Post]:
    return lambda when: Post(lot, when)


Exit = Callable[[GiveReceipts], Post]


async def test_where_each_gets_one_it_is_printed_and_the_driver_waits_for_no_paper(at_the_exit: Exit) -> None:
    post = at_the_exit(GiveReceipts.ALWAYS)
    post.paper.goes_on.clear()
    await post.drives_through(await post.lets_out())
    assert post.paper.lines == []
    post.paper.goes_on.set()
    await post.settles_down()
    assert post.paper.titles == ["Receipt 1"]


@pytest.mark.parametrize("early", [True, False])
async def test_where_it_is_asked_for_the_button_counts_before_paying_and_after(at_the_exit: Exit, early: bool) -> None:
    post = at_the_exit(GiveReceipts.ASKED)
    if early:
        post.presses()
    await post.lets_out()
    if not early:
        post.presses()
    await post.settles_down()
    assert post.paper.titles == ["Receipt 1"]


@pytest.mark.parametrize(("when", "presses"), [(GiveReceipts.ASKED, False), (GiveReceipts.NEVER, True)])
async def test_nobody_gets_one_unasked_or_where_none_are_given(
    at_the_exit: Exit, when: GiveReceipts, presses: bool, lot: Lot
) -> None:
    post = at_the_exit(when)
    await post.lets_out()
    if presses:
        post.presses()
    await post.settles_down()
    assert (post.paper.lines, lot.rows("SELECT * FROM receipts")) == ([], [])


async def test_who_presses_when_the_vehicle_is_through_gets_nobody_elses(at_the_exit: Exit) -> None:
    post = at_the_exit(GiveReceipts.ASKED)
    await post.drives_through(await post.lets_out())
    post.presses()
    await post.settles_down()
    assert post.paper.lines == []


async def test_out_of_paper_keeps_nobody_in_and_the_next_asking_gets_the_original(at_the_exit: Exit, lot: Lot) -> None:
    post = at_the_exit(GiveReceipts.ALWAYS)
    post.paper.empty = True
    await post.lets_out()
    await post.settles_down()
    assert lot.one("SELECT count(*) FROM receipts") == 1
    post.paper.empty = False
    post.presses()
    await post.settles_down()
    post.presses()
    await post.settles_down()
    assert post.paper.titles == ["Receipt 1", "Receipt 1 *** COPY ***"]


async def test_who_presses_twice_gets_one_original(at_the_exit: Exit) -> None:
    post = at_the_exit(GiveReceipts.ASKED)
    post.paper.goes_on.clear()
    await post.lets_out()
    post.presses()
    post.presses()
    await asyncio.sleep(0.05)
    post.paper.goes_on.set()
    await post.settles_down()
    assert sorted(post.paper.titles) == ["Receipt 1", "Receipt 1 *** COPY ***"]


async def test_who_has_a_receipt_from_the_station_gets_no_copy_unasked(at_the_exit: Exit, lot: Lot) -> None:
    post = at_the_exit(GiveReceipts.ALWAYS)
    code = str(lot.one("SELECT code FROM tickets"))
    hall = Paper()
    hall.goes_on.set()
    context = DriverContext("hall.payment_terminal", SystemClock(), Notebook())
    till = lot.till(SimulatedTerminalSettings(delay=0).build(context))
    gives = ReceiptDesk(HALL, post.receipts, hall, GiveReceipts.ALWAYS, None, [hall])
    scanner = Scanner()
    part = PayStationPart(PayStation(HALL, lot.store, till), till, scanner, None, [language("en")], gives)
    await part.start()
    scanner.scans(code)
    await eventually(lambda: bool(hall.lines))
    await post.lets_out()
    await post.settles_down()
    assert (hall.titles, post.paper.titles) == (["Receipt 1"], [])
    post.presses()
    await post.settles_down()
    assert post.paper.titles == ["Receipt 1 *** COPY ***"]
    await part.stop()


class Scanner:
    def __init__(self) -> None:
        self.scans: Callable[[str], None] = lambda code: None

    async def start(self) -> None: ...
    async def stop(self) -> None: ...

    def on_code(self, heard: Callable[[str], None]) -> None:
        self.scans = heard


async def test_a_real_printers_end_of_paper_is_its_fault_and_no_stop(lot: Lot) -> None:
    printer, faults = ReceiptPrinter(paper_out=True), Notebook()
    device = TcpDevice(answer=printer.takes)
    await device.switch_on()
    settings = EscposSettings.model_validate({"network": {"host": "127.0.0.1", "port": device.port}, "settle": 0})
    paper = settings.build(DriverContext("out.ticket_printer", SystemClock(), faults))
    post = Post(lot, GiveReceipts.ALWAYS)
    post.gives.printer = paper
    assert (await post.lets_out()).ticket is not None
    await post.settles_down()
    assert "printer.paper_out" in faults.on
    printer.paper_out = False
    post.presses()
    await post.settles_down()
    await eventually(lambda: printer.cuts == 1)
    letters = printer.letters()
    assert "Receipt 1\n" in letters
    assert "COPY" not in letters
    await device.switch_off()


# --- over the socket ---


@dataclass
class Desk:
    """The daemon's socket, and the command line of the lot."""

    lot: Lot
    config: Path
    post: Post

    async def types(self, *words: str) -> Result:
        told = {"COLUMNS": "200"}
        command = ["receipt", *words, "--config", str(self.config)]
        return await asyncio.to_thread(lambda: CliRunner().invoke(app, command, env=told))


@pytest.fixture
async def desk(lot: Lot, tmp_path: Path) -> AsyncIterator[Desk]:
    config = tmp_path / "lot.yaml"
    example = (Path(__file__).parents[2] / "edge/config/example.yaml").read_text()
    config.write_text(example.replace("/var/lib/parkgate/lot.sqlite", str(lot.path)))
    post = Post(lot, GiveReceipts.ASKED)

    async def obey(asked: Ordered) -> Obeyed:
        assert isinstance(asked, ReceiptOrder)
        return await post.receipts.obey(asked)

    socket = LocalSocket(socket_path(lot.path), lambda: pytest.fail("nobody asks for the status"), obey)
    await socket.start()
    yield Desk(lot, config, post)
    await socket.stop()


async def test_a_person_gets_the_text_then_a_copy_in_another_language(desk: Desk) -> None:
    code = str(desk.lot.one("SELECT code FROM tickets"))
    none = await desk.types(code)
    assert (none.exit_code, "nothing was paid" in none.stderr) == (3, True)
    await desk.post.drives_through(await desk.post.lets_out())
    first = await desk.types(code, "--width", "32")
    assert first.exit_code == 0, first.stderr
    assert f"Ticket{code:>26}\n" in first.stdout
    assert max(map(len, first.stdout.splitlines())) == 32
    again = await desk.types(code, "--language", "de")
    assert "*** KOPIE ***" in again.stdout
    assert "Summe" in again.stdout


@pytest.mark.parametrize("by", [("--serial", "1"), ("--plate", "ab12 cde"), ("--since", "2026-11-18T00:00")])
async def test_days_later_the_stay_is_found_by_what_its_driver_knows(desk: Desk, by: tuple[str, str]) -> None:
    await desk.post.drives_through(await desk.post.lets_out())
    desk.lot.clock.forward(hours=72)
    printed = await desk.types(*by, "--print", "out")
    assert printed.stdout == "receipt 1 printed at out.\n", printed.stderr
    assert desk.post.paper.titles == ["Receipt 1"]


async def test_where_several_are_meant_a_person_is_asked_which(desk: Desk) -> None:
    await desk.post.drives_through(await desk.post.lets_out())
    desk.lot.enters(PLATE)
    await desk.post.drives_through(await desk.post.lets_out())
    which = await desk.types("--plate", PLATE)
    assert (which.exit_code, which.stderr.count(PLATE), "Which one?" in which.stderr) == (3, 2, True)
    assert desk.lot.rows("SELECT * FROM receipts") == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("ZZZZ-ZZZZ",), "No receipt: "),
        (("--plate", "ZZ99ZZZ"), "has paid anything"),
        ((), "Either the ticket's code"),
        (("--serial", "1", "--print", "nowhere"), "there is out"),
    ],
)
async def test_what_cannot_be_is_told(desk: Desk, words: tuple[str, ...], why: str) -> None:
    await desk.post.drives_through(await desk.post.lets_out())
    said = await desk.types(*words)
    assert said.exit_code in (2, 3)
    assert why in said.stderr
