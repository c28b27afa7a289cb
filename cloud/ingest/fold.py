"""Many changes to a row become one, so that a window costs a few statements however many facts it holds. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, get_args

from models.effects import Change, Table
from models.ids import LotId

TABLES: Sequence[Table] = get_args(Table)
"""In the order in which rows must be written: what is referred to comes first."""


EFFECT_FAILURES = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError)
"""What working out a fact's effects may raise when this release doesn't understand it after all."""


class Poisoned(Exception):
    """The facts ask for something that can't be: a row made twice, or a change to a row that isn't there."""


class Owner(NamedTuple):
    """Whose rows they are. It is the window's own lot, never the fact's word."""

    tenant: str
    lot: LotId


class Shape(NamedTuple):
    """What rows have in common that take the same statement: the same kind of change to the same columns. `lot_id`
    isn't among them: it is the owner's."""

    table: Table
    kind: str
    columns: tuple[str, ...]
    at_first: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """One lot's rows of a shape: their ids, and of each column, those set at first too, the rows' values."""

    shape: Shape
    ids: list[str]
    values: Sequence[Sequence[object]]


def fold(changes: Iterable[Change]) -> list[Change]:
    """One change a row, with the same end as all of them in turn. Raises Poisoned where a row is made twice."""
    rows: dict[tuple[Table, str], Change] = {}
    for change in changes:
        key = (change.table, change.id)
        before = rows.get(key)
        rows[key] = change if before is None else _then(before, change)
    return list(rows.values())


def rows(changes: Iterable[Change]) -> list[Rows]:
    """All of one lot's changes, folded."""
    grouped: dict[Shape, list[Change]] = defaultdict(list)
    for change in fold(changes):
        grouped[Shape(change.table, change.kind, _columns(change.values), _columns(change.at_first))].append(change)
    return [_rows(shape, some) for shape, some in grouped.items()]


def together(owned: Iterable[tuple[Owner, Rows]]) -> list[tuple[Shape, list[tuple[Owner, Rows]]]]:
    """The statements to run, in order: of each shape the rows of all lots."""
    grouped: dict[Shape, list[tuple[Owner, Rows]]] = defaultdict(list)
    for owner, of_lot in owned:
        grouped[of_lot.shape].append((owner, of_lot))
    return sorted(grouped.items(), key=lambda item: TABLES.index(item[0].table))


def _rows(shape: Shape, changes: Sequence[Change]) -> Rows:
    columns = [[change.values[name] for change in changes] for name in shape.columns]
    first = [[change.at_first[name] for change in changes] for name in shape.at_first]
    return Rows(shape, [change.id for change in changes], [*columns, *first])


def _then(before: Change, after: Change) -> Change:
    if after.kind == "insert":
        raise Poisoned(f"{after.table} {after.id} is made twice")
    values = {**before.values, **after.values}
    at_first = {name: value for name, value in before.at_first.items() if name not in values}
    return Change(before.kind, before.table, before.id, values, at_first)


def _columns(values: Mapping[str, object]) -> tuple[str, ...]:
    return _ordered(tuple(values))


@cache
def _ordered(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(name for name in names if name != "lot_id"))
