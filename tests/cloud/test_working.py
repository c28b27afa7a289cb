"""What is worked out of a window before the tables are asked says the same as asking them at each fact."""

from __future__ import annotations

from cloud.ingest.fold import Rows
from cloud.ingest.reading import read
from cloud.ingest.working import spots_settled, work_out
from models.ids import LotId, SpotId, TicketId
from tests.cloud.lots import Lot, an_id


def statuses(rows: list[Rows]) -> dict[str, object]:
    return {id: row.values[row.shape.columns.index("status")][n] for row in rows for n, id in enumerate(row.ids)}


def test_a_spot_that_only_the_tables_know_is_free_unless_it_is_taken_again() -> None:
    lot = Lot(LotId(an_id())).opens_for_business()
    first, second, third = (lot.lets_in(f"AB{n}CDE", lot.spots[n]) for n in range(3))
    sent = len(lot.facts)
    for ticket in (first, second, third):
        lot.lets_out(ticket)
    lot.lets_in("AB9CDE", lot.spots[0])
    lot.lets_out(lot.lets_in("AB8CDE", lot.spots[3]))
    worked = work_out(lot.id, read(lot.window(sent + 1).facts))
    assert worked is not None
    assert worked.ending == [first, second, third], "the spots of those that came and went meanwhile are known"
    held: dict[TicketId, SpotId | None] = {first: lot.spots[0], second: lot.spots[1], third: None}
    expected = {lot.spots[0]: "OCCUPIED", lot.spots[1]: "AVAILABLE", lot.spots[3]: "AVAILABLE"}
    assert statuses(spots_settled(worked, held)) == expected


def test_what_is_in_question_isnt_worked_out() -> None:
    lot = Lot(LotId(an_id())).opens_for_business()
    assert work_out(lot.id, read(lot.window().facts)) is not None
    lot.says_as("ticket.hovered", 1, {"ticket": "x"})
    assert work_out(lot.id, read(lot.window().facts)) is None
