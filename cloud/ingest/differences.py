"""What a lot's snapshot changes in the cloud's tables: row by row, field by field, each difference on record. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from models.digests import OPEN_ROWS, PERSONAL, minted
from models.effects import Change, Table, Value
from models.tickets import OPEN
from models.wire.chain import canonical
from models.wire.state_snapshots import Rows

Row = Mapping[str, Value]
Later = Mapping[tuple[Table, str], Change]
"""What facts after the snapshot's point have changed, folded by row."""

HIDDEN = '"(a plate)"'
_PLATE = "license_plate"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which the two differed, as JSON; in column `*` a row that one side lacked."""

    table: Table
    id: str
    column: str
    in_cloud: str | None
    at_lot: str | None
    outcome: Literal["corrected", "made", "removed", "kept"]


@dataclass(frozen=True, slots=True)
class Corrections:
    """`changes` make the cloud's rows the lot's; `surplus` are rows that the lot hasn't got."""

    differences: tuple[Difference, ...]
    changes: tuple[Change, ...]
    surplus: tuple[str, ...]


def corrections(told: Rows, ours: Mapping[str, Row], later: Later, forgotten: str) -> Corrections:
    """What to do about one body of a snapshot. `ours`: the cloud's rows in the same place. Up to the id `forgotten` the
    lot may have forgotten what is over."""
    expected = {id: _brought_up(told.table, row, later) for id, row in told.by_id.items() if _counts(told, id)}
    differences: list[Difference] = []
    changes: list[Change] = []
    for id, row in expected.items():
        if id not in ours:
            changes.append(Change("insert", told.table, id, {name: row[name] for name in row if name != "id"}))
            differences.append(Difference(told.table, id, "*", None, _shown_row(row), "made"))
            continue
        wrong = _wrong(told.table, row, ours[id])
        if wrong:
            changes.append(Change("update", told.table, id, wrong))
        differences += [
            Difference(told.table, id, name, _shown(name, ours[id][name]), _shown(name, value), "corrected")
            for name, value in wrong.items()
        ]
    surplus = _surplus(told, ours, expected.keys(), later, forgotten)
    return Corrections(tuple(differences), tuple(changes), surplus)


def keeping(found: Corrections, kept: Collection[str]) -> Corrections:
    """The same, but rows of these ids stay as the cloud has them; that they differ is on record."""
    if not kept:
        return found
    return Corrections(
        tuple(replace(one, outcome="kept") if one.id in kept else one for one in found.differences),
        tuple(change for change in found.changes if change.id not in kept),
        tuple(id for id in found.surplus if id not in kept),
    )


def not_at_lot(table: Table, id: str, row: Row, *, removed: bool) -> Difference:
    return Difference(table, id, "*", _shown_row(row), None, "removed" if removed else "kept")


def is_open(table: Table, row: Row) -> bool:
    if table == "tickets":
        return row["status"] in OPEN
    return table in OPEN_ROWS and row["cleared_at"] is None


def _counts(told: Rows, id: str) -> bool:
    return told.which != "run" or minted(id)


def _brought_up(table: Table, row: Row, later: Later) -> Row:
    """The row as it has to be now: what came after the snapshot's point comes on top."""
    change = later.get((table, id := str(row["id"])))
    if change is None:
        return row
    return {**row, **{name: value for name, value in change.values.items() if name in row}, "id": id}


def _wrong(table: Table, expected: Row, ours: Row) -> dict[str, Value]:
    wrong = {name: value for name, value in expected.items() if name != "id" and value != ours[name]}
    for name in PERSONAL.get(table, ()):
        if name in wrong and not _may_be_corrected(name, expected, ours):
            del wrong[name]
    return wrong


def _may_be_corrected(personal: str, expected: Row, ours: Row) -> bool:
    """What was masked on either side stays masked."""
    if personal == _PLATE:
        return expected[personal] is not None and ours[personal] is not None
    return is_open("tickets", expected)


def _surplus(
    told: Rows, ours: Mapping[str, Row], known: Collection[str], later: Later, forgotten: str
) -> tuple[str, ...]:
    if told.which == "named":
        return ()
    return tuple(
        id
        for id, row in ours.items()
        if id not in known
        and _counts(told, id)
        and (told.table, id) not in later
        and (told.which == "all" or id > forgotten or is_open(told.table, row))
    )


def _shown(column: str, value: Value) -> str:
    return HIDDEN if column == _PLATE and value is not None else canonical(value)


def _shown_row(row: Row) -> str:
    return canonical(
        {name: "(a plate)" if name == _PLATE and value is not None else value for name, value in row.items()}
    )


def folded(changes: Iterable[Change]) -> Later:
    """As `cloud.ingest.fold`, by row."""
    rows: dict[tuple[Table, str], Change] = {}
    for change in changes:
        before = rows.get((change.table, change.id))
        values = change.values if before is None else {**before.values, **change.values}
        rows[change.table, change.id] = change._replace(values=values)
    return rows
