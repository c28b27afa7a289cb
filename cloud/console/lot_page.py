"""The page of one lot."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments
from starlette.requests import Request

from cloud.console.cards import read_cards
from cloud.console.following import GAP_SECONDS, LINK_CHECK_SECONDS, Changed, follow
from cloud.console.lot_reading import Charges, OpenTicket, read_feed, read_open, read_spots, read_stays
from cloud.console.lot_shown import bill, chart, plan, ticket, told
from cloud.console.operators import scopes_now
from cloud.console.shell import OneLot, Visitor, styled
from cloud.console.shown import Shown, card
from cloud.db.connect import plainly
from models.ids import LotId, TicketId
from models.instants import SECOND, Instant
from models.tariff import Fee

CHART_EVERY = 15 * SECOND


class LotPage:
    """Keeps one open page of one lot current: re-reads the lot when it changes and sends the sections that differ."""

    def __init__(self, visitor: Visitor, lot: LotId) -> None:
        self._visitor, self._lot = visitor, lot
        self._console = visitor.console
        self._shown: Shown = {}
        self._fees_change: Instant | None = None
        self._charted: Instant | None = None
        self._current = True
        self._charges = Charges()
        self._open: Sequence[OpenTicket] = ()
        self._bills: Mapping[TicketId, Fee | None] = {}
        self._zone = "UTC"
        self._bill_of: str | None = None
        self.element: OneLot | None = None
        self.chart: ui.echart | None = None

    async def open(self) -> bool:
        """Builds the page; false when the tenant has no such lot, and then the page says so."""
        self._shown, options = await self._read()
        if not self._shown:
            OneLot(self._visitor.shell(True), {})
            return False
        self.element = OneLot(self._visitor.shell(self._console.live.listening), self._shown)
        self.element.on("bill", self._ask_bill)
        with self.element:
            self.chart = ui.echart(options).classes("pg-chart")
        return True

    async def run(self) -> None:
        """Until cancelled, or until the process stops."""
        await follow(self._console.live, self._console.clock, self._patience, self._show, self._stale)

    def _patience(self) -> float:
        if self._fees_change is None:
            return LINK_CHECK_SECONDS
        return min(LINK_CHECK_SECONDS, max((self._fees_change - self._console.now()) / SECOND, GAP_SECONDS))

    async def _show(self, changed: Changed) -> None:
        due = self._fees_change is not None and self._console.now() >= self._fees_change
        if due or changed & {self._lot, None}:
            await self._refresh()
        self._tell_current(self._console.live.listening)

    def _stale(self) -> None:
        self._tell_current(False)

    async def _refresh(self) -> None:
        shown, options = await self._read()
        changed = {name: value for name, value in shown.items() if self._shown.get(name) != value}
        self._shown = shown
        if changed:
            self._send(changed)
        if options and self.chart is not None:
            self.chart.options.update(options)
            self.chart.update()

    def _ask_bill(self, asked: GenericEventArguments) -> None:
        """Somebody unfolds one ticket's bill, or folds it (None). It is shown until then, and kept current."""
        self._bill_of = asked.args if isinstance(asked.args, str) else None
        self._shown = {**self._shown, "bill": self._bill()}
        self._send({"bill": self._shown["bill"]})

    def _bill(self) -> Shown | None:
        """The same fee as in the ticket's row."""
        asked = next((each for each in self._open if each.id == self._bill_of), None)
        so_far = None if asked is None else self._bills[asked.id]
        return None if asked is None or so_far is None else bill(asked, so_far, self._zone)

    def _tell_current(self, current: bool) -> None:
        if current != self._current:
            self._current = current
            self._send({"current": current})

    def _send(self, sections: Shown) -> None:
        if self.element is not None:
            self.element.run_method("news", sections)

    async def _read(self) -> tuple[Shown, dict[str, Any]]:
        """The sections, and the chart's options when they are due. Raises one of AWAY."""
        console, operator = self._console, self._visitor.operator
        now, sees = console.now(), operator.sees
        with plainly():
            async with console.engine.connect() as connection:
                if not self._visitor.may_stay(await scopes_now(connection, operator.tenant)):
                    return self._shown, {}
                found = await read_cards(connection, operator.tenant, [self._lot], now, console.settings.silent_after)
                if not found:
                    return {}, {}
                spots = await read_spots(connection, operator.tenant, self._lot)
                open_tickets = await read_open(connection, operator.tenant, self._lot)
                feed = await read_feed(connection, operator.tenant, self._lot)
                stays = None
                if self._charted is None or now - self._charted >= CHART_EVERY:
                    stays = await read_stays(connection, operator.tenant, self._lot, now)
        zone, total = found[0].lot.timezone, found[0].lot.total
        self._open, self._zone = open_tickets, zone
        self._fees_change = min((each.next_change(now) for each in open_tickets), default=None)
        self._bills = self._charges.bills(open_tickets, now)
        sections = {
            "card": card(found[0], sees, alarms=len(found[0].alarms)),
            "plan": plan(spots, open_tickets, sees),
            "tickets": [ticket(each, self._bills[each.id], zone, sees) for each in open_tickets],
            "bill": self._bill(),
            "feed": [told(each, zone, sees) for each in feed],
        }
        if stays is None:
            return sections, {}
        self._charted = now
        return sections, chart(stays, total, zone, now)


@ui.page("/lots/{lot}", title="Lot · Parkgate")
async def lot_page(request: Request, lot: str) -> None:
    styled()
    visitor = Visitor.of(request)
    page = LotPage(visitor, LotId(lot))
    if not await page.open():
        visitor.client.status_code = 404
        return
    running = asyncio.create_task(page.run())
    visitor.client.on_delete(running.cancel)
