"""An exit by a likeness, its doubts and its undoing arrive in the cloud as they were at the lot."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import asyncpg

from cloud.console.events import TOLD, line
from cloud.settings import CloudSettings
from models.facts import decode
from models.plates import Plate
from simulator.books import cloud_books, differences, lot_books
from tests.cloud.lots import Lot as CloudLot
from tests.cloud.mirrors import Mirror
from tests.edge.lots import Lot, a_lot
from tests.edge.test_lookalikes import INSIDE, SEEN, a_read, an_exit, prepaid
from tests.edge.test_wrong_matches import leaves_as, undo


def a_wrong_match(lot: Lot) -> None:
    """Found by a likeness, disputed by its own vehicle, and one more that nobody could be asked about."""
    stay, at = prepaid(lot), an_exit(lot, asks=False)
    leaves_as(lot, at, stay)
    at.asks(a_read(INSIDE))
    lot.enters("KL55XYB")
    lot.clock.forward(minutes=2)
    at.asks(a_read(Plate("KL55XY8")))


def said(lot: Lot) -> list[tuple[str, str | None]]:
    """The lines that the page makes of it, with the plate that was read."""
    rows = lot.rows("SELECT type, version, body, personal FROM journal ORDER BY seq")
    facts = [decode(str(t), int(str(v)), json.loads(str(b)), json.loads(str(p)) if p else None) for t, v, b, p in rows]
    lines = [line(fact) for fact in facts if fact.type in TOLD]
    return [(each.said, each.plate) for each in lines if each is not None]


async def test_lot_and_cloud_say_the_same_before_and_after_it_was_undone(
    tmp_path: Path, lot: CloudLot, database: asyncpg.Connection, settings: CloudSettings
) -> None:
    mirror = Mirror(a_lot(tmp_path, id=lot.id), database)
    await asyncio.to_thread(a_wrong_match, mirror.lot)
    assert await mirror.compares() == ("equal", set())
    assert await mirror.value("SELECT exit_match FROM tickets WHERE exit_match IS NOT NULL") == "alike"
    assert await mirror.value("SELECT kind FROM ticket_suspicions") == "matched_wrongly"
    stay = mirror.lot.one("SELECT id FROM tickets WHERE exit_match = 'alike'")
    undone = undo(mirror.lot, stay)  # type: ignore[arg-type]
    assert await mirror.compares() == ("equal", set())
    assert await mirror.value("SELECT status FROM tickets WHERE id = $1", stay) == "ACTIVE"
    assert await mirror.value("SELECT exit_picture FROM tickets WHERE id = $1", undone.other.id)
    mirror.lot.store.close()
    books = await cloud_books(settings.database_url.get_secret_value(), lot.id)
    assert differences(lot_books(mirror.lot.path), books) == []
    lines = said(mirror.lot)
    assert any(each.startswith("Exit in doubt: may be this one (") and plate == "KL55XY8" for each, plate in lines)
    assert any(each.startswith("Its stay was ended by another vehicle") and plate == INSIDE for each, plate in lines)
    assert any(each.startswith("A wrong match, undone by ann") for each, _ in lines)
    assert SEEN not in str([each for each, _ in lines])
