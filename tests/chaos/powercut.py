"""Power cuts: everything that wasn't synced is forgotten, torn or out of order, at any place of a lot's life.

One process lives that life once (born, cars in and out, checkpoints, an orderly stop, a start after damage) while
everything that it writes and syncs is recorded (`tests.chaos.disk`). Each cut then is a disk put together from the
record up to there: what was synced stands; of what wasn't, any part may have reached the disk, sector by sector and in
any order; entries of the folder stand as far as it was synced, the later ones in their order. A store must open on
that disk with every decision that had been answered, its chain unbroken and its tables agreeing with its facts.

The control runs with `synchronous=NORMAL`: answered decisions must be gone.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import random
import shutil
import sqlite3
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from edge.parking import entry, exit
from edge.parking.places.layout import declare
from edge.store import Store, StoreUnavailable, Transaction, chain
from edge.store.connecting import looking_into
from edge.store.damage.quarantine import last_renewal
from models.plates import Plate
from models.spots import VehicleType
from tests.chaos.disk import watch
from tests.edge.lots import IN, LOT, OUT, TARIFF, HandClock, a_level, declared
from tests.edge.test_store import tables_agree_with_facts

_SECTOR = 512
_PAGES_BETWEEN_CHECKPOINTS = 60
_PLAN = (a_level(0, REGULAR=60),)
_NOT_KEPT = ("-shm", ".lock")
"""The log's index is made anew by whoever opens the store first; the lock is held, not written."""

Event = tuple[Any, ...]


def in_memory() -> str | None:
    """Where syncing takes no time: what a sync is worth is decided here, not by the disk."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


# --- the life that is recorded ---


@dataclass
class Recorder:
    """A `tests.chaos.disk.Watcher` that keeps everything, and refuses nothing."""

    events: list[Event] = field(default_factory=list[Event])

    def write(self, path: str, offset: int, content: bytes) -> None:
        self._note("write", path, offset, content)

    def truncate(self, path: str, size: int) -> None:
        self._note("truncate", path, size)

    def create(self, path: str) -> None:
        self._note("create", path)

    def sync(self, path: str) -> None:
        self._note("sync", path)

    def sync_folder(self, path: str) -> None:
        self.events.append(("sync_folder",))

    def unlink(self, path: str) -> None:
        self._note("unlink", path)

    def rename(self, old: str, new: str) -> None:
        self._note("rename", old, Path(new).name)

    def allocate(self, path: str, begins: int, length: int) -> None: ...

    def answered(self, seq: int, hash: str) -> None:
        """The decision that ended with this fact was answered: an arm may have risen."""
        self.events.append(("answered", seq, hash))

    def _note(self, what: str, path: str, *more: object) -> None:
        if not path.endswith(_NOT_KEPT):
            self.events.append((what, Path(path).name, *more))


def record(folder: Path, cars: int, synchronous: str) -> list[Event]:
    """The events of one life, lived in a process of its own."""
    kept = folder / "events"
    process = os.fork()
    if process == 0:
        code = 1
        try:
            recorder = Recorder()
            (folder / "lot").mkdir()
            watch(recorder, folder / "lot")
            _live(folder / "lot/lot.sqlite", recorder, cars, synchronous)
            kept.write_bytes(pickle.dumps(recorder.events))
            code = 0
        except BaseException:  # noqa: BLE001 nothing of this process is left to see it
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(process, 0)
    if status:
        raise RuntimeError("the life that was to be recorded ended badly")
    return pickle.loads(kept.read_bytes())


def _live(path: Path, recorder: Recorder, cars: int, synchronous: str) -> None:
    store = _at_work(path, recorder, synchronous)
    _decide(store, recorder, lambda tx: declare(tx, declared(_PLAN), _PLAN))
    for number in range(cars):
        _come_and_go(store, recorder, number)
        if number == cars // 2:
            store.close()
            store = _at_work(path, recorder, synchronous)
    # Then it is found damaged while it is in use, and another one is begun.
    store.close()
    store = _at_work(path, recorder, synchronous, suspected="for the test")
    for number in range(cars, cars + 4):
        _come_and_go(store, recorder, number)


def _at_work(path: Path, recorder: Recorder, synchronous: str, suspected: str = "") -> Store:
    store = Store(path, LOT, HandClock(), synchronous=synchronous, suspected=suspected)
    store.write_now(
        lambda tx: tx.connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_BETWEEN_CHECKPOINTS}").fetchall()
    )
    return store


def _come_and_go(store: Store, recorder: Recorder, number: int) -> None:
    arrival = entry.Arrival(IN, Plate(f"CAR{number}"), 1.0, VehicleType.REGULAR)
    admitted = _decide(store, recorder, lambda tx: entry.admit(tx, arrival, TARIFF))
    assert isinstance(admitted, entry.Admitted)
    _decide(store, recorder, lambda tx: entry.confirm(tx, admitted.ticket, IN))
    if number % 3:
        _decide(store, recorder, lambda tx: exit.close(tx, admitted.ticket, OUT))


def _decide(store: Store, recorder: Recorder, decide: Callable[[Transaction], Any]) -> Any:
    def and_where(tx: Transaction) -> tuple[Any, int, str]:
        decided = decide(tx)
        head = tx.heads["ledger"]
        return decided, head.seq, head.hash

    decided, seq, hash = store.write_now(and_where)
    recorder.answered(seq, hash)
    return decided


# --- the disk that is left ---


@dataclass
class _File:
    synced: bytes = b""
    since: list[Event] = field(default_factory=list[Event])

    def left(self, chance: random.Random) -> bytes:
        """What stands on the disk after the cut: each sector written since the last sync may be there or not."""
        content, likely = bytearray(self.synced), chance.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        for event in self.since:
            if event[0] == "truncate" and chance.random() < likely:
                del content[event[1] :]
                content.extend(bytes(event[1] - len(content)))
            elif event[0] == "write":
                _write_some(content, event[1], event[2], lambda: chance.random() < likely)
        return bytes(content)

    def sync(self) -> None:
        content = bytearray(self.synced)
        for event in self.since:
            if event[0] == "truncate":
                del content[event[1] :]
                content.extend(bytes(event[1] - len(content)))
            else:
                _write_some(content, event[1], event[2], lambda: True)
        self.synced, self.since = bytes(content), []


def _write_some(content: bytearray, offset: int, data: bytes, reaches: Callable[[], bool]) -> None:
    at = 0
    while at < len(data):
        piece = min(_SECTOR - (offset + at) % _SECTOR, len(data) - at)
        if reaches():
            begins = offset + at
            content.extend(bytes(max(0, begins + piece - len(content))))
            content[begins : begins + piece] = data[at : at + piece]
        at += piece


class Disk:
    """Files and a folder's entries, as the events make them. The entries that aren't synced yet come in their order,
    as file systems with a journal keep them."""

    def __init__(self) -> None:
        self._now: dict[str, _File] = {}
        self._synced: dict[str, _File] = {}
        self._since: list[dict[str, _File]] = []

    def happen(self, event: Event) -> None:
        what, *more = event
        match what:
            case "create":
                self._now[more[0]] = _File()
                self._entries_changed()
            case "write" | "truncate":
                self._file(more[0]).since.append((what, *more[1:]))
            case "sync":
                self._file(more[0]).sync()
            case "unlink":
                self._now.pop(more[0], None)
                self._entries_changed()
            case "rename":
                self._now[more[1]] = self._now.pop(more[0])
                self._entries_changed()
            case "sync_folder":
                self._synced, self._since = dict(self._now), []
            case _:
                pass

    def cut(self, folder: Path, chance: random.Random) -> None:
        """Put what is left into that folder."""
        entries = chance.choice([self._synced, *self._since])
        for name, file in entries.items():
            (folder / name).write_bytes(file.left(chance))

    def _file(self, name: str) -> _File:
        if name not in self._now:
            self._now[name] = _File()
            self._entries_changed()
        return self._now[name]

    def _entries_changed(self) -> None:
        self._since.append(dict(self._now))


# --- judged ---


@dataclass
class Outcome:
    """`accepted`: decisions answered before the cuts; `stored`: those found afterwards; `unsound`: cuts after which
    the store didn't open, or said what its facts don't, or took itself for damaged."""

    cuts: int = 0
    accepted: int = 0
    stored: int = 0
    lost: int = 0
    phantom_opens: int = 0
    unsound: int = 0
    renewed: int = 0
    examples: list[str] = field(default_factory=list[str])

    @property
    def clean(self) -> bool:
        return self.lost == self.phantom_opens == self.unsound == 0 and self.accepted == self.stored


def run(cuts: int, seed: int, *, synchronous: str = "FULL", cars: int = 24) -> Outcome:
    """One life, and the power cut at so many places of it."""
    chance, outcome = random.Random(seed), Outcome()
    with tempfile.TemporaryDirectory(prefix="parkgate-powercut-", dir=in_memory()) as name:
        events = record(Path(name), cars, synchronous)
        places = sorted(chance.randrange(len(events)) for _ in range(cuts))
        disk, at, answered = Disk(), 0, list[tuple[int, str]]()
        for number, place in enumerate(places, start=1):
            for event in events[at:place]:
                disk.happen(event)
                if event[0] == "answered":
                    answered.append((event[1], event[2]))
            at = place
            left = Path(name) / "left"
            shutil.rmtree(left, ignore_errors=True)
            left.mkdir()
            disk.cut(left, chance)
            _judge(left / "lot.sqlite", answered, _next_answer(events[place:]), outcome)
            if number % 100 == 0:
                print(f"{number} of {cuts} cuts", file=sys.stderr)
    return outcome


def _next_answer(events: Iterable[Event]) -> int:
    return next((event[1] for event in events if event[0] == "answered"), 2**62)


def _judge(path: Path, answered: list[tuple[int, str]], under_way: int, outcome: Outcome) -> None:
    outcome.cuts += 1
    outcome.accepted += len(answered)
    try:
        with closing(Store(path, LOT, HandClock())) as store:
            renewal = store._read_now(last_renewal)
        facts = _facts(path)
        sound = _is_sound(path) and (not facts or tables_agree_with_facts(path))
    except (StoreUnavailable, sqlite3.Error, AssertionError) as wrong:
        outcome.unsound += 1
        outcome.lost += len(answered)
        outcome.examples.append(repr(wrong)[:200])
        return
    stored = sum(facts.get(seq) == hash for seq, hash in answered)
    outcome.stored += stored
    outcome.lost += len(answered) - stored
    outcome.renewed += renewal is not None
    outcome.unsound += not sound or (renewal is not None and renewal.why != "for the test")
    # More than what was under way can't be there: nobody had asked for it.
    outcome.phantom_opens += max(facts, default=0) > under_way + 1
    if stored < len(answered) and len(outcome.examples) < 5:
        outcome.examples.append(f"{stored} of {len(answered)} answered decisions, {len(facts)} facts")


def _facts(path: Path) -> dict[int, str]:
    with looking_into(path) as connection:
        return {row["seq"]: row["hash"] for row in connection.execute("SELECT seq, hash FROM journal")}


def _is_sound(path: Path) -> bool:
    with looking_into(path) as connection:
        whole = connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        return whole and not any(isinstance(place, chain.Break) for place in _walked(connection))


def _walked(connection: sqlite3.Connection) -> Iterator[chain.Place | chain.Break]:
    for stream in chain.streams(connection):
        yield from chain.walk(connection, LOT, stream)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--n", type=int, default=200, help="how many cuts")
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    outcome = run(options.n, options.seed)
    control = run(max(20, options.n // 10), options.seed, synchronous="NORMAL")
    print(
        json.dumps(
            {
                "chaos": "powercut",
                "n": outcome.cuts,
                "accepted": outcome.accepted,
                "stored": outcome.stored,
                "applied": outcome.stored,
                "lost": outcome.lost,
                "twice": 0,
                "phantom_opens": outcome.phantom_opens,
                "seed": options.seed,
                "control": "failed as it must" if control.lost else "passed, though it must fail",
                "control_lost": control.lost,
                "unsound": outcome.unsound,
                "after_a_damaged_store": outcome.renewed,
                "examples": outcome.examples,
            }
        )
    )
    sys.exit(0 if outcome.clean and control.lost else 1)


if __name__ == "__main__":
    main()
