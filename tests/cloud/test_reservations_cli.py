"""Reservations at the prompt."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud.ingest.apply import apply_window
from cloud.settings import CloudSettings
from cloud.signing import new_signer
from models.facts import QuotaKept
from models.spots import SpotType
from tests.cloud.lots import NOON, Lot
from tests.cloud.test_policy_cli import Typed, typed

TIMES = ("--from", "2027-01-05T09:00:00+01:00", "--until", "2027-01-05T19:00:00+01:00")
FIRST_DAYS = ("--from", "2027-01-01T00:00:00Z")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    new_signer(tmp_path / "signing.key")
    return tmp_path / "signing.key"


async def test_places_are_kept_back_sold_shown_and_cancelled(
    settings: CloudSettings, engine: AsyncEngine, database: asyncpg.Connection, lot: Lot, key: Path, tmp_path: Path
) -> None:
    def at_the_prompt(*words: str) -> Typed:
        url = settings.database_url.get_secret_value()
        return typed(url, "reservations", *words, "--lot", "North", PARKGATE_SIGNING_KEY_FILE=str(key))

    async def do(*words: str) -> Typed:
        return await asyncio.to_thread(at_the_prompt, *words)

    add = ("add", "--type", "regular", *TIMES, "--by", "ann")
    assert "keeps no places of that type back" in (await do(*add)).stderr
    assert "belong together" in (await do("quota", "--type", "REGULAR", "--places", "1")).stderr
    asked = await do("quota", "--type", "REGULAR", "--places", "1", "--by", "ann", "--reason", "season")
    assert asked.stdout == "1\n"
    assert "hasn't said yet" in (await do("quota")).stdout
    lot.says(QuotaKept(spot_type=SpotType.REGULAR, asked=1, places=1, revision=1, at=NOON))
    await apply_window(database, lot.window(), NOON)
    done = json.loads((await do(*add, "--plate", "ab 12 cde", "--json")).stdout)
    assert done["code"].startswith("PR1:")
    assert "no place of that type is left" in (await do(*add)).stderr
    [quota] = json.loads((await do("quota", "--json")).stdout)
    assert quota == {"spot_type": "REGULAR", "asked": 1, "kept": 1, "for_sale": 1, "sold": 1}
    fewer = await do("quota", "--type", "REGULAR", "--places", "0", "--by", "ann", "--reason", "none")
    assert (fewer.returncode, "1 REGULAR places are sold at one moment" in fewer.stderr) == (1, True)
    [listed] = json.loads((await do("list", *FIRST_DAYS, "--json")).stdout)
    assert (listed["id"], listed["plate"], listed["at_the_lot"]) == (done["reservation"], "AB12CDE", False)
    assert "not at the lot yet; by ann" in (await do("list", *FIRST_DAYS)).stdout
    assert (await do("code", done["reservation"])).stdout.strip() == done["code"]
    picture = tmp_path / "code.svg"
    assert (await do("code", done["reservation"], "--svg", str(picture))).returncode == 0
    assert "<svg" in picture.read_text(encoding="utf-8")
    for _ in range(2):
        assert (await do("cancel", done["reservation"])).stdout == "Cancelled.\n"
    assert "there is no reservation nonsense" in (await do("cancel", "nonsense")).stderr
    types = await database.fetch("SELECT type FROM intents ORDER BY revision")
    assert [row["type"] for row in types] == ["reservation.quota", "reservation.made", "reservation.cancelled"]
