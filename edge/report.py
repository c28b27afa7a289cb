"""What `parkgate-edge status` shows: the lot as its store and its daemon tell it."""

from __future__ import annotations

import sqlite3
import textwrap
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from edge.clock import Linux, SystemClock
from edge.known_faults import known_faults
from edge.local import ask
from edge.parking.lanes import OpenCall, open_calls
from edge.parking.places.spots import Availability, availability
from edge.status import DaemonStatus, SpotStatus
from edge.store import boots, inbox, journal, streams
from edge.store.database import looking_into
from edge.store.journal import Head
from edge.sync.faults import OUTDATED, RIVAL
from models.instants import SECOND, Reading, to_rfc3339
from models.money import Minor, written

_SHORT = {"keep_open": "kept open", "fire": "all: fire", "closed_to_transients": "permits only"}
"""Whom a lane lets in, for one column of a narrow terminal."""
_WHY = {"help": "wants a person", "lost_ticket": "has lost the ticket"}
"""What the driver pressed for."""
_UNTIMED = (
    "Clock: no time server was heard since the start. Whoever stayed over a power cut pays for the shortest that it "
    "can have been. What to look at: parkgate-edge doctor --only clock"
)
_MOST_REFUNDS = 5
_LATE_PICTURE = 3.0
_UNHEARD = "The cloud doesn't hear of it now. Answered by: parkgate-edge lane open LANE"


@dataclass(frozen=True, slots=True)
class Refund:
    """What a driver had paid too much, in minor units."""

    code: str
    owed: Minor
    currency: str


@dataclass(frozen=True, slots=True)
class PolicyReport:
    """What the cloud has set of this lot, as the store has it. `parked`: kept, and not acted on."""

    revision: int
    permits: int
    tariffs: tuple[str, ...]
    reservations: dict[str, int]
    parked: int
    withheld: int
    kept_back: dict[str, tuple[int, int]]
    """By spot type: how many places are kept back for reservations, and how many the cloud asked for"""

    @property
    def line(self) -> str:
        booked, stuck = self.reservations.get("BOOKED", 0), self.parked + self.withheld
        waiting = f", [red]{stuck} that this lot can't act on[/red]" if stuck else ""
        kept = [f"{kept} of {asked} {kind}" for kind, (kept, asked) in self.kept_back.items() if asked]
        places = f" ({', '.join(kept)} places kept back)" if kept else ""
        return f"{self.permits} permits, {booked} reservations{places}, {len(self.tariffs)} tariffs{waiting}"


def policy_report(connection: sqlite3.Connection) -> PolicyReport | None:
    """None for a store that no daemon of this release has opened yet."""
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'intents_taken'").fetchone() is None:
        return None
    reservations = connection.execute("SELECT status, count(*) AS n FROM reservations GROUP BY status ORDER BY status")
    tariffs = connection.execute("SELECT name FROM tariffs ORDER BY valid_from, revision")
    waiting = inbox.waiting(connection)
    return PolicyReport(
        revision=inbox.place(connection).revision,
        permits=connection.execute("SELECT count(*) FROM permits").fetchone()[0],
        tariffs=tuple(row["name"] for row in tariffs),
        reservations={row["status"]: row["n"] for row in reservations},
        parked=waiting.parked_in_all,
        withheld=len(waiting.withheld),
        kept_back=_kept_back(connection),
    )


def _kept_back(connection: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'reservation_quotas'").fetchone() is None:
        return {}
    rows = connection.execute("SELECT spot_type, kept, asked FROM reservation_quotas ORDER BY spot_type")
    return {row["spot_type"]: (row["kept"], row["asked"]) for row in rows}


@dataclass(frozen=True, slots=True)
class Report:
    """One look at a lot. `daemon` is None while no daemon runs on the store; `calls` are those for help that
    nobody has seen to, `refunds` what the lot owes drivers since the time became known; `linked`: a way to the cloud is
    configured. `before`: facts of the streams that the ledger goes on from."""

    daemon: DaemonStatus | None
    spots: Availability
    tickets: dict[str, int]
    ledger: Head | None
    calls: tuple[OpenCall, ...] = ()
    refunds: tuple[Refund, ...] = ()
    linked: bool = True
    before: int = 0
    policy: PolicyReport | None = None

    def as_json(self) -> dict[str, Any]:
        backlog = self.ledger.backlog if self.ledger else 0
        return {
            "daemon": self.daemon.model_dump(mode="json") if self.daemon else None,
            "spots": {
                **asdict(self.spots.whole),
                "by_level": _plain(self.spots.by_level),
                "by_type": _plain(self.spots.by_type),
                "by_zone": _plain(self.spots.by_zone),
            },
            "tickets": self.tickets,
            "calls": [
                {"lane": call.lane, "why": call.why, "at": to_rfc3339(call.at), "seconds_ago": call.ago // SECOND}
                for call in self.calls
            ],
            "refunds": [asdict(refund) for refund in self.refunds],
            "policy": None if self.policy is None else asdict(self.policy),
            "link": {"facts": self.facts, "backlog": backlog, "kept_apart": self.is_kept_apart},
        }

    @property
    def facts(self) -> int:
        """Of the lot's whole history, in however many streams it stands."""
        return self.before + self.ledger.seq if self.ledger else 0

    @property
    def is_kept_apart(self) -> bool:
        """Whether the cloud takes what comes and believes none of it."""
        faults = self.daemon.faults if self.daemon else ()
        return any(fault.code in (RIVAL.code, OUTDATED.code) for fault in faults)


def look(store: Path, *, linked: bool) -> Report:
    """Raises StoreUnavailable."""
    daemon = ask(store)
    with looking_into(store) as connection:
        # A daemon's time is the lot's, also where a simulation's runs fast.
        now = daemon.clock if daemon is not None and daemon.clock is not None else _reading(connection)
        return Report(
            daemon=daemon,
            spots=availability(connection),
            tickets=_tickets(connection),
            ledger=journal.head_of(connection, "ledger"),
            calls=tuple(open_calls(connection, now)) if boots.are_kept(connection) else (),
            refunds=_refunds(connection) if boots.are_kept(connection) else (),
            linked=linked,
            before=streams.written_before(connection, "ledger"),
            policy=policy_report(connection),
        )


def _refunds(connection: sqlite3.Connection) -> tuple[Refund, ...]:
    owed = "SELECT code, refund_owed, currency FROM tickets WHERE refund_owed > 0 ORDER BY exit_time DESC, rowid DESC"
    return tuple(Refund(row["code"], row["refund_owed"], row["currency"]) for row in connection.execute(owed))


def _reading(connection: sqlite3.Connection) -> Reading:
    kernel = Linux()
    return SystemClock(boots.remembered(connection, kernel.boot_id), kernel).read()


def show(name: str, report: Report) -> None:
    """For a person, also on a narrow terminal: a line for each lane, then what is wrong, then the spots."""
    console = Console(highlight=False)
    daemon = report.daemon
    running = f"running, release {daemon.release}, reader {daemon.reader}" if daemon else "[red]not running[/red]"
    console.print(f"[bold]{name}[/bold]: daemon {running}")
    if daemon:
        console.print()
        console.print(_lanes(daemon))
        for lane in daemon.lanes:
            if lane.sign:
                console.print(f"[dim]{lane.name} shows:[/dim] {lane.sign}")
        if daemon.vision.cameras:
            console.print(_cameras(daemon))
        console.print()
        _show_faults(console, daemon)
        _show_sensed(console, daemon.sensed)
        if daemon.clock is not None and not daemon.clock.synced:
            console.print(_UNTIMED)
            console.print()
    _show_calls(console, report)
    console.print(_spots(report.spots))
    console.print()
    open_tickets = ", ".join(f"{count} {status.lower()}" for status, count in report.tickets.items())
    console.print(f"Tickets: {open_tickets or 'none'}")
    for refund in report.refunds[:_MOST_REFUNDS]:
        console.print(
            f"Owed back: {written(refund.owed, refund.currency)} on ticket {refund.code} (the clock was wrong)"
        )
    if len(report.refunds) > _MOST_REFUNDS:
        console.print(f"Owed back on {len(report.refunds) - _MOST_REFUNDS} more tickets")
    backlog = report.ledger.backlog if report.ledger else 0
    link = daemon.link if daemon else "unknown while the daemon doesn't run"
    waiting = f"link {link}, {backlog} of {report.facts} facts not yet there"
    if report.is_kept_apart:
        waiting = f"link {link}. [red]What this computer sends is kept apart there[/red], not believed: see the fault"
    if link == "none" or not report.linked:
        waiting = "no link is configured"
    console.print(f"Cloud: {waiting}")
    if report.policy is not None and report.policy.revision:
        console.print(f"From the cloud: {report.policy.line}")


def _plain_table(*columns: str) -> Table:
    return Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")


def _lanes(daemon: DaemonStatus) -> Table:
    table = _plain_table("Lane", "Way", "Lets in", "Phase", "Arm", "Arming", "Closing")
    for lane in daemon.lanes:
        arm = f"{lane.barrier}, assumed" if lane.assumed and lane.barrier != "unknown" else lane.barrier
        lets_in = _SHORT.get(lane.hold or lane.state, lane.hold or lane.state)
        loops = _level(lane.arming_loop), _level(lane.closing_loop)
        table.add_row(lane.name, lane.direction, lets_in, lane.phase, arm, *loops)
    return table


def _cameras(daemon: DaemonStatus) -> str:
    """One line: how many pictures come from each camera, and when the last came where that is long ago."""
    told = [
        f"{camera.name} {camera.rate:g}/s"
        + (f" (none for {camera.seconds_ago:.0f} s)" if (camera.seconds_ago or 0) > _LATE_PICTURE else "")
        for camera in daemon.vision.cameras
    ]
    restarts = daemon.vision.restarts
    replaced = f"; the reading process was replaced {restarts} time{'s' * (restarts != 1)}" if restarts else ""
    return f"[dim]Pictures:[/dim] {', '.join(told)}{replaced}"


def _level(on: bool | None) -> str:
    return {True: "on", False: "off", None: "[yellow]unknown[/yellow]"}[on]


def _show_faults(console: Console, daemon: DaemonStatus) -> None:
    faults = [*(fault for lane in daemon.lanes for fault in lane.faults), *daemon.faults]
    console.print("1 fault:" if len(faults) == 1 else f"{len(faults)} faults:" if faults else "No faults.")
    for fault in faults:
        known = known_faults().get(fault.code)
        console.print(f"  [red]{fault.source}  {fault.code}[/red]")
        said = fault.detail if known is None else f"{known.meaning} ({fault.detail})"
        console.print(_indented(said, console.width), soft_wrap=True, markup=False)
    if faults:
        console.print("What to look at: parkgate-edge doctor")
    console.print()


def _show_calls(console: Console, report: Report) -> None:
    if not report.calls:
        return
    console.print("1 call for help:" if len(report.calls) == 1 else f"{len(report.calls)} calls for help:")
    for call in report.calls:
        minutes = call.ago // SECOND // 60
        ago = f"{minutes} min ago" if minutes else "just now"
        console.print(f"  [red]{call.lane}[/red]  {_WHY.get(call.why, call.why)}, {ago}")
    if report.daemon is None or report.daemon.link != "up":
        console.print(_UNHEARD)
    console.print()


def _indented(text: str, width: int) -> str:
    """Paths and addresses stay whole, so that they can be copied."""
    margin = " " * 4
    return textwrap.fill(
        text, width, initial_indent=margin, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False
    )


def _show_sensed(console: Console, sensed: tuple[SpotStatus, ...]) -> None:
    if sensed:
        taken = sum(spot.occupied is True for spot in sensed)
        silent = sum(spot.occupied is None for spot in sensed)
        console.print(f"Spot sensors: {taken} of {len(sensed)} taken, {silent} not heard\n")


def _spots(free: Availability) -> Table:
    table = _plain_table("Spots", "Free", "Of")
    table.add_row("whole lot", str(free.whole.available), str(free.whole.total))
    for floor, count in free.by_level.items():
        table.add_row(f"level {floor}", str(count.available), str(count.total))
    for kind, count in free.by_type.items():
        table.add_row(kind, str(count.available), str(count.total))
    for zone, count in free.by_zone.items():
        table.add_row(f"zone {zone}", str(count.available), str(count.total))
    return table


def _tickets(connection: sqlite3.Connection) -> dict[str, int]:
    rows = connection.execute("SELECT status, count(*) AS n FROM tickets GROUP BY status ORDER BY status")
    return {row["status"]: row["n"] for row in rows}


def _plain(counts: Any) -> dict[str, Any]:
    return {name: asdict(count) for name, count in counts.items()}
