"""Many changes to a row, folded into one."""

from __future__ import annotations

import pytest

from cloud.db.schema import metadata
from cloud.ingest.fold import TABLES, Owner, Poisoned, fold, rows, together
from models.effects import Change, effects
from models.facts import decode
from models.facts.base import known_facts
from models.ids import LotId
from models.wire.envelopes import read_body
from tests.cloud.lots import Lot, an_id


def test_a_ticket_opened_and_closed_in_one_window_is_one_row() -> None:
    opened = Change("insert", "tickets", "t", {"lot_id": "l", "status": "ADMITTED", "exit_time": None})
    closed = Change("update", "tickets", "t", {"status": "COMPLETED", "exit_time": 9})
    [row] = fold([opened, closed])
    assert row == Change("insert", "tickets", "t", {"lot_id": "l", "status": "COMPLETED", "exit_time": 9})


def test_a_spot_declared_and_taken_is_taken_whether_it_was_there_or_not() -> None:
    declared = Change("declare", "spots", "s", {"removed": False}, {"lot_id": "l", "status": "AVAILABLE"})
    taken = Change("update", "spots", "s", {"status": "OCCUPIED"})
    [row] = fold([declared, taken])
    assert row == Change("declare", "spots", "s", {"removed": False, "status": "OCCUPIED"}, {"lot_id": "l"})


def test_a_row_that_must_be_there_must_be_there_however_it_goes_on() -> None:
    removed = Change("update", "spots", "s", {"removed": True})
    declared = Change("declare", "spots", "s", {"removed": False}, {"status": "AVAILABLE"})
    assert fold([removed, declared])[0].kind == "update"


@pytest.mark.parametrize("before", ["insert", "update", "declare"])
def test_a_row_made_after_it_was_spoken_of_is_poison(before: str) -> None:
    with pytest.raises(Poisoned):
        fold([Change(before, "tickets", "t", {}), Change("insert", "tickets", "t", {})])  # type: ignore[arg-type]


def test_rows_are_written_before_what_refers_to_them() -> None:
    lot = Lot(LotId(an_id())).opens_for_business()
    lot.lets_out(lot.lets_in("AB12CDE", lot.spots[0]))
    changes = [
        change
        for sent in lot.facts
        for change in effects(
            decode(sent.type, sent.version, read_body(sent.body), sent.personal), lot.id, lambda _: lot.spots[0]
        )
    ]
    owner, other = Owner("tenant", lot.id), Owner("tenant", LotId(an_id()))
    made = together([(owner, some) for some in rows(changes)] + [(other, some) for some in reversed(rows(changes))])
    tables = [shape.table for shape, _ in made]
    assert tables == sorted(tables, key=TABLES.index)
    for shape, both in made:
        known = metadata.tables[shape.table].c
        assert {*shape.columns, *shape.at_first} <= set(known.keys())
        assert [whose for whose, _ in both] == [owner, other]
        assert {len(column) for _, some in both for column in some.values} == {len(both[0][1].ids)}


def test_every_fact_that_was_ever_emitted_has_effects() -> None:
    """A fact type without effects would be parked on arrival."""
    from models.effects.by_fact import changes_of

    for fact in known_facts().values():
        assert fact in changes_of.registry, f"{fact.__name__} has no effects"
