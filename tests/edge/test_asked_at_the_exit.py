"""An exit at work, its screen and its desk: the driver is asked, answers, pays, and leaves; or doesn't."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from edge.kiosk.screen import shown, takes_press
from edge.lane.approach import READ_BEFORE
from edge.lane.signals import Button
from edge.parking.desks import ExitDesk
from edge.parking.matching.lookalikes import Lookalikes
from edge.parking.money.till import Till
from edge.post import Post
from edge.store import Store
from models.instants import Clock as AnyClock
from models.phrases.language import language
from models.phrases.phrase import Phrase
from models.tickets import Direction
from tests.edge.clouds import becomes
from tests.edge.lots import IN
from tests.edge.test_controller import Clock, Entry, an_entry
from tests.edge.test_desks import Terminal
from tests.edge.test_lookalikes import INSIDE, a_read


@asynccontextmanager
async def an_exit_with_a_screen(folder: Path, terminal: Terminal) -> AsyncIterator[tuple[Entry, Post]]:
    clock = Clock()

    def desk(store: Store) -> ExitDesk:
        by: AnyClock = clock
        return ExitDesk(IN, store, Till(terminal, store, by), lookalikes=Lookalikes(IN, store, by, zone="UTC"))

    async with an_entry(folder, desk, direction=Direction.EXIT, clock=clock) as lane:
        lane.lot.enters(INSIDE)
        clock.seconds_pass(120)
        await lane.a_car_stands_there(a_read())
        await becomes(lambda: lane.controller.line.startswith("You came"))
        clock.seconds_pass(READ_BEFORE)
        await becomes(lambda: lane.controller.lane.answerable)
        yield lane, Post(lane.controller, choose_type=False)


async def test_a_driver_who_says_yes_pays_and_leaves(tmp_path: Path) -> None:
    terminal = Terminal()
    async with an_exit_with_a_screen(tmp_path, terminal) as (lane, post):
        page = shown(post.screen(), [language("de")])
        assert (page["plate"], page["tone"], page["buttons"][:2]) == ("AB12CD*", "ask", ["confirm", "deny"])
        assert INSIDE not in str(page)
        assert takes_press(post.screen(), Button.CONFIRM, "AB12CD*")
        assert (lane.arm.vends, terminal.asked) == ([], [])
        post.press(Button.CONFIRM)
        await becomes(lambda: len(lane.arm.vends) == 1)
        assert terminal.asked == [250]
        await lane.it_drives_through()
        await becomes(lambda: lane.tickets() == ["COMPLETED"])
        assert lane.lot.rows("SELECT exit_match FROM tickets") == [("alike",)]
        assert lane.refusals() == []


async def test_a_driver_who_says_no_is_told_of_the_ticket_and_pays_nothing(tmp_path: Path) -> None:
    terminal = Terminal()
    async with an_exit_with_a_screen(tmp_path, terminal) as (lane, post):
        post.press(Button.DENY)
        await becomes(lambda: lane.controller.line == Phrase.SCAN_YOUR_TICKET)
        assert post.screen().asks == (Button.LOST_TICKET, Button.HELP)
        code = str(lane.lot.one("SELECT code FROM tickets"))
        assert (lane.arm.vends, terminal.asked) == ([], [])
        post.press(Button.CONFIRM)
        assert lane.arm.vends == []
        post.present_code(code)
        await becomes(lambda: len(lane.arm.vends) == 1)
        assert terminal.asked == [250], "whoever shows its ticket pays for it"
