"""A stream is left for a new one bit by bit: what is written meanwhile comes along, and half a copy is no stream."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.retention.streams import prune_ledger
from edge.store import chain, journal, reopening
from edge.store.chain import Break
from edge.store.database import looking_into
from edge.store.reopening import AT_ONCE, Gone, begin, drop_half_made, go_on, reopen
from models.facts import DaemonStarted
from models.ids import StreamId
from models.wire.envelopes import SentFact
from tests.edge.clouds import ledger
from tests.edge.lots import Lot, a_lot


def writes(lot: Lot, count: int) -> None:
    def decision(tx: object) -> None:
        for number in range(count):
            tx.record(DaemonStarted(release=str(number), at=tx.at.wall))  # type: ignore[attr-defined]

    lot.decide(decision)


def facts_in(lot: Lot, stream_id: StreamId) -> list[SentFact]:
    with looking_into(lot.path) as connection:
        return journal.run(connection, stream_id, 0, 1_000_000)


def said(facts: list[SentFact]) -> list[tuple[object, ...]]:
    """What they say and when, whatever their numbers."""
    return [(fact.type, fact.body, fact.wall, fact.monotonic, fact.personal, fact.salt) for fact in facts]


def is_sound(lot: Lot) -> bool:
    with looking_into(lot.path) as connection:
        streams = chain.streams(connection)
        return not any(isinstance(place, Break) for each in streams for place in chain.walk(connection, lot.id, each))


async def test_a_backlog_is_carried_over_bit_by_bit_with_what_is_written_meanwhile(tmp_path: Path) -> None:
    lot = a_lot(tmp_path)
    lot.enters("AB12CDE")
    writes(lot, 2 * AT_ONCE + 10)
    left = ledger(lot.path)
    copy = lot.decide(lambda tx: begin(tx, "ledger", 3, 1, "forked"))
    steps = 1
    while not lot.decide(lambda tx: go_on(tx, copy.stream_id)):
        assert ledger(lot.path).stream_id == left.stream_id, "the old one is in force until the new one has all"
        steps += 1
        writes(lot, 1)
    now = ledger(lot.path)
    assert (now.stream_id, now.acked) == (copy.stream_id, 0)
    carried = facts_in(lot, now.stream_id)
    assert carried[0].type == "stream.opened"
    assert said(carried[1:]) == said(facts_in(lot, left.stream_id)[3:])
    assert (steps, now.seq) == (3, 1 + left.seq - 3 + 2)
    writes(lot, 1)
    assert is_sound(lot)
    assert lot.rows("SELECT stream_id, after_seq, head_seq, next_id FROM streams_left") == [
        (left.stream_id, 3, left.seq + 2, now.stream_id)
    ]


async def test_half_a_copy_is_no_stream_and_is_dropped(tmp_path: Path) -> None:
    lot = a_lot(tmp_path)
    writes(lot, 3 * AT_ONCE)
    left = ledger(lot.path)
    half = lot.decide(lambda tx: begin(tx, "ledger", 0, 1, "forked"))
    assert not lot.decide(lambda tx: go_on(tx, half.stream_id))
    assert not lot.decide(lambda tx: go_on(tx, half.stream_id))
    lot.store.close()  # and it is killed
    again = a_lot(tmp_path, clock=lot.clock)
    assert ledger(again.path).stream_id == left.stream_id
    await drop_half_made(again.store, again.clock)
    assert facts_in(again, half.stream_id) == []
    assert again.one("SELECT count(*) FROM streams_half_made") == 0
    with pytest.raises(Gone):
        again.decide(lambda tx: go_on(tx, half.stream_id))
    opened = await reopen(again.store, "ledger", 0, 1, "forked", again.clock)
    assert ledger(again.path).stream_id == opened
    assert said(facts_in(again, opened)[1:]) == said(facts_in(again, left.stream_id))
    assert is_sound(again)


async def test_the_next_copy_begins_where_the_last_one_was_given_up(tmp_path: Path) -> None:
    lot = a_lot(tmp_path)
    writes(lot, 2 * AT_ONCE)
    half = lot.decide(lambda tx: begin(tx, "ledger", 0, 1, "forked"))
    lot.decide(lambda tx: go_on(tx, half.stream_id))
    opened = await reopen(lot.store, "ledger", 0, 1, "forked", lot.clock)
    assert lot.rows("SELECT DISTINCT stream_id FROM journal ORDER BY 1") == sorted(
        [(opened,), *lot.rows("SELECT stream_id FROM streams_left")]  # type: ignore[type-var]
    )


async def test_what_was_pruned_before_it_was_carried_over_is_not_left_out_silently(tmp_path: Path) -> None:
    lot = a_lot(tmp_path)
    writes(lot, 4 * AT_ONCE)
    copy = lot.decide(lambda tx: begin(tx, "ledger", 0, 1, "forked"))
    lot.decide(lambda tx: go_on(tx, copy.stream_id))
    head = ledger(lot.path)
    lot.decide(lambda tx: journal.mark_acked(tx.connection, "ledger", head.stream_id, head.seq, tx.at))
    lot.clock.forward(hours=1)
    assert lot.decide(lambda tx: prune_ledger(tx, lot.clock.wall, AT_ONCE)) == AT_ONCE
    assert not lot.decide(lambda tx: go_on(tx, copy.stream_id)), "what was pruned had been carried over"
    lot.decide(lambda tx: prune_ledger(tx, lot.clock.wall, 2 * AT_ONCE))
    with pytest.raises(Gone, match="pruned"):
        lot.decide(lambda tx: go_on(tx, copy.stream_id))


async def test_no_transaction_carries_more_than_a_few_facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a lane waits rests on that."""
    lot = a_lot(tmp_path)
    writes(lot, 10 * AT_ONCE)
    most, carry = 0, reopening._carry

    def counted(*at: object) -> int:
        nonlocal most
        reached = carry(*at)  # type: ignore[arg-type]
        most = max(most, reached - at[2].reached)  # type: ignore[attr-defined]
        return reached

    monkeypatch.setattr(reopening, "_carry", counted)
    await reopen(lot.store, "ledger", 0, 1, "forked", lot.clock)
    assert most == AT_ONCE
