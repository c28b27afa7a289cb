"""Compares what a lot put on record with what has to stand there by the truth, line by line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.tickets import PaymentStatus, TicketStatus
from simulator.books import Books, Row
from simulator.twin.episodes import Episode
from simulator.twin.expected import Expected, Passage, Stay
from simulator.twin.people import Paper
from simulator.twin.terminal import Entry
from simulator.twin.truth import Truth
from simulator.twin.unjudged import Unjudged, unjudged

_OPEN = (TicketStatus.ADMITTED, TicketStatus.ACTIVE, TicketStatus.UNRESOLVED)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that isn't on record as it happened."""

    about: str
    what: str

    def __str__(self) -> str:
        return f"{self.about}: {self.what}"


@dataclass(slots=True)
class Verdict:
    """`compared` is how many things of each kind were looked at."""

    compared: dict[str, int] = field(default_factory=dict[str, int])
    mismatches: list[Mismatch] = field(default_factory=list[Mismatch])
    not_judged: int = 0
    """What a lane can't know exactly: its loops were out of order, or nothing told one car from the next"""
    kinds: Counter[str] = field(default_factory=Counter[str])
    """How many passages without a ticket, tickets and faults of each kind there were"""

    def off(self, about: str, what: str) -> None:
        self.mismatches.append(Mismatch(about, what))


def verdict(
    books: Books, truth: Truth, due: Expected, terminal: Sequence[Entry], papers: Mapping[int, Paper], wall: int
) -> Verdict:
    """`papers` are the printed tickets, by car; `wall` is the UTC microsecond of the run's beginning."""
    found = Verdict()
    found.mismatches += [Mismatch("money", wrong) for wrong in due.wrong_sums]
    found.mismatches += [Mismatch("safety", f"the arm of {lane} came down on car {car}") for lane, car in truth.crushed]
    doubted, found.not_judged = unjudged(truth), due.unseen
    _tickets(books, due.stays, papers, wall, doubted, found)
    _passages(books, due.passages, wall, doubted, found)
    _faults(books, due.episodes, wall, doubted, found)
    _money(books, terminal, wall, found)
    _count(books, truth, found)
    return found


# --- tickets ---


def _tickets(
    books: Books, stays: Sequence[Stay], papers: Mapping[int, Paper], wall: int, doubted: Unjudged, found: Verdict
) -> None:
    plates = {row["id"]: row["license_plate"] for row in books.rows["vehicles"].values()}
    debts: Counter[str] = Counter()
    for payment in books.rows["payments"].values():
        if payment["status"] == PaymentStatus.UNCOLLECTED:
            debts[payment["ticket_id"]] += payment["amount"]
    rows = list(books.tickets.values())
    by_code = {row["code"]: row for row in rows}
    by_plate: dict[str, list[Row]] = {}
    for row in rows:
        if plates[row["vehicle_id"]] is not None:
            by_plate.setdefault(plates[row["vehicle_id"]], []).append(row)
    seen: set[str] = set()
    for stay in stays:
        row = _row_of(stay, by_code.get(papers[stay.car].code) if stay.car in papers else None, by_plate, wall)
        if row is None:
            found.off(f"car {stay.car} ({stay.plate})", f"no ticket is on record for {stay}")
            continue
        seen.add(row["id"])
        if stay.status != row["status"] and doubted.excuses(stay.car, row["status"]):
            found.not_judged += 1
            continue
        found.kinds[f"tickets {row['status']}"] += 1
        row = _as_if_seen_at_once(row, stay, wall) | {"debt": debts[row["id"]]}
        _compare(f"ticket of car {stay.car} ({stay.plate})", _ticket(stay, wall), row, found)
    for row in rows:
        if row["id"] not in seen:
            found.off(f"ticket {row['code']}", f"nobody came for whom it stands: {row['status']}, {row['entry_lane']}")
    found.compared["tickets"] = len(stays)


def _row_of(stay: Stay, printed: Row | None, by_plate: Mapping[str, list[Row]], wall: int) -> Row | None:
    if printed is not None and printed["entry_time"] == wall + stay.entry_time:
        return printed
    rows = by_plate.get(stay.plate or "", [])
    nearest = sorted(rows, key=lambda row: abs(row["entry_time"] - wall - stay.entry_time))
    return nearest[0] if nearest else printed


_READS_WITHIN = 12_000_000


def _as_if_seen_at_once(row: Row, stay: Stay, wall: int) -> Row:
    """With a car close behind, the lane knows who has passed only once it has read the next one's plate."""
    passed = wall + stay.exit_time if stay.seen_late and stay.exit_time is not None else None
    if passed is None or row["exit_time"] is None or not 0 <= row["exit_time"] - passed <= _READS_WITHIN:
        return row
    return row | {"exit_time": passed}


def _ticket(stay: Stay, wall: int) -> dict[str, Any]:
    return {
        "status": stay.status,
        "vehicle_type": stay.vehicle_type,
        "entry_lane": stay.entry_lane,
        "entry_time": wall + stay.entry_time,
        "exit_time": None if stay.exit_time is None else wall + stay.exit_time,
        "amount_due": stay.amount_due,
        "amount_paid": stay.amount_paid,
        "debt": stay.uncollected,
    } | ({"exit_lane": stay.exit_lane} if stay.status is TicketStatus.COMPLETED else {})


def _compare(about: str, due: Mapping[str, Any], row: Row, found: Verdict) -> None:
    for column, value in due.items():
        if row[column] != value:
            found.off(about, f"{column} is {row[column]!r}, should be {value!r}")


# --- passages and faults: the same ones on both sides, each once ---


def _passages(books: Books, passages: Sequence[Passage], wall: int, doubted: Unjudged, found: Verdict) -> None:
    rows = [row for row in books.rows["passages"].values() if not doubted.covers(row["lane"], row["at"] - wall)]
    found.not_judged += len(books.rows["passages"]) - len(rows)
    passages = [passage for passage in passages if not doubted.covers(passage.lane, passage.at)]
    plates = {(p.lane, wall + p.at): p.plate for p in passages}
    late_ones = [((p.lane, p.direction.value, p.kind.value, p.order), wall + p.at) for p in passages if p.seen_late]
    there: list[tuple[Any, ...]] = []
    for row in rows:
        kind, at = (row["lane"], row["direction"], row["kind"]), row["at"]
        passed = max((p for key, p in late_ones if key == (*kind, row["order_id"]) and p <= at), default=at)
        there.append((*kind, passed if at - passed <= _READS_WITHIN else at, row["order_id"]))
    due = [(p.lane, p.direction.value, p.kind.value, wall + p.at, p.order) for p in passages]
    _alike("passage", due, there, found, lambda it: f"{it[2]} {it[1]} through {it[0]} at {(it[3] - wall) / 1e6:.2f} s")
    for row in rows:
        plate = plates.get((row["lane"], row["at"]), row["license_plate"])
        if row["license_plate"] not in (None, plate):
            found.off("passage", f"{row['kind']} through {row['lane']}: on record with the plate of another car")
    found.compared["passages"] = len(passages)
    found.kinds.update(f"passages {p.kind} {p.direction}" for p in passages)


_NEAR = 50_000
"""A timer of the daemon may be a moment later than it must."""


def _faults(books: Books, episodes: Sequence[Episode], wall: int, doubted: Unjudged, found: Verdict) -> None:
    every = list(books.rows["faults"].values())
    rows = [row for row in every if not doubted.covers(row["source"], row["raised_at"] - wall)]
    found.not_judged += len(every) - len(rows)
    episodes = [episode for episode in episodes if not doubted.covers(episode.source, episode.raised)]
    for episode in episodes:
        row = next((row for row in rows if _is(row, episode, wall)), None)
        if row is None:
            began = f"{episode.raised / 1e6:.2f} s"
            found.off(
                "fault", f"{episode.code} of {episode.source} from {began} to {_at(episode.cleared)} isn't on record"
            )
        else:
            rows.remove(row)
    for row in rows:
        span = f"{(row['raised_at'] - wall) / 1e6:.2f} s to {_at(row['cleared_at'] and row['cleared_at'] - wall)}"
        found.off("fault", f"{row['code']} of {row['source']} is on record from {span}: {row['detail']}")
    found.compared["faults"] = len(episodes)
    found.kinds.update(f"faults {episode.code}" for episode in episodes)


def _is(row: Row, episode: Episode, wall: int) -> bool:
    if (row["source"], row["code"]) != (episode.source, episode.code):
        return False
    latest = episode.raised if episode.latest is None else episode.latest
    raised = episode.raised - _NEAR <= row["raised_at"] - wall <= latest + _NEAR
    if episode.cleared is None or row["cleared_at"] is None:
        return raised and episode.cleared is None and row["cleared_at"] is None
    return raised and abs(row["cleared_at"] - wall - episode.cleared) <= _NEAR


def _at(moment: int | None) -> str:
    return "now" if moment is None else f"{moment / 1e6:.2f} s"


# --- money and the count ---


def _money(books: Books, terminal: Sequence[Entry], wall: int, found: Verdict) -> None:
    taken = [
        (row["reference"], row["amount"], row["currency"], row["lane"], row["at"])
        for row in books.rows["payments"].values()
        if row["status"] == PaymentStatus.TAKEN
    ]
    due = [(entry.reference, entry.amount, entry.currency, entry.lane, wall + entry.known) for entry in terminal]
    _alike("payment", due, taken, found, lambda it: f"{it[1]} {it[2]} at {it[3]}, {it[0]}")
    found.compared["payments"] = len(due)


def _count(books: Books, truth: Truth, found: Verdict) -> None:
    """Who is inside, by the books: stays that are open, and passages without a ticket."""
    statuses = Counter(row["status"] for row in books.tickets.values())
    unresolved = _unresolved(books)
    passages = Counter(row["direction"] for row in books.rows["passages"].values())
    inside = statuses[TicketStatus.ACTIVE] + unresolved + passages["entry"] - passages["exit"]
    # An unjudged ticket or passage may be one more or one less.
    if abs(inside - truth.inside()) > found.not_judged:
        found.off("count", f"{inside} vehicles are inside by the books, {truth.inside()} in truth")
    taken = sum(row["status"] == "OCCUPIED" for row in books.rows["spots"].values())
    with_spot = sum(row["status"] in _OPEN and row["spot_id"] is not None for row in books.tickets.values())
    if taken != with_spot:
        found.off("count", f"{taken} spots are taken, {with_spot} open tickets hold one")
    found.compared["inside"] = inside


def _unresolved(books: Books) -> int:
    """Unresolved stays of vehicles that nobody saw leave."""
    return sum(row["status"] == TicketStatus.UNRESOLVED and row["exit_lane"] is None for row in books.tickets.values())


def _alike(
    about: str,
    due: Iterable[tuple[Any, ...]],
    there: Iterable[tuple[Any, ...]],
    found: Verdict,
    name: Callable[[tuple[Any, ...]], str],
) -> None:
    wanted, recorded = Counter(due), Counter(there)
    for missing in (wanted - recorded).elements():
        found.off(about, f"not on record: {name(missing)}")
    for surplus in (recorded - wanted).elements():
        found.off(about, f"on record, but never happened: {name(surplus)}")
