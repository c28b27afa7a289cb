"""A card that was damaged before all was sent: what it had goes up first, and the cloud knows what goes on from it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cloud.ingest import opening
from edge.sync import uplink
from tests.whole.histories import World

pytestmark = pytest.mark.timeout(180)


def strike(card: Path) -> None:
    """The oldest facts are gone, which the cloud has; of the latest start, what stands there isn't what was written."""
    with closing(sqlite3.connect(card / "lot.sqlite")) as connection:
        connection.execute("DELETE FROM journal WHERE seq < 4")
        latest = "SELECT max(seq) FROM journal WHERE type = 'daemon.started'"
        connection.execute(f"UPDATE journal SET body = '{{}}' WHERE seq = ({latest})")
        connection.commit()


async def damaged_off_line(world: World) -> None:
    """AA1 and BB2 were sent; CC3 and DD4 came off line, and between them lies the damage; EE5 came on line again."""
    async with world.cloud(), world.at_work() as lot:
        await lot.enters("AA1")
        await lot.enters("BB2")
        await lot.has_sent_all()
    async with world.at_work(link=False) as lot:
        await lot.enters("CC3")
    async with world.at_work(link=False) as lot:
        await lot.enters("DD4")
    strike(world.card())
    async with world.cloud(), world.at_work() as lot:
        await lot.enters("EE5")
        await lot.has_sent_all()


ALL = dict.fromkeys(("AA1", "BB2", "CC3", "DD4", "EE5"), "ACTIVE")


async def test_what_a_damaged_card_had_not_sent_goes_up_before_its_new_stream(world: World) -> None:
    await damaged_off_line(world)
    assert await world.stays() == ALL
    assert await world.cases() == {}
    assert [each for each in await world.differences() if each.table != "facts"] == []
    assert await world.rows("SELECT 1 FROM parked_facts") == []
    streams = await world.rows("SELECT current, parent_seq IS NOT NULL AS child FROM streams ORDER BY opened_at")
    assert streams == [{"current": False, "child": False}, {"current": True, "child": True}]


async def test_without_that_the_backlog_before_the_damage_would_never_arrive(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.setattr(uplink.streams, "unsent_before_damage", lambda *_: [])
    await damaged_off_line(world)
    assert "CC3" not in await world.stays()
    assert "facts_missing" in await world.cases()


async def test_a_cloud_that_took_it_for_a_new_beginning_would_know_nothing_of_the_stays_it_has(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.setattr(opening, "_after_damage", lambda _: None)
    await damaged_off_line(world)
    assert {"stream_superseded", "stays_unknown_to_lot"} <= set(await world.cases())
