"""What happens to single spots reaches the cloud, and both sides say the same of it, however it is cut into windows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from cloud.db.schema import IS_FREE
from edge.parking import entry
from edge.parking.places import counting, upkeep
from edge.parking.places.layout import PlannedLevel
from edge.parking.places.upkeep import spot_called
from edge.store import Transaction
from models.facts import SpotTakenByUnknown, StayMoved
from models.ids import SpotId, TicketId
from models.spots import SpotType
from tests.cloud.lots import Lot as CloudLot
from tests.cloud.mirrors import Mirror
from tests.edge.lots import IN, Lot, a_lot

Step = Callable[[Lot], object]


def a_zoned_lot(folder: Path, lot: CloudLot) -> Lot:
    spots = tuple((str(number), SpotType.REGULAR) for number in range(1, 6))
    return a_lot(folder, (PlannedLevel(0, "Ground", spots, {"5": "Staff/Directors"}),), id=lot.id)


def moves(lot: Lot, to: str) -> None:
    """The car that stands on 1 stands elsewhere."""
    [(ticket, was)] = lot.rows("SELECT tickets.id, spot_id FROM tickets WHERE status = 'ACTIVE' ORDER BY rowid LIMIT 1")
    spot = SpotId(str(lot.one("SELECT id FROM spots WHERE spot_number = ?", to)))
    led = TicketId(str(ticket)), SpotId(str(was))
    lot.decide(
        lambda tx: tx.record(StayMoved(ticket=led[0], was=led[1], spot=spot, why="sensor", by=None, at=tx.at.wall))
    )


def told(lot: Lot, what: Callable[[Transaction, upkeep.Spot, str, str], str], number: str) -> None:
    lot.decide(lambda tx: what(tx, spot_called(tx.connection, number, None), "Ada", "a hole"))


def unknown(lot: Lot) -> None:
    lot.decide(
        lambda tx: tx.record(
            SpotTakenByUnknown(spot=spot_called(tx.connection, "2", None).id, why="sensor", at=tx.at.wall)
        )
    )


def leaves_again(lot: Lot) -> None:
    ticket = TicketId(str(lot.one("SELECT id FROM tickets ORDER BY rowid LIMIT 1")))
    lot.decide(lambda tx: entry.withdraw(tx, ticket, IN, "back_out"))


STEPS: tuple[Step, ...] = (
    lambda lot: lot.enters("AA1"),
    lambda lot: moves(lot, "3"),
    unknown,
    lambda lot: told(lot, upkeep.withdraw, "3"),
    leaves_again,
    lambda lot: lot.enters("BB2"),
    lambda lot: lot.enters("CC3"),
    lambda lot: lot.decide(lambda tx: counting.reset_count(tx, None, 1, "Ada", "walked round", {})),
    lambda lot: told(lot, upkeep.withdraw, "4"),
    lambda lot: told(lot, upkeep.put_back, "4"),
)


@pytest.mark.parametrize("every", [1, 3, len(STEPS)])
async def test_moves_repairs_and_counts_are_the_same_on_both_sides(
    tmp_path: Path, lot: CloudLot, database: asyncpg.Connection, every: int
) -> None:
    mirror = Mirror(a_zoned_lot(tmp_path, lot), database)
    for number, step in enumerate(STEPS, 1):
        step(mirror.lot)
        if number % every == 0:
            await mirror.catches_up()
    assert await mirror.compares() == ("equal", set())
    shown = (
        "SELECT string_agg(spot_number || ' ' || status || ' ' || coalesce(blocked, '-'), ', ' ORDER BY spot_number)"
    )
    assert await mirror.value(f"{shown} FROM spots") == (
        "1 AVAILABLE -, 2 AVAILABLE -, 3 AVAILABLE maintenance, 4 OCCUPIED -, 5 AVAILABLE -"
    )
    assert (
        await mirror.value(
            f"SELECT count(*) FROM spots WHERE {IS_FREE.compile(compile_kwargs={'literal_binds': True})}"
        )
        == 3
    )
    assert await mirror.value("SELECT zone FROM spots WHERE spot_number = '5'") == "Staff/Directors"
    mirror.lot.store.close()
