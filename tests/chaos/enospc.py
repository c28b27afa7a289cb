"""A full disk, met by every single write of the store: in its birth, its migrations, its commits and its checkpoints.

First each call that could find the disk full is counted (`tests.chaos.disk`); then a lot lives the same life once for
each of them, and there the disk is full: once, for a while, or half way through the write. Whatever was answered must
be there, whatever was refused must not, also after the process is killed on the spot.

Then a disk of a few MiB is really full, filled by somebody who takes every block that gets free. Entries are refused,
everybody inside gets out and pays, over a kill and an orderly restart. It is a tmpfs where this machine lets us mount
one; where it doesn't, the kernel's own count of the store's blocks is held against a limit (`tests.chaos.disk` again),
which says no just as that file system would. The control has no reserve: it can't close its stays.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import pickle
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import structlog

from edge.parking import entry, exit
from edge.parking.money.booking import Receipt
from edge.parking.money.charges import Charge, await_answer, book
from edge.parking.places.layout import declare
from edge.parking.stays import moments
from edge.store import Store, StoreUnavailable, Transaction
from edge.store.reserve import RESERVE
from models.ids import PaymentId, TicketId
from models.money import Minor
from models.plates import Plate
from models.spots import VehicleType
from tests.chaos.disk import Watcher, watch
from tests.chaos.powercut import in_memory
from tests.edge.lots import IN, LOT, OUT, TARIFF, HandClock, a_level, declared
from tests.edge.test_migrations import a_store_of_the_first_release
from tests.edge.test_store import tables_agree_with_facts

_PLAN = (a_level(0, REGULAR=400),)
_CARS = 10
_TRIES = 60
_PAGES_BETWEEN_CHECKPOINTS = 50
Way = Literal["once", "for a while", "half"]
WAYS: tuple[Way, ...] = ("once", "for a while", "half")
_A_WHILE = 12
Life = Literal["new", "old"]
LIVES: tuple[Life, ...] = ("new", "old")


# --- each write ---


@dataclass
class Full(Watcher):
    """Refuses the calls from number `at` on, as far as `way` says. None: only counts."""

    at: int | None
    way: Way = "once"
    calls: int = 0

    def write(self, path: str, offset: int, content: bytes) -> None:
        if not self._is_full():
            return
        if self.way == "half":
            with open(path, "r+b") as file:
                file.seek(offset)
                file.write(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def truncate(self, path: str, size: int) -> None: ...

    def create(self, path: str) -> None:
        self._refuse()

    def sync(self, path: str) -> None:
        """Blocks that are only found when they are needed: some file systems say it here."""
        self._refuse()

    def sync_folder(self, path: str) -> None: ...
    def unlink(self, path: str) -> None: ...
    def rename(self, old: str, new: str) -> None: ...

    def allocate(self, path: str, begins: int, length: int) -> None:
        self._refuse()

    def _refuse(self) -> None:
        if self._is_full():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _is_full(self) -> bool:
        self.calls += 1
        lasts = _A_WHILE if self.way == "for a while" else 1
        return self.at is not None and self.at <= self.calls < self.at + lasts


@dataclass
class Account:
    """What the lot's drivers saw: who was let in, who left, how often they had to try again."""

    let_in: dict[str, str] = field(default_factory=dict[str, str])
    let_out: list[str] = field(default_factory=list[str])
    refused: int = 0
    calls: int = 0


def lived(folder: Path, life: Life, full: Full) -> Account:
    """One life in a process of its own, which is killed at its end."""
    told = folder / "account"
    process = os.fork()
    if process == 0:
        try:
            path = _born(folder, life)
            watch(full, path.parent)
            account = _live(path)
            account.calls = full.calls
            told.write_bytes(pickle.dumps(account))
        except BaseException:  # noqa: BLE001 nothing of this process is left to see it
            traceback.print_exc()
            os._exit(1)
        os.kill(os.getpid(), signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    if not os.WIFSIGNALED(status):
        raise RuntimeError("the lot on a full disk ended by itself")
    return pickle.loads(told.read_bytes())


def _born(folder: Path, life: Life) -> Path:
    (folder / "lot").mkdir()
    return a_store_of_the_first_release(folder / "lot") if life == "old" else folder / "lot/lot.sqlite"


def _live(path: Path) -> Account:
    account = Account()
    store = _until_it_can(account, lambda: Store(path, LOT, HandClock()))
    _write(account, store, lambda tx: declare(tx, declared(_PLAN), _PLAN))
    _write(
        account,
        store,
        lambda tx: tx.connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_BETWEEN_CHECKPOINTS}").fetchall(),
    )
    for number in range(_CARS):
        _let_in(account, store, f"CAR{number}")
        if number % 2:
            _let_out(account, store, f"CAR{number - 1}")
    return account


def _let_in(account: Account, store: Store, plate: str) -> None:
    arrival = entry.Arrival(IN, Plate(plate), 1.0, VehicleType.REGULAR)

    def decide() -> str:
        admitted = store.write_now(lambda tx: entry.admit(tx, arrival, TARIFF), spare_reserve=True)
        assert isinstance(admitted, entry.Admitted)
        return admitted.ticket

    def ask_again() -> str:
        # As a lane does: whoever was refused stays where they are, and only room on the disk lets them in.
        store._read_now(store._top_up)
        return decide()

    account.let_in[plate] = _until_it_can(account, ask_again)
    _write(account, store, lambda tx: entry.confirm(tx, TicketId(account.let_in[plate]), IN))


def _let_out(account: Account, store: Store, plate: str) -> None:
    ticket = TicketId(account.let_in[plate])
    charge = _write(account, store, lambda tx: _asked(tx, ticket, plate))
    _write(account, store, lambda tx: book(tx, charge, Receipt(OUT, "terminal", "simulated", f"T-{plate}")))
    _write(account, store, lambda tx: exit.close(tx, ticket, OUT))
    account.let_out.append(plate)


def _asked(tx: Transaction, ticket: TicketId, plate: str) -> Charge:
    """A terminal is asked for the money."""
    charge = Charge(PaymentId(f"paid-{plate}"), ticket, Minor(250), "EUR", moments.now(tx))
    await_answer(tx, charge)
    return charge


def _write(account: Account, store: Store, decide: Callable[[Transaction], Any]) -> Any:
    return _until_it_can(account, lambda: store.write_now(decide))


def _until_it_can(account: Account, do: Callable[[], Any]) -> Any:
    for _ in range(_TRIES):
        try:
            return do()
        except StoreUnavailable:
            account.refused += 1
    raise RuntimeError("there was room again, and it still couldn't")


@dataclass
class Outcome:
    """`accepted`: entries and exits that were answered; `stored`: those on record, each once."""

    runs: int = 0
    calls: int = 0
    refused: int = 0
    accepted: int = 0
    stored: int = 0
    lost: int = 0
    twice: int = 0
    phantom_opens: int = 0
    half: int = 0
    examples: list[str] = field(default_factory=list[str])

    @property
    def clean(self) -> bool:
        return self.lost == self.twice == self.phantom_opens == self.half == 0 and self.accepted == self.stored


def at_each_write(most: int, seed: int) -> Outcome:
    """At each place, or at so many of them, drawn; every place is met in one of three ways."""
    chance, outcome = random.Random(seed), Outcome()
    places = [(life, at) for life in LIVES for at in range(1, _counted(life) + 1)]
    outcome.calls = len(places)
    chosen = places if most >= len(places) else sorted(chance.sample(places, most))
    for number, (life, at) in enumerate(chosen, start=1):
        full = Full(at, WAYS[(at + seed) % len(WAYS)])
        with tempfile.TemporaryDirectory(prefix="parkgate-enospc-", dir=in_memory()) as name:
            account = lived(Path(name), life, full)
            _judge(Path(name) / "lot/lot.sqlite", account, outcome, f"{life} lot, call {at}, {full.way}")
        if number % 50 == 0:
            print(f"{number} of {len(chosen)} places", file=sys.stderr)
    return outcome


def _counted(life: Life) -> int:
    with tempfile.TemporaryDirectory(prefix="parkgate-enospc-", dir=in_memory()) as name:
        return lived(Path(name), life, Full(None)).calls


def _judge(path: Path, account: Account, outcome: Outcome, where: str) -> None:
    outcome.runs += 1
    outcome.refused += account.refused
    outcome.accepted += len(account.let_in) + len(account.let_out)
    Store(path, LOT, HandClock()).close()
    with closing(sqlite3.connect(path)) as connection:
        inside = dict(
            connection.execute(
                "SELECT license_plate, tickets.id FROM tickets JOIN vehicles ON vehicles.id = vehicle_id"
                " WHERE license_plate LIKE 'CAR%'"
            ).fetchall()
        )
        stays = connection.execute("SELECT count(*) FROM tickets WHERE code NOT LIKE 'C_'").fetchone()[0]
        left = {row[0] for row in connection.execute("SELECT id FROM tickets WHERE status = 'COMPLETED'")}
        paid = connection.execute("SELECT count(*), count(DISTINCT reference) FROM payments").fetchone()
        whole = connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    stored = sum(inside.get(plate) == ticket for plate, ticket in account.let_in.items())
    gone = sum(account.let_in[plate] in left for plate in account.let_out)
    outcome.stored += stored + gone
    outcome.lost += len(account.let_in) - stored + len(account.let_out) - gone
    outcome.phantom_opens += stays - len(account.let_in)
    outcome.twice += abs(paid[0] - len(account.let_out)) + paid[0] - paid[1]
    agree = "first release" if where.startswith("old") else tables_agree_with_facts(path)
    outcome.half += not whole or not agree
    if not whole or not agree or stored < len(account.let_in) or stays != len(account.let_in):
        outcome.examples.append(where)


# --- a disk that is full ---


@dataclass
class Kept:
    """How a lot got on while its disk was full. `disk`: what stood for the disk."""

    disk: str
    inside: int
    let_out: int
    refused_entries: int
    entered_when_there_was_room: bool
    agree: bool
    why_not: str = ""

    @property
    def clean(self) -> bool:
        everybody = self.let_out == self.inside > 0
        return everybody and self.refused_entries > 0 and self.entered_when_there_was_room and self.agree


def full_for_good(reserve: int = RESERVE, size: int = 32) -> Kept:
    """Fills a disk of `size` MiB under a lot at work, and keeps it full."""
    with _small_disk(size) as (folder, disk):
        told = folder.parent / "kept"
        process = os.fork()
        if process == 0:
            try:
                if disk != "tmpfs":
                    watch(_Quota(folder, size * 1024 * 1024), folder)
                told.write_bytes(pickle.dumps(_gets_on(folder, disk, reserve)))
            except BaseException:  # noqa: BLE001 nothing of this process is left to see it
                traceback.print_exc()
            os._exit(0)
        os.waitpid(process, 0)
        return pickle.loads(told.read_bytes())


def _gets_on(folder: Path, disk: str, reserve: int) -> Kept:
    path, account = folder / "lot.sqlite", Account()
    store = Store(path, LOT, HandClock(), reserve=reserve)
    store.write_now(lambda tx: declare(tx, declared(_PLAN), _PLAN))
    for number in range(40):
        _let_in(account, store, f"CAR{number}")
    _fill(folder)
    store._read_now(store._top_up)
    for number in range(40, 400):
        try:
            _let_in_at_once(account, store, f"CAR{number}")
        except StoreUnavailable:
            account.refused += 1
            _fill(folder)
    kept = Kept(disk, len(account.let_in), 0, account.refused, False, False)
    try:
        for number, plate in enumerate(tuple(account.let_in)):
            if number == len(account.let_in) // 2:
                # The disk stays full over an orderly restart, too.
                store.close()
                _fill(folder)
                store = Store(path, LOT, HandClock(), reserve=reserve)
            _let_out_at_once(store, account.let_in[plate], plate)
            kept.let_out += 1
            _fill(folder)
    except StoreUnavailable as wrong:
        kept.why_not = str(wrong)
        return kept
    kept.agree = tables_agree_with_facts(path)
    (folder / "filler").unlink()
    store._read_now(store._top_up)
    _let_in_at_once(account, store, "AFTER")
    kept.entered_when_there_was_room = True
    return kept


def _let_in_at_once(account: Account, store: Store, plate: str) -> None:
    arrival = entry.Arrival(IN, Plate(plate), 1.0, VehicleType.REGULAR)
    admitted = store.write_now(lambda tx: entry.admit(tx, arrival, TARIFF), spare_reserve=True)
    assert isinstance(admitted, entry.Admitted)
    account.let_in[plate] = admitted.ticket
    store.write_now(lambda tx: entry.confirm(tx, admitted.ticket, IN))


def _let_out_at_once(store: Store, ticket: str, plate: str) -> None:
    charge = store.write_now(lambda tx: _asked(tx, TicketId(ticket), plate))
    store.write_now(lambda tx: book(tx, charge, Receipt(OUT, "terminal", "simulated", f"T-{plate}")))
    store.write_now(lambda tx: exit.close(tx, TicketId(ticket), OUT))


def _fill(folder: Path) -> None:
    """Take every block that is free, as a log that nobody rotates does."""
    with (folder / "filler").open("ab", buffering=0) as file:
        for size in (1024 * 1024, 4096):
            try:
                while True:
                    os.pwrite(file.fileno(), bytes(size), os.fstat(file.fileno()).st_size)
            except OSError as wrong:
                if wrong.errno != errno.ENOSPC:
                    raise


@contextmanager
def _small_disk(size: int) -> Generator[tuple[Path, str]]:
    folder = Path(tempfile.mkdtemp(prefix="parkgate-enospc-")) / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs", str(folder)]
    mounted = os.environ.get("PARKGATE_NO_MOUNT") is None and shutil.which("mount") is not None
    mounted = mounted and subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield folder, "tmpfs" if mounted else "counted blocks"
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)
        shutil.rmtree(folder.parent)


@dataclass
class _Quota(Watcher):
    """Says no when the folder's files would take more blocks than there are, by the kernel's count of them."""

    folder: Path
    size: int

    def write(self, path: str, offset: int, content: bytes) -> None:
        found = Path(path).stat()
        self._need(max(0, offset + len(content) - max(found.st_blocks * 512, found.st_size)))

    def truncate(self, path: str, size: int) -> None: ...

    def create(self, path: str) -> None:
        self._need(1)

    def sync(self, path: str) -> None: ...
    def sync_folder(self, path: str) -> None: ...
    def unlink(self, path: str) -> None: ...
    def rename(self, old: str, new: str) -> None: ...

    def allocate(self, path: str, begins: int, length: int) -> None:
        self._need(length)

    def _need(self, more: int) -> None:
        taken = sum(path.stat().st_blocks * 512 for path in self.folder.iterdir())
        if more and taken + more > self.size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--n", type=int, default=0, help="at so many of the writes; 0: at each of them")
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    outcome = at_each_write(options.n or sys.maxsize, options.seed)
    kept, without = full_for_good(), full_for_good(reserve=0)
    failed = not without.clean
    print(
        json.dumps(
            {
                "chaos": "enospc",
                "n": outcome.runs,
                "accepted": outcome.accepted,
                "stored": outcome.stored,
                "applied": outcome.stored,
                "lost": outcome.lost,
                "twice": outcome.twice,
                "phantom_opens": outcome.phantom_opens,
                "seed": options.seed,
                "control": "failed as it must" if failed else "passed, though it must fail",
                "control_left_inside": without.inside - without.let_out,
                "half": outcome.half,
                "writes_that_can_fail": outcome.calls,
                "refused": outcome.refused,
                "full_for_good": {
                    "disk": kept.disk,
                    "inside": kept.inside,
                    "let_out": kept.let_out,
                    "refused_entries": kept.refused_entries,
                    "why_not": kept.why_not,
                },
                "examples": outcome.examples[:10],
            }
        )
    )
    sys.exit(0 if outcome.clean and kept.clean and failed else 1)


if __name__ == "__main__":
    main()
