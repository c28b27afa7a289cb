"""Lets the vehicles come, tells what happens to them, and compares the books at the end."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import defaultdict
from contextlib import suppress
from typing import Any

from rich.console import Console

from models.money import Minor, written
from simulator.books import Books, Difference, cloud_books, differences, lot_books
from simulator.clock import RealTime
from simulator.demo.account import EventFile, LotTime, plates_shown, table, visits
from simulator.demo.stage import Stage

_LOOK_SECONDS = 0.3
_AGREE_WITHIN_SECONDS = 60
_TOLD = {
    "arrived": "[dim]drives up to[/] {lane}",
    "entered": "[bold]is inside[/], {detail}",
    "came_to_exit": "[dim]comes to[/] {lane}",
    "left": "[bold]has left[/], {detail}",
    "backed_out": "[yellow]backs out[/] of {lane}",
    "gave_up": "[red]turns back[/] at {lane}: the arm stayed down",
}


class Show:
    """One run of the demonstration on a stage that is set up."""

    def __init__(self, stage: Stage, console: Console) -> None:
        self._stage, self._console = stage, console
        self._pause = threading.Event()
        self._vended: dict[str, list[str]] = defaultdict(list)
        self._entered = self._left = 0

    def run(self) -> int:
        """The exit code. Ends by itself when the wanted vehicles have left; Ctrl-C ends it too."""
        lot = self._stage.let_cars_come()
        self._greet()
        events = EventFile(self._stage.events)
        with suppress(KeyboardInterrupt):
            while lot.running:
                self._tell(events)
                self._pause.wait(_LOOK_SECONDS)
        self._tell(events)
        stuck = not lot.running and lot.exit_code != 0
        if stuck:
            self._console.print(f"[red]Cars got stuck.[/] {lot.tail(3)}")
        return max(int(stuck), self._settle())

    def _greet(self) -> None:
        stage, speed = self._stage, self._stage.options.speed
        fast = f"The lot's clock runs {speed} times as fast as yours, and ahead of the page. Try --speed 1."
        self._console.print(
            f"\n[bold]Operators' page[/]  {stage.sign_in_link()}\n"
            f"                  (signs you in once; later: {stage.address}/ with the key below)\n"
            f"[bold]API key[/]          {stage.api_key}\n"
            f"[bold]API[/]              {stage.address}/docs\n"
            f"[bold]Logs[/]             {stage.folder}\n"
            f"{fast if speed > 1 else ''}\n",
            soft_wrap=True,
        )

    def _tell(self, events: EventFile) -> None:
        for event in events.fresh():
            kind, plate = event["event"], event.get("plate_shown", "")
            if kind == "vended" and event.get("plate_shown") not in self._vended[event["lane"]][-1:]:
                self._vended[event["lane"]].append(plate)
            self._entered, self._left = event.get("entered", self._entered), event.get("left", self._left)
            if kind in _TOLD:
                line = _TOLD[kind].format(lane=event["lane"], detail=self._detail(kind, event))
                count = f"[dim]{self._entered:>3} in {self._left:>3} out[/]"
                self._console.print(f"{event['at'][11:19]}  {count}  [cyan]{plate:<11}[/] {line}")

    def _detail(self, kind: str, event: dict[str, Any]) -> str:
        """What the lot's own store says of the latest stay of that plate."""
        try:
            books = lot_books(self._stage.store)
        except sqlite3.Error:
            return ""
        stays = [
            ticket
            for ticket in books.tickets.values()
            if books.rows["vehicles"][ticket["vehicle_id"]]["license_plate"] == event["plate"]
        ]
        if not stays:
            return "[red]under another plate[/]"
        ticket = max(stays, key=lambda stay: stay["entry_time"])
        if kind == "left":
            return f"paid {written(Minor(ticket['amount_paid']), ticket['currency'])}"
        spot = books.rows["spots"].get(ticket["spot_id"] or "")
        return f"spot {spot['spot_number']} ({spot['spot_type'].lower()})" if spot else ""

    # --- the end ---

    def _settle(self) -> int:
        """Stop the lot, wait for the cloud to have everything, compare, and print the table."""
        self._console.print("\nWaiting for the cloud to have it all ...")
        lot, cloud, different = asyncio.run(self._agreement())
        now = RealTime().read()
        shown = plates_shown(lot, self._vended)
        lot_time = LotTime(now.wall - now.monotonic, self._stage.options.speed)
        self._console.print(table(visits(lot, cloud, shown, lot_time)))
        for difference in different[:20]:
            self._console.print(f"[red]differs[/] {difference}")
        verdict = "[green]equal, field by field[/]" if not different else f"[red]{len(different)} differences[/]"
        self._console.print(
            f"{len(lot.tickets)} tickets and {lot.facts} facts at the lot, "
            f"{len(cloud.tickets)} and {cloud.facts} in the cloud: {verdict}"
        )
        wanted = self._stage.options.vehicles
        complete = wanted is None or sum(t["status"] == "COMPLETED" for t in lot.tickets.values()) >= wanted
        if not complete:
            self._console.print(f"[red]Fewer than {wanted} stays were completed.[/]")
        return 0 if not different and complete else 1

    async def _agreement(self) -> tuple[Books, Books, list[Difference]]:
        """Both books once they agree, or as they are after a minute."""
        clock = RealTime()
        waited = 0.0
        while True:
            lot = lot_books(self._stage.store)
            cloud = await cloud_books(self._stage.database_url, self._stage.lot_id)
            different = differences(lot, cloud)
            settled = not different and not _in_a_lane(lot)
            if settled or waited >= _AGREE_WITHIN_SECONDS:
                return lot, cloud, different
            await clock.sleep(_LOOK_SECONDS)
            waited += _LOOK_SECONDS


def _in_a_lane(lot: Books) -> bool:
    """Whether the last passages still have to be written down."""
    return any(
        ticket["status"] == "ADMITTED" or (ticket["exit_lane"] and ticket["status"] == "ACTIVE")
        for ticket in lot.tickets.values()
    )
