"""The lot's store: a decision is on the disk with its facts, or it never was."""

from __future__ import annotations

import asyncio
import errno
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge.parking import entry, exit
from edge.store import Store, StoreUnavailable, Transaction, boots, journal
from edge.store.damage import quarantine
from edge.store.database import connect, looking_into
from edge.store.keep_writing import keep_writing
from edge.store.migrations import running
from edge.store.reserve import Reserve
from models.effects import effects
from models.facts import DaemonStarted, Fact, TicketOpened, decode
from models.ids import SpotId
from models.plates import Plate
from models.spots import VehicleType
from models.wire.chain import GENESIS
from models.wire.envelopes import read_body
from tests.edge.lots import IN, LOT, OUT, TARIFF, HandClock, Lot, a_level, a_lot
from tests.models.paper import NOT_FROM_FACTS, TABLES, Rows, on_paper

KILLS = 10
_FORK = multiprocessing.get_context("fork")


def a_busy_lot(folder: Path) -> Lot:
    return a_lot(folder, (a_level(0, REGULAR=2000),))


def a_car_enters(tx: Transaction, plate: str) -> str:
    admitted = entry.admit(tx, entry.Arrival(IN, Plate(plate), 1.0, VehicleType.REGULAR), TARIFF)
    assert isinstance(admitted, entry.Admitted)
    return admitted.ticket


def facts_in(path: Path) -> list[Fact]:
    """All facts of the file, their chain checked link by link."""
    with looking_into(path) as connection:
        head = journal.head_of(connection, "ledger")
        assert head is not None
        sent = journal.run(connection, head.stream_id, 0, 1_000_000)
    previous = GENESIS
    for number, fact in enumerate(sent, start=1):
        assert fact.seq == number
        assert fact.follows(previous, LOT, "ledger", head.stream_id)
        previous = fact.hash
    assert (head.seq, head.hash) == (len(sent), previous)
    return [decode(fact.type, fact.version, read_body(fact.body), fact.personal) for fact in sent]


def tables_in(path: Path) -> Rows:
    with looking_into(path) as connection:
        return {
            (table, row["id"]): {column: row[column] for column in row.keys() if column not in NOT_FROM_FACTS}  # noqa: SIM118
            for table in TABLES
            for row in connection.execute(f"SELECT * FROM {table}")
        }


def tables_agree_with_facts(path: Path) -> bool:
    """Whether the tables say exactly what the facts say: no ticket without its facts, no fact without its ticket."""
    facts = facts_in(path)
    spots: dict[str, SpotId | None] = {fact.ticket: fact.spot for fact in facts if isinstance(fact, TicketOpened)}
    return tables_in(path) == on_paper(change for fact in facts for change in effects(fact, LOT, spots.get))


# --- one decision ---


def test_a_new_cars_two_facts_its_ticket_and_its_spot_come_together(tmp_path: Path) -> None:
    lot = a_busy_lot(tmp_path)
    before = len(facts_in(lot.path))
    ticket = lot.decide(lambda tx: a_car_enters(tx, "AB12CDE"))
    assert [fact.type for fact in facts_in(lot.path)[before:]] == ["vehicle.registered", "ticket.opened"]
    assert lot.one("SELECT spots.status FROM tickets JOIN spots ON spots.id = spot_id") == "OCCUPIED"
    assert lot.one("SELECT id FROM tickets") == ticket
    assert len(set(lot.rows("SELECT monotonic, wall FROM journal WHERE seq > ?", before))) == 1, "one moment"


def test_when_the_journal_can_not_be_written_the_ticket_is_not_opened_either(tmp_path: Path) -> None:
    lot = a_busy_lot(tmp_path)
    lot.decide(lambda tx: tx.connection.execute("UPDATE streams SET seq = seq - 1"))
    before = tables_in(lot.path)
    with pytest.raises(sqlite3.IntegrityError):
        lot.decide(lambda tx: a_car_enters(tx, "AB12CDE"))
    assert tables_in(lot.path) == before
    lot.decide(lambda tx: tx.connection.execute("UPDATE streams SET seq = seq + 1"))
    lot.decide(lambda tx: a_car_enters(tx, "AB12CDE"))
    assert tables_agree_with_facts(lot.path)


async def test_many_lanes_at_once_write_one_chain(tmp_path: Path) -> None:
    lot = a_busy_lot(tmp_path)
    await asyncio.gather(*(lot.store.write(lambda tx, n=n: a_car_enters(tx, f"CAR{n}")) for n in range(40)))
    assert tables_agree_with_facts(lot.path)
    assert lot.one("SELECT count(DISTINCT spot_id) FROM tickets") == 40


async def test_who_listens_hears_of_decisions_only_after_they_are_durable(tmp_path: Path) -> None:
    lot = a_busy_lot(tmp_path)
    seen: list[int] = []
    lot.store.on_commit(lambda: seen.append(len(facts_in(lot.path))))
    before = len(facts_in(lot.path))
    await lot.store.write(lambda tx: a_car_enters(tx, "AB12CDE"))
    with pytest.raises(ZeroDivisionError):
        await lot.store.write(lambda tx: 1 / 0)
    assert seen == [before + 2]


def test_a_reference_to_nobody_is_refused(tmp_path: Path) -> None:
    lot = a_busy_lot(tmp_path)
    ticket = lot.decide(lambda tx: a_car_enters(tx, "AB12CDE"))
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        lot.decide(lambda tx: tx.connection.execute("UPDATE tickets SET vehicle_id = 'nobody' WHERE id = ?", (ticket,)))


async def test_whoever_only_looks_can_not_write(tmp_path: Path) -> None:
    lot = a_busy_lot(tmp_path)
    with pytest.raises(StoreUnavailable, match="readonly"):
        await lot.store.read(lambda connection: connection.execute("DELETE FROM spots"))
    with pytest.raises(StoreUnavailable, match="readonly"), looking_into(lot.path) as connection:
        connection.execute("DELETE FROM spots")


def test_a_decision_is_flushed_to_the_disk_before_it_counts(tmp_path: Path) -> None:
    lot = a_busy_lot(tmp_path)
    told = lot.decide(
        lambda tx: [tx.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")]
    )
    assert told == [2, "wal"], "FULL, and a log of its own"


# --- kills ---


def lets_cars_in_and_out(path: Path, report: int) -> None:
    store, number = Store(path, LOT, HandClock()), 0
    while True:
        number += 1
        plate = f"K{os.getpid() % 10_000}N{number}"
        ticket = store.write_now(lambda tx, plate=plate: a_car_enters(tx, plate))
        os.write(report, f"{ticket}\n".encode())
        store.write_now(lambda tx, ticket=ticket: entry.confirm(tx, ticket, IN))
        store.write_now(lambda tx, ticket=ticket: exit.close(tx, ticket, OUT))


def dies_before_the_commit(path: Path, report: int) -> None:
    def decide(tx: Transaction) -> None:
        a_car_enters(tx, "AB12CDE")
        tx.seal()
        os.kill(os.getpid(), signal.SIGKILL)

    Store(path, LOT, HandClock()).write_now(decide)


def writes_carelessly_and_dies(path: Path, report: int) -> None:
    """State first, facts in a second transaction: what this store must never do."""
    connection = connect(path)
    connection.execute("BEGIN IMMEDIATE")
    careless = Transaction(connection, LOT, HandClock().read(), os.urandom)
    a_car_enters(careless, "AB12CDE")
    connection.execute("COMMIT")
    os.kill(os.getpid(), signal.SIGKILL)


def killed(work: Callable[[Path, int], None], path: Path, after: float | None) -> list[str]:
    """Run `work` in a process of its own that is killed: by us, so many seconds after its first report, or by itself.
    What it reported until then."""
    ours, theirs = os.pipe()
    process = _FORK.Process(target=work, args=(path, theirs))
    process.start()
    os.close(theirs)
    said = b""
    if after is not None:
        said = os.read(ours, 4096)
        time.sleep(after)
        process.kill()
    process.join(10)
    assert process.exitcode == -signal.SIGKILL
    with os.fdopen(ours, "rb") as report:
        return (said + report.read()).decode().split()


def test_a_daemon_killed_ten_times_has_every_ticket_with_its_facts(tmp_path: Path) -> None:
    path = a_closed_lot(tmp_path)
    reported: list[str] = []
    for number in range(KILLS):
        reported += killed(lets_cars_in_and_out, path, after=0.013 * number)
        assert tables_agree_with_facts(path)
    assert len(reported) > KILLS, "the kills hit a lot at work"
    tickets = {id for table, id in tables_in(path) if table == "tickets"}
    assert set(reported) <= tickets, "what was committed before the kill is there"
    assert len(tickets) - len(reported) <= KILLS, "and at most the one ticket that each kill met"


def test_a_kill_between_the_ticket_and_the_commit_leaves_neither(tmp_path: Path) -> None:
    path = a_closed_lot(tmp_path)
    before = tables_in(path)
    killed(dies_before_the_commit, path, after=None)
    assert tables_in(path) == before
    assert tables_agree_with_facts(path)


def test_the_comparison_sees_a_ticket_without_its_facts(tmp_path: Path) -> None:
    """The control for the two tests above."""
    path = a_closed_lot(tmp_path)
    killed(writes_carelessly_and_dies, path, after=None)
    assert not tables_agree_with_facts(path)


def a_closed_lot(folder: Path) -> Path:
    lot = a_busy_lot(folder)
    lot.store.close()
    return lot.path


# --- birth ---


def schema(path: Path) -> list[tuple[str, str]]:
    with looking_into(path) as connection:
        return [tuple(row) for row in connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name")]


def test_a_new_file_gets_its_tables_and_opening_it_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lot.sqlite"
    Store(path, LOT, HandClock()).close()
    born = schema(path)
    assert {"tickets", "journal", "streams", "charges"} <= {name for name, _ in born}
    content = path.read_bytes()
    Store(path, LOT, HandClock()).close()
    assert schema(path) == born
    assert path.read_bytes() == content


def dies_while_the_tables_are_made(path: Path, report: int) -> None:
    original = running.run

    def dying(database: object, *statements: str) -> None:
        original(database, *statements[:4])  # type: ignore[arg-type]
        os.kill(os.getpid(), signal.SIGKILL)

    running.run = dying
    Store(path, LOT, HandClock())


def test_a_daemon_killed_while_it_makes_its_tables_starts_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "lot.sqlite"
    killed(dies_while_the_tables_are_made, path, after=None)
    with looking_into(path) as connection:
        assert boots.latest_wall(connection) == 0
    store = Store(path, LOT, HandClock())
    store.write_now(lambda tx: tx.record(DaemonStarted(release="0.1.0", at=tx.at.wall)))
    assert tables_agree_with_facts(path)


# --- a sick disk ---


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a small disk can't be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return filler


def test_on_a_full_disk_a_decision_is_refused_whole_and_works_again_when_there_is_room(small_disk: Path) -> None:
    lot = a_lot(small_disk, (a_level(0, REGULAR=100),))
    lot.decide(lambda tx: a_car_enters(tx, "BEFORE"))
    filler = fill(small_disk)
    entered = 0
    with pytest.raises(StoreUnavailable, match="full"):  # noqa: PT012  (how many still fit is for the disk to say)
        for entered in range(60):
            lot.decide(lambda tx, number=entered: a_car_enters(tx, f"CAR{number}"))
    with pytest.raises(StoreUnavailable, match="full"):
        lot.decide(lambda tx: a_car_enters(tx, "AGAIN"))
    tickets = lot.one("SELECT count(*) FROM tickets")
    filler.unlink()
    assert tickets == entered + 1
    assert tables_agree_with_facts(lot.path)
    lot.decide(lambda tx: a_car_enters(tx, "AFTER"))
    assert tables_agree_with_facts(lot.path)
    lot.store.close()


def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "lot.sqlite"
    path.write_text("a letter to the operator, many pages long\n" * 200)
    with pytest.raises(StoreUnavailable, match=str(path)):
        Store(path, LOT, HandClock())
    with pytest.raises(StoreUnavailable, match=str(path)), looking_into(path) as connection:
        boots.latest_wall(connection)
    assert path.read_text().startswith("a letter to the operator")


def test_a_store_of_which_nothing_is_left_is_set_aside_and_an_empty_one_begun(tmp_path: Path) -> None:
    path = a_closed_lot(tmp_path)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 4096))
    damaged = path.read_bytes()
    Store(path, LOT, HandClock()).close()
    (aside,) = quarantine.set_aside(path)
    assert aside.read_bytes() == damaged
    with looking_into(path) as connection:
        renewal = quarantine.begun_anew(connection)
        assert connection.execute("SELECT count(*) FROM tickets").fetchone()[0] == 0
    assert renewal is not None
    assert renewal.file == aside.name
    assert renewal.former_stream_id not in (None, renewal.stream_id)
    assert {"spots", "parking_lots"} <= set(renewal.rows_lost)


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="file"):
        Store(tmp_path / "file" / "lot.sqlite", LOT, HandClock())


def test_a_stranger_who_holds_the_file_costs_the_decision_and_nothing_else(tmp_path: Path) -> None:
    lot = a_busy_lot(tmp_path)
    lot.decide(lambda tx: tx.connection.execute("PRAGMA busy_timeout = 20"))
    with closing(sqlite3.connect(lot.path, isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            lot.decide(lambda tx: a_car_enters(tx, "AB12CDE"))
    lot.decide(lambda tx: a_car_enters(tx, "AB12CDE"))
    assert lot.one("SELECT count(*) FROM tickets") == 1


def test_a_lot_that_never_ran_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="doesn't exist"), looking_into(tmp_path / "nothing"):
        pass
    assert not (tmp_path / "nothing").exists()


def test_a_store_whose_path_holds_signs_of_an_address_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "100% ?mode=rw#1"
    path = a_closed_lot(folder)
    assert tables_agree_with_facts(path)


# --- after the commit ---


@pytest.mark.parametrize("wrong", [OSError(errno.EIO, "gone"), sqlite3.OperationalError("disk I/O error")])
async def test_what_goes_wrong_after_the_commit_is_told_and_nothing_is_written_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: Exception
) -> None:
    def fails(reserve: Reserve) -> bool:
        raise wrong

    lot, troubles = a_busy_lot(tmp_path), list[StoreUnavailable]()
    lot.store.on_trouble(troubles.append)
    monkeypatch.setattr(Reserve, "keep", fails)
    facts = len(facts_in(lot.path))
    await keep_writing(lot.store, lambda tx: tx.record(DaemonStarted(release="1", at=tx.at.wall)), lot.clock)
    assert len(facts_in(lot.path)) == facts + 1
    assert len(troubles) == 1
