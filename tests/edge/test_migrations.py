"""A store that was made by an earlier release goes on with everything that is in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from drivers.charges_only import ChargesOnly
from drivers.contract import Charged, ChargeOutcome
from edge.store import Store
from edge.store.database import connect
from edge.store.migrations import migrations, running
from tests.edge.lots import IN, LOT, NOON, TARIFF, HandClock, Lot

FIRST_AFTER = "0004_unread_vehicles"
_TICKET = """INSERT INTO tickets VALUES
    (?, ?, ?, ?, ?, 'REGULAR', 'in', ?, NULL, NULL, ?, NULL, NULL, 0, 'EUR', ?)"""


def a_store_of_the_first_release(folder: Path, tickets: int = 3) -> Path:
    """Two vehicles for each three tickets; the last ticket is open, and a charge waits for its answer."""
    path = folder / "lot.sqlite"
    with closing(connect(path)) as connection:
        migrations.apply(Database(connection), stop_before=FIRST_AFTER)
        connection.execute("BEGIN")
        connection.execute("INSERT INTO parking_lots VALUES (?, 'North', '', 'UTC', 'EUR', 1, NULL, NULL)", (LOT,))
        connection.execute("INSERT INTO levels VALUES ('l', ?, 0, 'Ground')", (LOT,))
        connection.execute("INSERT INTO spots VALUES ('s', ?, 'l', '1', 'REGULAR', 'OCCUPIED', 0)", (LOT,))
        for number in range(tickets):
            if number % 3 < 2:
                vehicle = (f"v{number}", LOT, f"AB{number}", "REGULAR", None)
                connection.execute("INSERT INTO vehicles VALUES (?, ?, ?, ?, ?)", vehicle)
            last = number == tickets - 1
            ticket = (f"t{number}", LOT, f"C{number}", f"v{number - (number % 3 == 2)}", "s" if last else None)
            connection.execute(_TICKET, (*ticket, NOON, "ACTIVE" if last else "VOIDED", TARIFF.model_dump_json()))
        connection.execute("INSERT INTO charges VALUES ('p', ?, 250)", (f"t{tickets - 1}",))
        connection.execute("COMMIT")
    return path


def everything_in(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        tables = ("vehicles", "tickets", "charges", "spots", "levels")
        columns = {
            "vehicles": "rowid, id, lot_id, license_plate, vehicle_type, owner_id",
            "charges": "payment_id, ticket_id, amount",
            "spots": "rowid, id, lot_id, level_id, spot_number, spot_type, status, removed",
            "tickets": "id, lot_id, code, vehicle_id, spot_id, entry_time, status, amount_due, amount_paid, tariff",
        }
        return {
            table: connection.execute(f"SELECT {columns.get(table, '*')} FROM {table}").fetchall() for table in tables
        }


def test_nothing_is_lost_when_a_store_of_the_first_release_is_opened(tmp_path: Path) -> None:
    path = a_store_of_the_first_release(tmp_path)
    before = everything_in(path)
    Store(path, LOT, HandClock()).close()
    assert everything_in(path) == before
    with closing(connect(path)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert (
            connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'vehicles_before'").fetchone()[0] == 0
        )


def test_tickets_still_hold_their_vehicles_and_vehicles_their_plates_afterwards(tmp_path: Path) -> None:
    path = a_store_of_the_first_release(tmp_path)
    Store(path, LOT, HandClock()).close()
    with closing(connect(path)) as connection:
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            connection.execute("DELETE FROM vehicles WHERE id = 'v0'")
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            connection.execute("INSERT INTO vehicles VALUES ('new', ?, 'AB0', 'REGULAR', NULL, NULL)", (LOT,))
        for unread in ("x", "y"):
            connection.execute("INSERT INTO vehicles VALUES (?, ?, NULL, 'REGULAR', NULL, NULL)", (unread, LOT))


def test_an_open_stay_of_the_first_release_can_leave(tmp_path: Path) -> None:
    path = a_store_of_the_first_release(tmp_path)
    lot = Lot(Store(path, LOT, HandClock()), HandClock(), path)
    assert lot.one("SELECT count(*) FROM tickets WHERE entry_lane = ?", IN) == 3

    class Terminal(ChargesOnly):
        async def charge(self, payment: object, amount: object, currency: object) -> object:
            assert payment == "p", "the charge that was waiting"
            return Charged(ChargeOutcome.TAKEN, reference="T")

    lot.leaves("AB1", Terminal())
    assert lot.one("SELECT amount_paid FROM tickets WHERE id = 't2'") == 250


def test_a_vehicle_that_got_lost_on_the_way_would_undo_the_migration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the tickets' vehicles are checked at the end."""
    path = a_store_of_the_first_release(tmp_path)
    before = everything_in(path)
    run = running.run

    def losing(database: Database, *statements: str) -> None:
        run(database, *(each.replace("vehicles_before ORDER", "vehicles_before LIMIT 1 --") for each in statements))

    monkeypatch.setattr(running, "run", losing)
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        Store(path, LOT, HandClock())
    assert everything_in(path) == before


def test_a_vehicles_stays_are_found_without_looking_through_all_tickets(tmp_path: Path) -> None:
    """Taking over a store looks for each vehicle's tickets: with many of both, a start would take hours."""
    path = a_store_of_the_first_release(tmp_path)
    looks = "EXPLAIN QUERY PLAN SELECT 1 FROM tickets WHERE vehicle_id = 'v'"
    with closing(connect(path)) as connection:
        assert "SCAN" in connection.execute(looks).fetchone()["detail"]
        migrations.apply(Database(connection))
        assert "tickets_vehicle" in connection.execute(looks).fetchone()["detail"]
