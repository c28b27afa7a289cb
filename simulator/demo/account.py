"""What the demonstration tells while it runs, and the table at its end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from models.instants import SECOND, Instant
from models.money import Minor, written
from simulator.books import Books


class EventFile:
    """The simulated lot's events, read as they are written."""

    def __init__(self, path: Path) -> None:
        self._path, self._read, self._half = path, 0, ""

    def fresh(self) -> Iterator[dict[str, Any]]:
        """What has come since the last call; a line that isn't an event (a warning of a library) is passed over."""
        if not self._path.exists():
            return
        with self._path.open(encoding="utf-8", errors="replace") as file:
            file.seek(self._read)
            text = self._half + file.read()
            self._read = file.tell()
        *lines, self._half = text.split("\n")
        for line in lines:
            if line.startswith("{"):
                yield json.loads(line)


@dataclass(frozen=True, slots=True)
class Visit:
    """One vehicle's stay, as the street, the lot and the cloud saw it."""

    shown: str
    read: str
    spot: str
    minutes: int
    fee: str
    status: str
    seconds_to_cloud: float | None


def plates_shown(lot: Books, vended: dict[str, list[str]]) -> dict[str, str]:
    """The plate on the vehicle of each ticket: at each entry lane the nth ticket is the nth vehicle that was vended.

    `vended` lists those vehicles' plates by lane, in order.
    """
    shown: dict[str, str] = {}
    for lane, plates in vended.items():
        here = [ticket for ticket in lot.tickets.values() if ticket["entry_lane"] == lane]
        here.sort(key=lambda ticket: ticket["entry_time"])
        shown |= {ticket["id"]: plate for ticket, plate in zip(here, plates, strict=False)}
    return shown


@dataclass(frozen=True, slots=True)
class LotTime:
    """From the lot's own monotonic clock, which runs `speed` times as fast in a demonstration, to real wall time:
    `boot_offset` is real wall time minus the real monotonic clock. Microseconds."""

    boot_offset: int
    speed: int = 1

    def of(self, monotonic: int) -> Instant:
        return Instant(monotonic // self.speed + self.boot_offset)


def visits(lot: Books, cloud: Books, shown: dict[str, str], time: LotTime) -> list[Visit]:
    """One for each ticket that wasn't voided, in the order of entry.

    `shown` gives the plate on the vehicle of each ticket.
    """
    stays = sorted(lot.tickets.values(), key=lambda ticket: ticket["entry_time"])
    return [_visit(lot, cloud, ticket, shown, time) for ticket in stays if ticket["status"] != "VOIDED"]


def _visit(lot: Books, cloud: Books, ticket: dict[str, Any], shown: dict[str, str], time: LotTime) -> Visit:
    plate = lot.rows["vehicles"][ticket["vehicle_id"]]["license_plate"]
    spot = lot.rows["spots"].get(ticket["spot_id"] or "")
    stayed = (ticket["exit_time"] or ticket["entry_time"]) - ticket["entry_time"]
    return Visit(
        shown=shown.get(ticket["id"], "?"),
        read=plate,
        spot=f"{spot['spot_number']} {spot['spot_type'].lower()}" if spot else "",
        minutes=round(stayed / SECOND / 60),
        fee=written(Minor(ticket["amount_paid"]), ticket["currency"]),
        status=ticket["status"].lower(),
        seconds_to_cloud=_delay(lot, cloud, ticket["id"], time),
    )


def _delay(lot: Books, cloud: Books, ticket: str, time: LotTime) -> float | None:
    """Seconds from the decision at the lot until the cloud took in the ticket's last fact."""
    own = [key for key, fact in lot.rows["facts"].items() if f'"ticket":"{ticket}"' in fact["body"]]
    if not own or own[-1] not in cloud.received:
        return None
    committed = time.of(lot.rows["facts"][own[-1]]["monotonic"])
    return (cloud.received[own[-1]] - committed) / SECOND


def table(found: list[Visit]) -> Table:
    shown = Table(title="Vehicles that came", title_style="bold")
    for name in ("Plate shown", "Plate read", "Spot"):
        shown.add_column(name)
    for name in ("Minutes", "Fee", "In the cloud after"):
        shown.add_column(name, justify="right")
    shown.add_column("Ticket")
    for visit in found:
        right = visit.read == "".join(c for c in visit.shown if c.isalnum())
        shown.add_row(
            visit.shown,
            visit.read if right else f"[red]{visit.read}[/]",
            visit.spot,
            str(visit.minutes),
            visit.fee,
            "[red]never[/]" if visit.seconds_to_cloud is None else f"{visit.seconds_to_cloud * 1000:.0f} ms",
            visit.status,
        )
    return shown
