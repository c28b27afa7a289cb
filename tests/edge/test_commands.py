"""Commands from afar, on a real broker: at most once, on record before anything moves, and by the lot's own clock."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from edge.local import LaneOrder, Obeyed, PassbackOrder, SpotsOrder, Trouble
from edge.sync.commanding import refusal_book
from edge.sync.commanding.nonces import GOOD_FOR_SECONDS, Nonces, Standing
from edge.sync.commanding.refusal_book import ONE_BY_ONE, ONE_MORE_EVERY_SECONDS, Budget
from models.commands import CommandEnd
from models.ids import LotId
from models.instants import SECOND, Instant, Monotonic
from models.lanes import LaneState, OrderKind
from simulator.servers import Mosquitto
from tests.edge.clouds import HASTE, becomes
from tests.edge.commanded import Gate, commanded, the_cloud
from tests.edge.lots import Lot, a_lot
from tests.keys import public_file


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    return a_lot(tmp_path, id=LotId(str(uuid4())))


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return public_file(tmp_path)


async def test_an_honest_command_is_on_record_before_it_is_carried_out_and_its_giver_learns_what_came_of_it(
    lot: Lot, mosquitto: Mosquitto, keys: Path
) -> None:
    async with commanded(lot, mosquitto, keys) as site, the_cloud(mosquitto, lot) as cloud:
        command = cloud.command("in", await cloud.nonce(), by="A. Smith", reason="Ambulance")
        answer = await cloud.order(command)
        assert (answer.end, answer.said) == (CommandEnd.DONE, "the arm was told to rise")
        [(asked, order_id)] = site.gate.obeyed
        assert asked == LaneOrder(lane="in", kind=OrderKind.OPEN, by="A. Smith", reason="Ambulance")
        assert (order_id, site.gate.unrecorded) == (str(command.id), 0)
        await becomes(lambda: site.ended() == ["done"])
        assert lot.one("SELECT given_by || ': ' || reason FROM taken_commands") == "A. Smith: Ambulance"
        assert site.refusals() == []


async def test_the_same_command_again_moves_nothing(lot: Lot, mosquitto: Mosquitto, keys: Path) -> None:
    async with commanded(lot, mosquitto, keys) as site, the_cloud(mosquitto, lot) as cloud:
        command = cloud.command("in", await cloud.nonce())
        sealed = cloud.sealed(command)
        await cloud.order(command)
        for _ in range(5):
            cloud.send(sealed)
        await becomes(lambda: site.refusals() == ["REPLAYED"] * 5)
        # Under a fresh nonce, but an id that was taken: the record on the disk stands when memory doesn't.
        cloud.send(cloud.sealed(command.model_copy(update={"nonce": await cloud.nonce()})))
        await becomes(lambda: site.refusals() == ["REPLAYED"] * 6)
        assert site.gate.moved == 1
        assert "link.commands_refused" in site.faults


async def test_a_nonce_is_good_for_one_command(lot: Lot, mosquitto: Mosquitto, keys: Path) -> None:
    async with commanded(lot, mosquitto, keys) as site, the_cloud(mosquitto, lot) as cloud:
        nonce = await cloud.nonce()
        await cloud.order(cloud.command("in", nonce))
        cloud.send(cloud.sealed(cloud.command("in", nonce)))
        await becomes(lambda: site.refusals() == ["REPLAYED"])
        assert site.gate.moved == 1


async def test_a_late_command_is_refused_whatever_the_clocks_on_the_wall_say(
    lot: Lot, mosquitto: Mosquitto, keys: Path
) -> None:
    async with commanded(lot, mosquitto, keys) as site, the_cloud(mosquitto, lot) as cloud:
        command = cloud.command("in", await cloud.nonce(), issued_at=Instant(2**62))
        await asyncio.sleep(1.2 * GOOD_FOR_SECONDS / HASTE)
        answer = await cloud.order(command)
        assert (answer.end, answer.why) == (CommandEnd.REFUSED, "LATE")
        await becomes(lambda: site.refusals() == ["LATE"])
        assert site.gate.moved == 0


@pytest.mark.parametrize("live", [True, False])
async def test_a_retained_command_moves_no_arm_though_all_in_it_is_true(
    lot: Lot, mosquitto: Mosquitto, keys: Path, live: bool
) -> None:
    async with the_cloud(mosquitto, lot) as cloud:
        try:
            if not live:
                cloud.send(cloud.sealed(cloud.command("in", "0" * 32)), retain=True).wait_for_publish(5)
            async with commanded(lot, mosquitto, keys) as site:
                if live:
                    cloud.send(cloud.sealed(cloud.command("in", await cloud.nonce())), retain=True)
                await becomes(lambda: site.refusals() == ["RETAINED"])
                assert site.gate.moved == 0
        finally:
            cloud.send(b"", retain=True).wait_for_publish(5)


async def test_after_a_power_cut_it_is_not_tried_again_and_nobody_claims_to_know(
    lot: Lot, mosquitto: Mosquitto, keys: Path
) -> None:
    async with the_cloud(mosquitto, lot) as cloud:
        async with commanded(lot, mosquitto, keys) as site:
            site.gate.jammed = True
            nonce = await cloud.nonce()
            sealed = cloud.sealed(cloud.command("in", nonce))
            cloud.send(sealed)
            await becomes(lambda: site.gate.moved == 1)
        async with commanded(lot, mosquitto, keys) as after:
            await becomes(lambda: after.ended() == ["unknown"])
            cloud.send(sealed)
            await becomes(lambda: after.refusals() == ["REPLAYED"])
            assert after.gate.moved == 0


async def test_what_the_store_can_not_put_on_record_moves_nothing(lot: Lot, mosquitto: Mosquitto, keys: Path) -> None:
    lot.decide(lambda tx: tx.connection.execute("PRAGMA busy_timeout = 20"))
    async with commanded(lot, mosquitto, keys) as site, the_cloud(mosquitto, lot) as cloud:
        nonce = await cloud.nonce()
        with closing(sqlite3.connect(lot.path)) as stranger:
            stranger.isolation_level = None
            stranger.execute("BEGIN IMMEDIATE")
            answer = await cloud.order(cloud.command("in", nonce))
            assert (answer.end, answer.why) == (CommandEnd.REFUSED, "NOT_RECORDED")
            stranger.execute("ROLLBACK")
        await becomes(lambda: site.refusals() == ["NOT_RECORDED"])
        assert (site.gate.moved, site.ended()) == (0, [])


@pytest.mark.parametrize(
    ("obeyed", "end", "said"),
    [
        (Obeyed(why_not="something is under the arm"), CommandEnd.NOT_OBEYED, "something is under the arm"),
        (
            Obeyed(
                said="the arm wasn't told to rise",
                failed=True,
                trouble=Trouble(code="relay.unplugged", meaning="gone", detail="no port", look_at="cable"),
            ),
            CommandEnd.FAILED,
            "the arm wasn't told to rise (relay.unplugged: no port)",
        ),
    ],
)
async def test_the_giver_learns_why_nothing_moved(
    lot: Lot, mosquitto: Mosquitto, keys: Path, obeyed: Obeyed, end: CommandEnd, said: str
) -> None:
    gate = Gate(lot, answers=obeyed)
    async with commanded(lot, mosquitto, keys, gate) as site, the_cloud(mosquitto, lot) as cloud:
        answer = await cloud.order(cloud.command("in", await cloud.nonce(), kind="close"))
        assert (answer.end, answer.said) == (end, said)
        await becomes(lambda: site.ended() == [end.value])


async def test_states_passback_and_counts_travel_too(lot: Lot, mosquitto: Mosquitto, keys: Path) -> None:
    async with commanded(lot, mosquitto, keys) as site, the_cloud(mosquitto, lot) as cloud:
        await cloud.order(cloud.command("in", await cloud.nonce(), kind="set_state", state="closed"))
        await cloud.order(cloud.command(None, await cloud.nonce(), kind="reset_passback", plate="AB12CDE"))
        wrong = await cloud.order(cloud.command("in", await cloud.nonce(), kind="set_state", state="ajar"))
        assert (wrong.end, wrong.said) == (CommandEnd.NOT_OBEYED, "'ajar' is no state of a lane")
        await cloud.order(cloud.command(None, await cloud.nonce(), kind="reset_count", level="0", vehicles=4))
        first, second, third = (asked for asked, _ in site.gate.obeyed)
        assert isinstance(first, LaneOrder)
        assert first.state is LaneState.CLOSED
        assert second == PassbackOrder(plate="AB12CDE", by="Control room", reason="chaos")
        counted = SpotsOrder(spots="reset_count", level="0", vehicles=4, by="Control room", reason="chaos")
        assert third == counted, "as at the lot itself"


async def test_a_fire_is_not_ended_from_afar(lot: Lot, mosquitto: Mosquitto, keys: Path) -> None:
    async with commanded(lot, mosquitto, keys) as site, the_cloud(mosquitto, lot) as cloud:
        answer = await cloud.order(cloud.command("in", await cloud.nonce(), kind="reset_fire"))
        assert (answer.end, answer.why, site.gate.moved) == (CommandEnd.REFUSED, "UNKNOWN_KIND", 0)


async def test_a_flood_beyond_the_budget_is_counted_and_the_gate_still_opens(
    lot: Lot, mosquitto: Mosquitto, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusal_book, "ONE_BY_ONE", 20)
    monkeypatch.setattr(Budget.__init__, "__defaults__", (20.0,))
    async with commanded(lot, mosquitto, keys), the_cloud(mosquitto, lot) as cloud:
        for _ in range(300):
            cloud.send(b"noise")
        answer = await cloud.order(cloud.command("in", await cloud.nonce()))
        assert answer.end is CommandEnd.DONE
        counted = "SELECT sum(json_extract(body, '$.times')) FROM journal WHERE type = 'command.refused'"
        await becomes(lambda: lot.one(counted) == 300)
        rows = lot.one("SELECT count(*) FROM journal WHERE type = 'command.refused'")
        assert isinstance(rows, int)
        assert rows < 40


# --- nonces and the budget, by themselves ---


def test_a_question_that_is_played_back_crowds_no_nonce_out() -> None:
    nonces = Nonces(os.urandom)
    honest = nonces.offer("honest", Monotonic(0))
    for _ in range(1000):
        assert nonces.offer("old", Monotonic(1)) == nonces.offer("old", Monotonic(1))
    assert nonces.standing(honest, Monotonic(2)) is Standing.FRESH


def test_a_nonce_is_fresh_for_its_time_then_late_and_burnt_for_good() -> None:
    nonces = Nonces(os.urandom)
    nonce, end = nonces.offer("ask", Monotonic(0)), GOOD_FOR_SECONDS * SECOND
    assert nonces.standing(nonce, Monotonic(end)) is Standing.FRESH
    assert nonces.standing(nonce, Monotonic(end + 1)) is Standing.LATE
    nonces.burn(nonce)
    assert nonces.standing(nonce, Monotonic(0)) is Standing.BURNT
    assert Nonces(os.urandom).standing(nonce, Monotonic(0)) is Standing.UNKNOWN
    assert nonces.offer("ask", Monotonic(1)) != nonce


def test_memory_stays_bounded_however_many_ask() -> None:
    nonces = Nonces(os.urandom)
    offered = [nonces.offer(str(n), Monotonic(n)) for n in range(10_000)]
    assert sum(nonces.standing(nonce, Monotonic(10_000)) is Standing.FRESH for nonce in offered) <= 256
    assert nonces.standing(offered[-1], Monotonic(10_000)) is Standing.FRESH


def test_the_budget_runs_out_and_refills_slowly() -> None:
    budget = Budget(Monotonic(0))
    assert sum(budget.spend(Monotonic(0)) for _ in range(ONE_BY_ONE + 100)) == ONE_BY_ONE
    assert budget.spend(Monotonic(ONE_MORE_EVERY_SECONDS * SECOND))
    assert not budget.spend(Monotonic(ONE_MORE_EVERY_SECONDS * SECOND))
