"""What is sold of a lot's places, on a real PostgreSQL: never more at one moment than the lot keeps back."""

from __future__ import annotations

import asyncio
import random
import secrets

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud.booking import ending, telling
from cloud.booking.selling import NotSold, Request, Sold, Wanted, free_places, sell
from cloud.booking.shortage import look_for_shortages
from cloud.enrolment import new_id
from cloud.intents.issue import Unacceptable
from models.facts import ReservationArrived, ReservationMissed, ReservationReturned
from models.ids import LaneName, LotId, ReservationId
from models.instants import HOUR, SECOND, Instant
from models.reservations.peak import Span, fits, peak
from models.spots import SpotType
from tests.cloud.lots import NOON, Lot, an_id
from tests.cloud.places import Keeper, hours

REGULAR = SpotType.REGULAR


@pytest.fixture
async def keeper(lot: Lot, tenant: str, engine: AsyncEngine, database: asyncpg.Connection) -> Keeper:
    """Of a lot that keeps two places back."""
    return await Keeper(lot, tenant, engine, database).keeping(2)


async def sold(
    keeper: Keeper, span: Span, key: str | None = None, *, now: int = NOON, hold: int | None = None, **more: object
) -> Sold:
    until = None if hold is None else Instant(now + hold)
    wanted = Wanted(LotId(keeper.lot.id), REGULAR, span, "test", key, hold_until=until, **more)  # pyright: ignore[reportArgumentType]
    id = ReservationId(new_id(Instant(now)))
    return await sell(keeper.database, Request(keeper.tenant, wanted, id, "0" * 64, Instant(now)))


async def why_not(keeper: Keeper, span: Span, key: str | None = None, *, now: int = NOON) -> str:
    with pytest.raises(NotSold) as refused:
        await sold(keeper, span, key, now=now)
    return refused.value.why


async def status(keeper: Keeper, one: Sold) -> str:
    return await keeper.database.fetchval("SELECT status FROM reservations WHERE id = $1", one.reservation)


async def tell(keeper: Keeper) -> int:
    async with keeper.engine.begin() as connection:
        await telling.tell(connection, keeper.tenant, keeper.lot.id, NOON)
    return await keeper.database.fetchval("SELECT revision FROM policies WHERE lot_id = $1", keeper.lot.id)


async def freed(keeper: Keeper) -> int:
    async with keeper.engine.begin() as connection:
        return await telling.free(connection)


async def test_places_are_sold_by_the_peak_not_by_all_that_overlap(keeper: Keeper) -> None:
    for span in (hours(1, 3), hours(3, 5), hours(5, 7)):
        await sold(keeper, span)
    await sold(keeper, hours(1, 7))
    assert await why_not(keeper, hours(2, 4)) == "sold_out"
    await sold(keeper, hours(7, 9))


async def test_a_lot_that_keeps_nothing_back_sells_nothing(
    lot: Lot, tenant: str, engine: AsyncEngine, database: asyncpg.Connection
) -> None:
    keeper = Keeper(lot, tenant, engine, database)
    assert await why_not(keeper, hours(1, 2)) == "no_quota"
    await keeper.asked(5)
    assert await why_not(keeper, hours(1, 2)) == "no_quota", "asked for, but the lot hasn't said that it keeps them"


async def test_fewer_places_count_at_once_and_more_when_the_lot_says_so(keeper: Keeper) -> None:
    await sold(keeper, hours(1, 2))
    await keeper.asked(1)
    assert await why_not(keeper, hours(1, 2)) == "sold_out"
    revision = await keeper.asked(3)
    assert await why_not(keeper, hours(1, 2)) == "sold_out", "the lot may still come to act by the one place"
    await keeper.keeps(3, revision)
    await sold(keeper, hours(1, 2))


async def test_a_quota_below_what_is_sold_is_refused_and_changes_nothing(keeper: Keeper) -> None:
    await sold(keeper, hours(1, 3))
    await sold(keeper, hours(2, 4))
    with pytest.raises(Unacceptable, match="2 REGULAR places are sold at one moment"):
        await keeper.asked(1)
    assert await keeper.database.fetchval("SELECT revision FROM policies") == 1


async def test_who_asks_twice_has_one_reservation(keeper: Keeper) -> None:
    first = await sold(keeper, hours(1, 2), "key-1")
    again = await sold(keeper, hours(1, 2), "key-1")
    assert (first.anew, again.anew, again.reservation) == (True, False, first.reservation)
    await sold(keeper, hours(1, 2), "key-2")
    assert (await sold(keeper, hours(1, 2), "key-1")).reservation == first.reservation, "though nothing is left"
    assert (await sold(keeper, hours(1, 2), "key-1", now=NOON + 5 * HOUR)).reservation == first.reservation
    assert await why_not(keeper, hours(1, 3), "key-1") == "key_reused"


@pytest.mark.parametrize(
    ("span", "why"),
    [
        (hours(-2, 1), "in_the_past"),
        (hours(1, 1.1), "too_short"),
        (hours(1, 24 * 32), "too_long"),
        (hours(24 * 401, 24 * 402), "too_far_ahead"),
        (Span(Instant(NOON + 1), Instant(NOON + HOUR)), "not_whole_seconds"),
    ],
)
async def test_times_that_are_not_sold(keeper: Keeper, span: Span, why: str) -> None:
    assert await why_not(keeper, span) == why


async def test_a_cancelled_place_is_sold_again_when_the_lot_says_that_it_knows(keeper: Keeper) -> None:
    one = await sold(keeper, hours(1, 2))
    await sold(keeper, hours(1, 2))
    await tell(keeper)
    await ending.cancel(keeper.database, keeper.tenant, keeper.lot.id, one.reservation, "ann", NOON)
    await ending.cancel(keeper.database, keeper.tenant, keeper.lot.id, one.reservation, "ann", NOON)
    revision = await tell(keeper)
    assert revision == 4, "the quota, two sold, one cancelled"
    await keeper.takes(revision - 1)
    assert (await freed(keeper), await why_not(keeper, hours(1, 2))) == (0, "sold_out")
    await keeper.takes(revision)
    assert await freed(keeper) == 1
    await sold(keeper, hours(1, 2))


async def test_who_came_in_before_the_lot_knew_keeps_the_place(keeper: Keeper) -> None:
    """The lot was off line, and its facts come in their order: first the arrival, then that it knows."""
    one = await sold(keeper, hours(1, 2))
    await sold(keeper, hours(1, 2))
    await ending.cancel(keeper.database, keeper.tenant, keeper.lot.id, one.reservation, "ann", NOON)
    revision = await tell(keeper)
    came = arrival(keeper, one.reservation, hours(1, 2))
    keeper.lot.says(came)
    await keeper.takes(revision)
    assert (await freed(keeper), await status(keeper, one)) == (0, "ARRIVED")
    assert await why_not(keeper, hours(1, 2)) == "sold_out"
    keeper.lot.says(ReservationReturned(reservation=one.reservation, ticket=came.ticket, at=keeper.lot.now))
    await keeper.told()
    assert (await freed(keeper), await status(keeper, one)) == (1, "CANCELLED")


async def test_what_came_or_was_missed_is_not_cancelled(keeper: Keeper) -> None:
    one, other = await sold(keeper, hours(1, 2)), await sold(keeper, hours(1, 2))
    keeper.lot.says(arrival(keeper, one.reservation, hours(1, 2)))
    keeper.lot.says(ReservationMissed(reservation=other.reservation, at=keeper.lot.now))
    await keeper.told()
    for each in (one, other):
        with pytest.raises(ending.NotCancellable):
            await ending.cancel(keeper.database, keeper.tenant, keeper.lot.id, each.reservation, "ann", NOON)
    await sold(keeper, hours(1, 2))
    with pytest.raises(LookupError):
        await ending.cancel(keeper.database, an_id(), keeper.lot.id, one.reservation, "ann", NOON)


async def test_who_overstays_takes_nothing_from_later_sales(keeper: Keeper) -> None:
    one = await sold(keeper, hours(1, 2))
    keeper.lot.says(arrival(keeper, one.reservation, hours(1, 2)))
    await keeper.told()
    await sold(keeper, hours(2, 3))
    await sold(keeper, hours(2, 3))


async def test_a_code_that_is_news_to_the_cloud_takes_its_place_too(keeper: Keeper) -> None:
    """The cloud was restored from a copy: what it had sold since is known by who came."""
    keeper.lot.says(arrival(keeper, ReservationId(an_id()), hours(1, 30)))
    await keeper.told()
    await sold(keeper, hours(10, 11))
    assert await why_not(keeper, hours(10, 11)) == "sold_out"


async def test_a_hold_keeps_its_place_until_it_ends_or_is_confirmed(keeper: Keeper) -> None:
    held, other = [await sold(keeper, hours(1, 2), hold=60 * SECOND) for _ in range(2)]
    assert await why_not(keeper, hours(1, 2)) == "sold_out"
    assert await tell(keeper) == 1, "no lot hears of a hold"
    await ending.confirm(keeper.database, keeper.tenant, keeper.lot.id, held.reservation, Instant(NOON + 30 * SECOND))
    assert await tell(keeper) == 2
    late = Instant(NOON + 61 * SECOND)
    with pytest.raises(ending.NotHeld):
        await ending.confirm(keeper.database, keeper.tenant, keeper.lot.id, other.reservation, late)
    assert await why_not(keeper, hours(1, 2), now=late) == "sold_out", "clocks of servers differ"
    await sold(keeper, hours(1, 2), now=NOON + 71 * SECOND)
    async with keeper.engine.begin() as connection:
        assert await telling.end_holds(connection, Instant(NOON + 71 * SECOND)) == 1
    assert (await status(keeper, held), await status(keeper, other)) == ("BOOKED", "EXPIRED")


async def test_what_is_over_no_longer_stands_for_the_lot(keeper: Keeper) -> None:
    one = await sold(keeper, hours(1, 2))
    await tell(keeper)
    keeper.lot.says(arrival(keeper, one.reservation, hours(1, 2)))
    await keeper.told()
    standing = "SELECT count(*) FROM standing_intents WHERE subject LIKE 'reservation:%'"
    assert await keeper.database.fetchval(standing) == 1
    for _ in range(2):
        async with keeper.engine.begin() as connection:
            await telling.tell_what_is_over(connection, Instant(NOON + 27 * HOUR))
    assert await keeper.database.fetchval(standing) == 0
    assert await keeper.database.fetchval("SELECT revision FROM policies") == 3
    assert await status(keeper, one) == "ARRIVED"


async def test_a_lot_that_can_keep_fewer_than_are_sold_is_a_case(keeper: Keeper) -> None:
    kinds = "SELECT detail FROM cases WHERE kind = 'more_sold_than_kept' AND closed_at IS NULL"
    for _ in range(2):
        await sold(keeper, hours(1, 2))
    await keeper.keeps(1, 1, asked=2)
    assert await look_for_shortages(keeper.database, NOON) == 1
    assert await look_for_shortages(keeper.database, NOON) == 0
    assert "2 REGULAR places are sold" in await keeper.database.fetchval(kinds)
    await keeper.keeps(2, 1)
    assert await look_for_shortages(keeper.database, NOON) == 1
    assert await keeper.database.fetchval(kinds) is None


async def test_the_database_counts_as_the_rule_does(keeper: Keeper) -> None:
    """Thousands of times of all lengths, sold or not as the pure rule says."""
    await keeper.keeps(4, await keeper.asked(4))
    chance = random.Random(7)
    taken: list[Span] = []
    for _ in range(400):
        begins = chance.randrange(0, 96 * 4)
        length = chance.choice([1, 2, 8, 31, 33, 130, 600])
        span = hours(begins / 4, (begins + length) / 4)
        if fits(taken, span, 4):
            await sold(keeper, span)
            taken.append(span)
        else:
            assert await why_not(keeper, span) == "sold_out"
        free, room = await free_places(keeper.database, keeper.lot.id, REGULAR, span, NOON)
        assert (free, room) == (4 - peak(taken, span), 4)


async def test_many_at_once_buy_the_last_place_once(keeper: Keeper, pool: asyncpg.Pool) -> None:
    """Half of them ask twice at the same time, under one key."""

    async def tries(key: str) -> Sold | str:
        wanted = Wanted(LotId(keeper.lot.id), REGULAR, hours(1, 2), "test", key)
        try:
            async with pool.acquire() as connection:
                id = ReservationId(new_id(NOON))
                return await sell(connection, Request(keeper.tenant, wanted, id, secrets.token_hex(32), NOON))  # pyright: ignore[reportArgumentType]
        except NotSold as refused:
            return refused.why

    keys = [f"key-{number // 2}" for number in range(40)]
    answers = dict(zip(keys, await asyncio.gather(*map(tries, keys)), strict=True))
    bought = {key for key, answer in answers.items() if isinstance(answer, Sold)}
    assert len(bought) == 2
    assert await keeper.database.fetchval("SELECT count(*) FROM reservations") == 2


def arrival(keeper: Keeper, reservation: ReservationId, span: Span) -> ReservationArrived:
    return ReservationArrived(
        reservation=reservation,
        ticket=keeper.lot.admits(keeper.lot.meets(None)),
        lane=LaneName("north-in"),
        by="code",
        spot_type=REGULAR,
        start_time=span.start,
        end_time=span.end,
        at=span.start,
    )
