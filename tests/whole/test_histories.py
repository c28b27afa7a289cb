"""Cards and clouds put back to an earlier day: nothing false becomes truth, nothing is lost, and each case is named."""

from __future__ import annotations

import asyncio

import pytest

from cloud.ingest import opening, resyncs, standing
from cloud.ingest.release import Judge, release_ticket, settle
from edge.store.database import looking_into
from edge.store.digests import digest
from edge.sync import reckoning, uplink
from edge.sync.questions import Questions
from edge.sync.standing import InLine
from models.instants import Instant
from models.wire.standing import Standing
from tests.edge.clouds import becomes
from tests.whole.histories import World

pytestmark = pytest.mark.timeout(180)


async def last_week(world: World) -> None:
    """Two cars came; the card was copied to `image`; then two more came, and the first one left and paid."""
    async with world.cloud():
        async with world.at_work() as lot:
            first = await lot.enters("AA1")
            await lot.enters("BB2")
            await lot.has_sent_all()
        world.copy("card", "image")
        async with world.at_work() as lot:
            await lot.enters("CC3")
            await lot.enters("DD4")
            await lot.leaves(first, 250)
            await lot.has_sent_all()


async def test_a_card_of_last_week_goes_on_in_a_new_stream_and_what_it_lost_is_a_case(world: World) -> None:
    await last_week(world)
    world.copy("image", "card")
    async with world.cloud(), world.at_work() as lot:
        await lot.enters("EE5")
        await lot.has_sent_all()
        assert lot.first_facts()[0] == "stream.opened"
        assert "link.forked" not in world.faults(), "it ends when the new stream is taken"
    assert await world.stays() == {
        "AA1": "COMPLETED",
        "BB2": "ACTIVE",
        "CC3": "ACTIVE",
        "DD4": "ACTIVE",
        "EE5": "ACTIVE",
    }
    cases = await world.cases()
    assert set(cases) == {"stream_forked", "stays_unknown_to_lot"}
    assert "2 stays began" in cases["stream_forked"]
    assert cases["stays_unknown_to_lot"].startswith("2 stays")
    streams = await world.rows("SELECT current, parent_seq IS NOT NULL AS child FROM streams ORDER BY opened_at")
    assert streams == [{"current": False, "child": False}, {"current": True, "child": True}]
    assert await world.rows("SELECT 1 FROM parked_facts") == []


async def test_without_opening_a_new_stream_what_happens_after_the_restore_is_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.setattr(reckoning, "meaning", lambda *_: InLine())
    await last_week(world)
    world.copy("image", "card")
    async with world.cloud(), world.at_work() as lot:
        await lot.enters("EE5")
        with pytest.raises(TimeoutError):
            await lot.has_sent_all(3)
    assert "EE5" not in await world.stays()


async def torn(world: World) -> str:
    """The restored card still has the car inside that left in the lost week, and lets it out again, unpaid."""
    await last_week(world)
    world.copy("image", "card")
    async with world.cloud(), world.at_work() as lot:
        ticket = lot.lot.one(
            "SELECT tickets.id FROM tickets JOIN vehicles ON vehicles.id = vehicle_id WHERE license_plate = 'AA1'"
        )
        await lot.has_sent_all()
        await lot.leaves(ticket, 0)  # type: ignore[arg-type]
        await lot.has_sent_all()
    return str(ticket)


async def test_what_both_histories_say_of_a_ticket_waits_for_a_person(world: World) -> None:
    ticket = await torn(world)
    paid = "SELECT amount_paid FROM tickets WHERE id = $1"
    assert await world.rows(paid, ticket) == [{"amount_paid": 250}], "money that was taken isn't forgotten"
    [parked] = await world.rows("SELECT cause, ticket_id::text FROM parked_facts WHERE settled_at IS NULL")
    assert parked == {"cause": "torn", "ticket_id": ticket}
    assert "fact_parked" in await world.cases()
    connection = await world.connection()
    done = await settle(connection, world.lot, ticket, Instant(5), Judge("ann", "it left on Monday"))  # type: ignore[arg-type]
    await connection.close()
    assert done == 1
    assert await world.rows(paid, ticket) == [{"amount_paid": 250}]
    [kept] = await world.rows("SELECT outcome, settled_by, settled_why FROM parked_facts")
    assert kept == {"outcome": "judged", "settled_by": "ann", "settled_why": "it left on Monday"}
    assert "fact_parked" not in await world.cases()


async def test_a_person_may_let_the_lots_word_count(world: World) -> None:
    ticket = await torn(world)
    connection = await world.connection()
    tenant = str((await world.rows("SELECT tenant_id FROM parking_lots"))[0]["tenant_id"])
    async with connection.transaction():
        done = await release_ticket(connection, tenant, world.lot, ticket, Instant(5), Judge("ann", "lot is right"))  # type: ignore[arg-type]
    await connection.close()
    assert (done.applied, done.waiting) == (1, 0)
    assert await world.rows("SELECT amount_paid FROM tickets WHERE id = $1", ticket) == [{"amount_paid": 0}]


async def test_without_that_the_older_card_would_overwrite_what_was_paid(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""

    async def nothing(*_: object) -> None: ...

    monkeypatch.setattr(opening, "_tear", nothing)
    ticket = await torn(world)
    assert await world.rows("SELECT amount_paid FROM tickets WHERE id = $1", ticket) == [{"amount_paid": 0}]


async def a_lost_week(world: World) -> None:
    """The card was copied with one car inside; then another came and stayed, and a third came, paid and left."""
    async with world.cloud():
        async with world.at_work() as lot:
            await lot.enters("AA1")
            await lot.has_sent_all()
        world.copy("card", "image")
        async with world.at_work() as lot:
            await lot.enters("CC3")
            await lot.leaves(await lot.enters("DD4"), 250)
            await lot.has_sent_all()


async def restored_and_compared(world: World, verdict: str, *, told: bool = True, plate: str = "EE5") -> None:
    """The card is put back, and the lot writes a digest as soon as it may."""
    world.copy("image", "card")
    async with world.cloud(), world.at_work() as lot:
        await lot.has_sent_all()
        if told:
            await becomes(lambda: lot.lot.one("SELECT count(*) FROM restorations WHERE ended_at IS NOT NULL") == 1)
        await lot.enters(plate)
        await lot.says(digest)
        await lot.has_sent_all()
        await eventually(world, "SELECT verdict FROM digests", [{"verdict": verdict}])
        if verdict == "differs":
            await eventually(world, "SELECT state FROM resyncs", [{"state": "applied"}])


async def eventually(world: World, sql: str, rows: list[dict[str, object]]) -> None:
    async with asyncio.timeout(20):
        while await world.rows(sql) != rows:
            await asyncio.sleep(0.2)


_KNOWN_AT_LOT = "SELECT status FROM tickets JOIN vehicles ON vehicles.id = vehicle_id WHERE license_plate = 'CC3'"


async def test_after_a_restore_the_lot_learns_its_stays_and_comparing_takes_nothing_from_the_cloud(
    world: World,
) -> None:
    await a_lost_week(world)
    await restored_and_compared(world, "equal")
    assert await world.stays() == {"AA1": "ACTIVE", "CC3": "ACTIVE", "DD4": "COMPLETED", "EE5": "ACTIVE"}
    assert await world.rows("SELECT amount_paid FROM tickets WHERE status = 'COMPLETED'") == [{"amount_paid": 250}]
    assert set(await world.cases()) == {"stream_forked", "stays_unknown_to_lot"}
    assert at_lot(world, _KNOWN_AT_LOT) == [("ACTIVE",)], "it leaves by its plate"
    assert await world.rows("SELECT 1 FROM parked_facts") == []
    await restored_and_compared(world, "equal", plate="FF6")
    assert (await world.stays())["CC3"] == "ACTIVE"
    assert await world.rows("SELECT 1 FROM parked_facts") == [], "what it was told once it may be told again"


def at_lot(world: World, sql: str) -> list[tuple[object, ...]]:
    with looking_into(world.card() / "lot.sqlite") as connection:
        return [tuple(row) for row in connection.execute(sql)]


async def test_a_lot_that_is_not_told_differs_but_the_lost_week_stays_in_the_cloud(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of what the lot does."""
    monkeypatch.setattr(reckoning, "want", lambda *_: None)
    await a_lost_week(world)
    await restored_and_compared(world, "differs", told=False)
    assert at_lot(world, _KNOWN_AT_LOT) == []
    assert await world.stays() == {"AA1": "ACTIVE", "CC3": "ACTIVE", "DD4": "COMPLETED", "EE5": "ACTIVE"}
    assert await world.rows("SELECT DISTINCT outcome FROM differences WHERE table_name = 'tickets'") == [
        {"outcome": "kept"}
    ]


async def test_without_either_the_resync_takes_the_lost_week_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of both."""

    async def as_the_lot_says(_c: object, _l: object, row: dict[str, str], _at: object) -> str:
        return row["oldest"]

    monkeypatch.setattr(reckoning, "want", lambda *_: None)
    monkeypatch.setattr(resyncs, "_oldest_known", as_the_lot_says)
    await a_lost_week(world)
    await restored_and_compared(world, "differs", told=False)
    assert not {"CC3", "DD4"} & set(await world.stays())


async def test_the_same_card_restored_twice_opens_a_stream_each_time(world: World) -> None:
    await last_week(world)
    for plate in ("EE5", "FF6"):
        world.copy("image", "card")
        async with world.cloud(), world.at_work() as lot:
            await lot.enters(plate)
            await lot.has_sent_all()
    stays = await world.stays()
    assert (stays["EE5"], stays["FF6"], len(stays)) == ("ACTIVE", "ACTIVE", 6)
    assert "lot_claimed_twice" not in await world.cases()
    assert len(await world.rows("SELECT 1 FROM streams")) == 3
    assert await world.rows("SELECT 1 FROM parked_facts") == []


async def test_two_cards_at_once_are_never_mixed_and_the_newest_enrolment_decides(world: World) -> None:
    await last_week(world)
    async with world.cloud():
        async with world.at_work("image") as copied:
            await copied.enters("EE5")
            await copied.has_sent_all()
        async with world.at_work("card") as first:
            await first.enters("GG7")
            await first.has_sent_all()
            assert "link.rival" in world.faults()
        assert "GG7" not in await world.stays(), "what isn't believed is kept, not applied"
        assert "lot_claimed_twice" in await world.cases()
        async with world.at_work("image") as copied:
            await copied.enters("FF6")
            await copied.has_sent_all()
            assert "link.rival" not in world.faults()
        # A person decides for the first card.
        async with world.at_work("card", epoch=2) as first:
            await first.enters("HH8")
            await first.has_sent_all()
            assert "link.rival" not in world.faults()
            assert "link.forked" in world.raised, "the other computer wrote what this one doesn't know"
    stays = await world.stays()
    assert {plate: stays.get(plate) for plate in ("EE5", "FF6", "GG7", "HH8")} == dict.fromkeys(
        ("EE5", "FF6", "GG7", "HH8"), "ACTIVE"
    )
    assert await world.rows("SELECT 1 FROM parked_facts WHERE settled_at IS NULL") == []
    assert await world.rows("SELECT epoch FROM streams WHERE current") == [{"epoch": 2}]


async def test_a_card_of_an_earlier_enrolment_is_kept_apart_and_not_believed(world: World) -> None:
    await last_week(world)
    async with world.cloud():
        async with world.at_work("card", epoch=2) as lot:
            await lot.enters("EE5")
            await lot.has_sent_all()
            assert world.raised == set(), "an enrolment is no other history"
        assert await world.cases() == {}, "being enrolled anew loses nothing"
        async with world.at_work("image") as old:
            await old.enters("XX9")
            await old.has_sent_all()
            await becomes(lambda: "link.outdated" in world.faults())
    assert "XX9" not in await world.stays()
    assert (await world.stays())["EE5"] == "ACTIVE"
    assert set(await world.cases()) == {"stream_superseded"}
    kept = await world.rows(
        "SELECT DISTINCT cause FROM parked_facts JOIN facts USING (lot_id, stream_id, seq)"
        " WHERE type = 'ticket.opened' AND settled_at IS NULL"
    )
    assert kept == [{"cause": "superseded"}], "an operator can look at what the old card has"


async def test_without_epochs_a_card_of_an_earlier_enrolment_would_speak_for_the_lot(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""

    async def never(*_: object) -> int:
        return 1

    monkeypatch.setattr(opening, "epoch_in_force", never)
    monkeypatch.setattr(standing, "standing", lambda ask, in_force, own, branches: Standing.LEFT)
    await last_week(world)
    async with world.cloud():
        async with world.at_work("card", epoch=2) as lot:
            await lot.enters("EE5")
            await lot.has_sent_all()
        async with world.at_work("image") as old:
            await old.enters("XX9")
            await becomes(lambda: "link.forked" in world.faults())
            await old.has_sent_all()
    assert (await world.stays())["XX9"] == "ACTIVE"


async def test_a_new_computer_with_an_empty_store_takes_over_and_what_it_does_not_know_is_a_case(world: World) -> None:
    await last_week(world)
    async with world.cloud(), world.at_work("new", epoch=2) as lot:
        await lot.enters("EE5")
        await lot.has_sent_all()
    stays = await world.stays()
    assert (len(stays), stays["BB2"], stays["EE5"]) == (5, "ACTIVE", "ACTIVE")
    cases = await world.cases()
    assert "began from nothing" in cases["stream_superseded"]
    assert cases["stays_unknown_to_lot"].startswith("3 stays")


async def test_a_cloud_of_yesterday_gets_back_what_the_lot_had_sent_though_nothing_new_happens(world: World) -> None:
    async with world.cloud(), world.at_work() as lot:
        await lot.enters("AA1")
        await lot.has_sent_all()
    backup = world.backup()
    async with world.cloud(), world.at_work() as lot:
        for n in range(30):
            await lot.enters(f"B{n}")
        await lot.has_sent_all()
    world.restore(backup)
    async with world.cloud(), world.at_work() as lot:
        await has_everything(world)
        await lot.has_sent_all()
    assert await world.differences() == []
    assert set(await world.cases()) == {"cloud_restored"}


async def test_a_cloud_restored_under_a_lot_that_stays_on_line_is_noticed(world: World) -> None:
    async with world.at_work() as lot:
        async with world.cloud():
            await lot.enters("AA1")
            await lot.has_sent_all()
        backup = world.backup()
        async with world.cloud():
            await lot.enters("BB2")
            await lot.has_sent_all()
        world.restore(backup)
        async with world.cloud():
            await lot.enters("CC3")
            await has_everything(world)
            await lot.has_sent_all()
    assert await world.differences() == []


async def has_everything(world: World) -> None:
    async with asyncio.timeout(40):
        while await world.differences():
            await asyncio.sleep(0.3)


async def test_without_asking_a_cloud_of_yesterday_stays_behind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    monkeypatch.setattr(Questions, "due", lambda self: False)
    async with world.cloud(), world.at_work() as lot:
        await lot.enters("AA1")
        await lot.has_sent_all()
    backup = world.backup()
    async with world.cloud(), world.at_work() as lot:
        await lot.enters("BB2")
        await lot.has_sent_all()
    world.restore(backup)
    async with world.cloud(), world.at_work():
        with pytest.raises(TimeoutError):
            await becomes(lambda: False, 3)
    assert await world.differences() != []


async def test_a_cloud_of_yesterday_and_a_card_of_last_week_end_with_all_that_either_has(world: World) -> None:
    async with world.cloud(), world.at_work() as lot:
        await lot.enters("AA1")
        await lot.has_sent_all()
    world.copy("card", "image")
    async with world.cloud(), world.at_work() as lot:
        await lot.enters("BB2")
        await lot.has_sent_all()
    backup = world.backup()
    async with world.cloud(), world.at_work() as lot:
        await lot.enters("CC3")
        await lot.has_sent_all()
    world.restore(backup)
    world.copy("image", "card")
    async with world.cloud(), world.at_work() as lot:
        await lot.enters("DD4")
        await lot.has_sent_all()
    assert await world.stays() == dict.fromkeys(("AA1", "BB2", "DD4"), "ACTIVE")
    assert set(await world.cases()) == {"stream_forked", "stays_unknown_to_lot"}


async def both_put_back(world: World) -> None:
    """The card was restored, so that the lot goes on in a second stream; then the cloud, to a day of which it doesn't
    even have all that came before."""
    async with world.cloud(), world.at_work() as lot:
        await lot.enters("AA1")
        await lot.has_sent_all()
    backup = world.backup()
    async with world.cloud(), world.at_work() as lot:
        await lot.enters("BB2")
        await lot.has_sent_all()
    world.copy("card", "image")
    async with world.cloud(), world.at_work() as lot:
        await lot.enters("CC3")
        await lot.has_sent_all()
    world.copy("image", "card")
    async with world.cloud(), world.at_work() as lot:
        await lot.enters("DD4")
        await lot.has_sent_all()
    world.restore(backup)
    async with world.cloud(), world.at_work() as lot:
        await asyncio.sleep(2)
        await lot.enters("EE5")
        await lot.has_sent_all()


async def test_a_cloud_that_has_forgotten_the_second_stream_gets_the_end_of_the_first_one_first(world: World) -> None:
    await both_put_back(world)
    # Of the history that the lot lost it was told who is inside: it knows that still, and says it again.
    assert await world.stays() == dict.fromkeys(("AA1", "BB2", "CC3", "DD4", "EE5"), "ACTIVE")
    assert set(await world.cases()) == {"cloud_restored"}
    assert await world.rows("SELECT 1 FROM parked_facts") == []


async def test_without_that_the_end_of_the_first_stream_would_be_missing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.setattr(uplink.streams, "line_of", lambda *_: [])
    await both_put_back(world)
    assert "BB2" not in await world.stays()
    assert "facts_missing" in await world.cases()
