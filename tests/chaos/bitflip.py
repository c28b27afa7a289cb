"""Flipped pages: a lot's files are damaged at random places (first page, tree, leaves, free pages, log, the log's
index), by a bit, a run of bytes or a whole page. Then the store is opened, looked through, and worked with.

Nothing may be wrong or missing without being said; the damaged files lie aside as they were; vehicles get out and in;
the next start finds nothing any more; the link brings up all that the lot still has and the cloud hasn't. The control
opens the same files with the detection off.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from edge.parking import entry, exit
from edge.parking.places.layout import declare
from edge.store import Store, StoreUnavailable, Transaction, database, journal
from edge.store.connecting import looking_into
from edge.store.damage import books, inspection
from edge.store.damage.quarantine import Renewal, last_renewal
from models.ids import StreamId
from models.plates import Plate
from models.spots import VehicleType
from models.wire.envelopes import SentFact
from tests.chaos.powercut import in_memory
from tests.edge.lots import IN, LOT, OUT, TARIFF, HandClock, a_level, declared
from tests.edge.wires import Books, journals_of, send_all

_PAGE = 4096
_PLAN = (a_level(0, REGULAR=150),)
_CARS = 140
_ROWS_OF_A_FACT = 2
_TREES = {0x02: "tree", 0x05: "tree", 0x0A: "leaf", 0x0D: "leaf"}
AREAS = ("first page", "tree", "leaf", "free", "log", "index of the log")
WAYS = ("bit", "run", "page")

Rows = dict[str, dict[object, tuple[object, ...]]]


@dataclass(frozen=True, slots=True)
class Truth:
    """A used lot before anything struck it: its rows, and the facts that the cloud had."""

    rows: Rows
    stream_id: StreamId
    with_the_cloud: tuple[SentFact, ...]


# --- a lot that has worked for a while ---


def a_used_lot(folder: Path, *, killed: bool, all_sent: bool = False) -> Path:
    """Its files as they lie there after an orderly stop, or after its daemon was killed. `all_sent`: the cloud has all
    of its facts, and not only some."""
    path = folder / f"{'killed' if killed else 'stopped'}{' and all sent' if all_sent else ''}" / "lot.sqlite"
    process = os.fork()
    if process == 0:
        code = 1
        try:
            _live(Store(path, LOT, HandClock()), killed, all_sent)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(process, 0)
    assert status == 0, "the lot that is to be damaged ended badly"
    return path


def _live(store: Store, killed: bool, all_sent: bool) -> None:
    store.write_now(lambda tx: declare(tx, declared(_PLAN), _PLAN))
    store.write_now(lambda tx: tx.connection.execute("PRAGMA wal_autocheckpoint = 300").fetchall())
    store.write_now(lambda tx: tx.connection.execute("CREATE TABLE filler (x BLOB) STRICT"))
    store.write_now(lambda tx: tx.connection.execute("INSERT INTO filler VALUES (randomblob(200000))"))
    for number in range(_CARS):
        plate = Plate(f"CAR{number}")
        arrival = entry.Arrival(IN, plate, 1.0, VehicleType.REGULAR)
        admitted = store.write_now(lambda tx, arrival=arrival: entry.admit(tx, arrival, TARIFF))
        assert isinstance(admitted, entry.Admitted)
        ticket = admitted.ticket
        store.write_now(lambda tx, ticket=ticket: entry.confirm(tx, ticket, IN))
        if number % 2:
            store.write_now(lambda tx, ticket=ticket: exit.close(tx, ticket, OUT))
        if number == _CARS // 2:
            store.write_now(lambda tx: _the_cloud_has_all_but(20, tx))
            store.write_now(lambda tx: tx.connection.execute("DROP TABLE filler"))
    if all_sent:
        store.write_now(lambda tx: _the_cloud_has_all_but(0, tx))
    if not killed:
        store.close()


def _the_cloud_has_all_but(lacking: int, tx: Transaction) -> None:
    head = journal.head_of(tx.connection, "ledger")
    assert head is not None
    journal.mark_acked(tx.connection, "ledger", head.stream_id, head.seq - lacking, tx.at)


# --- damage ---


@dataclass(frozen=True, slots=True)
class Flip:
    file: str
    area: str
    way: str
    offset: int
    length: int

    def strike(self, store: Path) -> None:
        path = Path(f"{store}{self.file}")
        content = bytearray(path.read_bytes())
        for at in range(self.offset, min(self.offset + self.length, len(content))):
            content[at] ^= 0xFF if self.way != "bit" else 1 << (self.offset % 8)
        path.write_bytes(content)


def flips_of(store: Path, chance: random.Random) -> Callable[[], Flip]:
    """Draws a place: first an area that this store has, then a page in it."""
    pages = _pages(store)

    def draw() -> Flip:
        area = chance.choice([area for area in AREAS if pages[area]])
        file, begins, size = chance.choice(pages[area])
        way = chance.choice(WAYS)
        if way == "page":
            return Flip(file, area, way, begins, size)
        return Flip(file, area, way, begins + chance.randrange(size), 1 if way == "bit" else 64)

    return draw


def _pages(store: Path) -> dict[str, list[tuple[str, int, int]]]:
    """For each area, (end of the file's name, offset, size) of its pieces."""
    found: dict[str, list[tuple[str, int, int]]] = {area: [] for area in AREAS}
    content = store.read_bytes()
    found["first page"] = [("", 0, _PAGE)]
    for begins in range(_PAGE, len(content), _PAGE):
        found[_TREES.get(content[begins], "free")].append(("", begins, _PAGE))
    log, index = Path(f"{store}-wal"), Path(f"{store}-shm")
    if log.exists():
        found["log"] = [("-wal", begins, _PAGE + 24) for begins in range(32, log.stat().st_size, _PAGE + 24)]
        found["log"] += [("-wal", 0, 32)]
    if index.exists():
        found["index of the log"] = [("-shm", begins, _PAGE) for begins in range(0, index.stat().st_size, _PAGE)]
    return found


# --- judged ---


@dataclass
class Outcome:
    """`accepted`: facts and rows that the damaged stores had held; `stored`: those still there, or said to be lost.
    `lost`: missing or changed, and nothing said so. `unsound`: the lot didn't go on, or was begun anew once more."""

    flips: int = 0
    accepted: int = 0
    stored: int = 0
    lost: int = 0
    unsound: int = 0
    detected: int = 0
    harmless: int = 0
    open_stays: int = 0
    open_stays_kept: int = 0
    streams_kept: int = 0
    by_area: Counter[str] = field(default_factory=Counter[str])
    examples: list[str] = field(default_factory=list[str])

    @property
    def clean(self) -> bool:
        return self.lost == self.unsound == 0


def run(flips: int, seed: int, *, detecting: bool = True) -> Outcome:
    """So many flips, each on a fresh copy of a used lot. With `detecting` off, nothing is looked at beforehand."""
    chance, outcome = random.Random(seed), Outcome()
    with tempfile.TemporaryDirectory(prefix="parkgate-bitflip-", dir=in_memory()) as name:
        stores = [
            a_used_lot(Path(name), killed=killed, all_sent=sent) for killed in (True, False) for sent in (False, True)
        ]
        lots = [(store, flips_of(store, chance), _truth(store, Path(name))) for store in stores]
        for number in range(1, flips + 1):
            store, draw, truth = chance.choice(lots)
            folder = Path(name) / "struck"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(store.parent, folder)
            flip = draw()
            flip.strike(folder / "lot.sqlite")
            _judge(folder / "lot.sqlite", flip, truth, outcome, detecting)
            if number % 50 == 0:
                print(f"{number} of {flips} flips", file=sys.stderr)
    return outcome


def _truth(store: Path, folder: Path) -> Truth:
    copy = folder / "truth"
    shutil.copytree(store.parent, copy)
    rows = _rows(copy / "lot.sqlite")
    with looking_into(copy / "lot.sqlite") as connection:
        head = journal.head_of(connection, "ledger")
        assert head is not None
        had = journal.run(connection, head.stream_id, 0, head.acked)
    shutil.rmtree(copy)
    return Truth(rows, head.stream_id, tuple(had))


def _rows(store: Path) -> Rows:
    with looking_into(store) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_%'"
            " ESCAPE '\\' AND name NOT IN ('renewals', 'former_streams')"
        ).fetchall()
        return {table: dict(_keyed(connection, table)) for (table,) in map(tuple, tables)}


def _keyed(connection: sqlite3.Connection, table: str) -> Iterator[tuple[object, tuple[object, ...]]]:
    for row in connection.execute(f"SELECT * FROM {table}"):
        whole = tuple(row)
        # A fact that was carried over into another stream is the same fact, by what it says and when.
        yield ((row["type"], row["monotonic"], row["body"]) if table == "journal" else whole[0]), whole


def _judge(store: Path, flip: Flip, used: Truth, outcome: Outcome, detecting: bool) -> None:
    truth = used.rows
    outcome.flips += 1
    outcome.accepted += sum(map(len, truth.values()))
    struck = {end: Path(f"{store}{end}").read_bytes() for end in ("", "-wal") if Path(f"{store}{end}").exists()}
    try:
        with _detection(detecting):
            renewal, at_start = _opened_and_looked_through(store, detecting)
        rows = _rows(store)
    except (StoreUnavailable, sqlite3.Error, ValueError, LookupError) as wrong:
        outcome.unsound += 1
        outcome.examples.append(f"{flip}: {wrong!r} {traceback.format_exc()[-900:]}")
        return
    unsaid = _missing_or_changed(truth, rows, renewal)
    outcome.stored += sum(map(len, truth.values())) - len(unsaid)
    outcome.lost += len(unsaid)
    outcome.examples += [f"{flip}: {said}"[:300] for said in unsaid[:2]]
    if not detecting:
        return
    outcome.detected += renewal is not None
    outcome.harmless += renewal is None and not unsaid
    outcome.by_area[f"{flip.area}: {'detected' if renewal else 'harmless' if not unsaid else 'unnoticed'}"] += 1
    if renewal is not None:
        inside = {id for id, row in truth["tickets"].items() if "ACTIVE" in row}
        outcome.open_stays += len(inside)
        outcome.open_stays_kept += len(inside & rows["tickets"].keys())
        outcome.streams_kept += renewal.former_stream_id is None
    if trouble := _does_not_go_on(store, renewal, struck if at_start else {}, used):
        outcome.unsound += 1
        outcome.examples.append(f"{flip}: {trouble}"[:300])


@contextmanager
def _detection(on: bool) -> Iterator[None]:
    """For the control: the store is opened without being looked at."""
    kept = database.made_sound
    if not on:
        database.made_sound = lambda *_: None  # type: ignore[assignment]
    try:
        yield
    finally:
        database.made_sound = kept


def _opened_and_looked_through(store: Path, detecting: bool) -> tuple[Renewal | None, bool]:
    """As a daemon does: at the start, and then in a slow round; what the round finds begins another one. With it,
    whether it was seen at the start."""
    damage = ""
    for times in range(3):
        with closing(Store(store, LOT, HandClock(), suspected=damage)) as opened:
            found = list(filter(None, inspection.all_through(opened._read_connection, LOT))) if detecting else []
            if not found and detecting:
                _set_right(opened)
            if not found:
                return (opened._read_now(last_renewal) if detecting else None), times == 0
            damage = found[0]
    raise ValueError(f"it is begun anew for ever: {damage}")


def _set_right(opened: Store) -> None:
    different = list(filter(None, books.Comparison(opened._read_connection, LOT).steps()))
    opened.write_now(lambda tx: [books.set_right(tx.connection, each) for each in different])


def _missing_or_changed(truth: Rows, rows: Rows, renewal: Renewal | None) -> list[str]:
    """What nobody was told of."""
    told = set(renewal.rows_lost) if renewal else set[str]()
    said: list[str] = []
    for table, before in truth.items():
        now = rows.get(table, {})
        missing = [key for key in before if key not in now and not (table == "journal" and _with_the_cloud(truth, key))]
        if table == "streams":
            missing = [] if renewal else missing
        elif table == "journal":
            missing = missing[renewal.facts_lost :] if renewal else missing
        elif table in told:
            continue
        elif renewal:
            missing = missing[renewal.facts_lost :]  # a row that only a fact would make again, which is said to be lost
        said += [f"{table} {key} is missing" for key in missing]
        changed = [key for key in before if key in now and not _same(table, before[key], now[key], renewal)]
        # A fact that is lost, and said to be, leaves its rows behind as they were before.
        changed = changed[_ROWS_OF_A_FACT * renewal.facts_lost :] if renewal else changed
        said += [
            f"{table} {key}: {[pair for pair in zip(before[key], now[key], strict=False) if pair[0] != pair[1]]}"
            for key in changed
        ]
    return said


def _same(table: str, before: tuple[object, ...], now: tuple[object, ...], renewal: Renewal | None) -> bool:
    if before == now:
        return True
    if renewal is None:
        return False
    # What stood in its place in the chain may have changed with the stream.
    return (table == "journal" and before[2:-1] == now[2:-1]) or table == "streams"


def _with_the_cloud(truth: Rows, key: object) -> bool:
    acked = next(iter(truth["streams"].values()))[4]
    return bool(truth["journal"][key][1] <= acked)  # type: ignore[operator]


def _does_not_go_on(store: Path, renewal: Renewal | None, struck: dict[str, bytes], used: Truth) -> str | None:
    if renewal is not None:
        aside = {end: Path(f"{store.with_name(renewal.file)}{end}") for end in struck}
        if any(not path.exists() or path.read_bytes() != struck[end] for end, path in aside.items()):
            return "the damaged file doesn't lie aside as it was"
    with closing(Store(store, LOT, HandClock())) as lot:
        if _renewals(lot) != (renewal.id if renewal else 0):
            return "it was begun anew once more"
        arrival = entry.Arrival(IN, Plate("NEW1"), 1.0, VehicleType.REGULAR)
        lot.write_now(lambda tx: declare(tx, declared(_PLAN), _PLAN))
        admitted = lot.write_now(lambda tx: entry.admit(tx, arrival, TARIFF))
        if not isinstance(admitted, entry.Admitted):
            return f"nobody gets in: {admitted}"
        for ticket in lot._read_now(lambda c: c.execute("SELECT id FROM tickets WHERE status = 'ACTIVE'").fetchall()):
            lot.write_now(lambda tx, ticket=ticket["id"]: exit.close(tx, ticket, OUT))
        if damage := next(filter(None, inspection.all_through(lot._read_connection, LOT)), None):
            return f"after all that it is damaged: {damage}"
        return _is_not_brought_up(lot, used) if renewal is not None else None


def _is_not_brought_up(lot: Store, used: Truth) -> str | None:
    """What keeps the cloud from having what the lot has. It had the facts that this lot was told of, and no other."""
    books = Books()
    books.put(used.stream_id, used.with_the_cloud)
    try:
        faults = asyncio.run(send_all(lot, LOT, books))
    except TimeoutError:
        return f"the link never comes to an end; the cloud says {books.strange[:2]}"
    if books.strange or faults:
        return f"the link has {faults}, the cloud says {books.strange[:2]}"
    for stream_id, facts in journals_of(lot).items():
        lacking = [fact.seq for fact in facts if fact.seq not in books.has.get(stream_id, {})]
        if lacking:
            return f"facts {lacking[0]} to {lacking[-1]} of {stream_id} never went up"
    return None


def _renewals(lot: Store) -> int:
    last = lot._read_now(last_renewal)
    return last.id if last else 0


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--n", type=int, default=200, help="how many flips")
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    outcome = run(options.n, options.seed)
    control = run(max(20, options.n // 5), options.seed, detecting=False)
    failed = control.lost + control.unsound
    print(json.dumps(_said(options, outcome, failed)))
    sys.exit(0 if outcome.clean and failed else 1)


def _said(options: argparse.Namespace, outcome: Outcome, failed: int) -> dict[str, Any]:
    return {
        "chaos": "bitflip",
        "n": outcome.flips,
        "accepted": outcome.accepted,
        "stored": outcome.stored,
        "applied": outcome.stored,
        "lost": outcome.lost,
        "twice": 0,
        "phantom_opens": 0,
        "seed": options.seed,
        "control": "failed as it must" if failed else "passed, though it must fail",
        "control_damage_accepted": failed,
        "unsound": outcome.unsound,
        "detected": outcome.detected,
        "harmless": outcome.harmless,
        "open_stays": outcome.open_stays,
        "open_stays_kept": outcome.open_stays_kept,
        "streams_kept": outcome.streams_kept,
        "by_area": dict(sorted(outcome.by_area.items())),
        "examples": outcome.examples[:12],
    }


if __name__ == "__main__":
    main()
