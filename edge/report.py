"""What `parkgate-edge status` shows: the lot as its store and its daemon tell it."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from edge.local import ask
from edge.parking.spots import Availability, availability
from edge.status import DaemonStatus
from edge.store import journal
from edge.store.database import looking_into
from edge.store.journal import Head


@dataclass(frozen=True, slots=True)
class Report:
    """One look at a lot. `daemon` is None while no daemon runs on the store."""

    daemon: DaemonStatus | None
    spots: Availability
    tickets: dict[str, int]
    ledger: Head | None

    def as_json(self) -> dict[str, Any]:
        backlog = self.ledger.backlog if self.ledger else 0
        return {
            "daemon": self.daemon.model_dump(mode="json") if self.daemon else None,
            "spots": {
                **asdict(self.spots.whole),
                "by_level": _plain(self.spots.by_level),
                "by_type": _plain(self.spots.by_type),
            },
            "tickets": self.tickets,
            "link": {"facts": self.ledger.seq if self.ledger else 0, "backlog": backlog},
        }


def look(store: Path) -> Report:
    """Raises StoreUnavailable."""
    with looking_into(store) as connection:
        return Report(
            daemon=ask(store),
            spots=availability(connection),
            tickets=_tickets(connection),
            ledger=journal.head_of(connection, "ledger"),
        )


def show(name: str, report: Report) -> None:
    """Tables for a person."""
    console = Console()
    daemon = report.daemon
    running = f"running, release {daemon.release}, reader {daemon.reader}" if daemon else "[red]not running[/red]"
    console.print(f"[bold]{name}[/bold]: daemon {running}")
    if daemon:
        console.print(_lanes(daemon))
        for fault in daemon.faults:
            console.print(f"[red]{fault.source}[/red]: {fault.code} ({fault.detail})")
        if daemon.sensed:
            taken = sum(spot.occupied is True for spot in daemon.sensed)
            silent = sum(spot.occupied is None for spot in daemon.sensed)
            console.print(f"Spot sensors: {taken} of {len(daemon.sensed)} taken, {silent} not heard")
    console.print(_spots(report.spots))
    open_tickets = ", ".join(f"{count} {status.lower()}" for status, count in report.tickets.items())
    console.print(f"Tickets: {open_tickets or 'none'}")
    facts, backlog = (report.ledger.seq, report.ledger.backlog) if report.ledger else (0, 0)
    link = daemon.link if daemon else "unknown while the daemon doesn't run"
    waiting = "no link is configured" if link == "none" else f"link {link}, {backlog} of {facts} facts not yet there"
    console.print(f"Cloud: {waiting}")


def _lanes(daemon: DaemonStatus) -> Table:
    table = Table("Lane", "Direction", "State", "Phase", "Arm", "Sign", "Faults")
    for lane in daemon.lanes:
        faults = "\n".join(f"{fault.source}: {fault.code} ({fault.detail})" for fault in lane.faults) or "none"
        arm = f"{lane.barrier} (assumed)" if lane.assumed and lane.barrier != "unknown" else lane.barrier
        lets_in = "kept up: " + lane.hold.replace("_", " ") if lane.hold else lane.state.replace("_", " ")
        table.add_row(lane.name, lane.direction, lets_in, lane.phase, arm, lane.sign, faults)
    return table


def _spots(free: Availability) -> Table:
    table = Table("Spots", "Free", "Of")
    table.add_row("whole lot", str(free.whole.available), str(free.whole.total))
    for floor, count in free.by_level.items():
        table.add_row(f"level {floor}", str(count.available), str(count.total))
    for kind, count in free.by_type.items():
        table.add_row(kind, str(count.available), str(count.total))
    return table


def _tickets(connection: sqlite3.Connection) -> dict[str, int]:
    rows = connection.execute("SELECT status, count(*) AS n FROM tickets GROUP BY status ORDER BY status")
    return {row["status"]: row["n"] for row in rows}


def _plain(counts: Any) -> dict[str, Any]:
    return {name: asdict(count) for name, count in counts.items()}
