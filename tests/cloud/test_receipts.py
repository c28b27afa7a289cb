"""The cloud shows what its lots have made out for their drivers."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import asyncpg

from cloud.settings import CloudSettings
from edge.parking.money.receipts import make_out
from models.receipts.document import Business
from models.receipts.making import Letterhead
from tests.cloud.lots import Lot as CloudLot
from tests.cloud.mirrors import Mirror
from tests.cloud.test_policy_cli import typed
from tests.edge.lots import a_lot
from tests.edge.test_desks import PLATE, Terminal

HEAD = Letterhead("North", Business(name="North Parking Ltd", tax_id="DE 811"), "Europe/Berlin")


async def test_receipts_are_listed_and_their_text_is_shown_as_a_copy(
    tmp_path: Path, lot: CloudLot, database: asyncpg.Connection, settings: CloudSettings
) -> None:
    mirror = Mirror(a_lot(tmp_path, id=lot.id), database)
    stay = mirror.lot.enters(PLATE)
    await asyncio.to_thread(mirror.lot.leaves, PLATE, Terminal())
    [made] = mirror.lot.decide(lambda tx: make_out(tx, stay.ticket, HEAD))
    await mirror.catches_up()
    url = settings.database_url.get_secret_value()

    async def said(*words: str) -> str:
        done = await asyncio.to_thread(typed, url, "receipts", "North", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    listed = json.loads(await said("--json"))
    assert (listed["number"], listed["ticket"], listed["total"]) == (1, stay.code, made.document.total)
    assert listed["said"] == json.loads(made.document.said())
    text = await said("--ticket", stay.code, "--language", "de")
    assert "Steuernr. DE 811" in text
    assert text.count("KOPIE") == 2
    assert PLATE not in text
    assert stay.code in await said()
    unknown = await asyncio.to_thread(typed, url, "receipts", "North", "--ticket", "no code")
    assert unknown.returncode == 2
    assert [move["token"] for move in listed["said"]["moves"]] == ["T-1"]
