"""Many changes to a row become one, so that a window costs a few statements however many facts it holds. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from models.effects import Change, Table
from models.ids import LotId

TABLES: Sequence[Table] = (
    "parking_lots",
    "levels",
    "spots",
    "vehicles",
    "tickets",
    "payments",
    "access_refusals",
    "faults",
    "lane_states",
    "lane_orders",
    "passages",
    "help_calls",
    "fee_corrections",
    "taken_commands",
    "deletions",
)
"""In the order in which rows must be written: what is referred to comes first."""


EFFECT_FAILURES = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError)
"""What working out a fact's effects may raise when this release doesn't understand it after all."""


class Poisoned(Exception):
    """The facts ask for something that can't be: a row made twice, or a change to a row that isn't there."""


class Owner(NamedTuple):
    """Whose rows they are. It is the window's own lot, never the fact's word."""

    tenant: str
    lot: LotId


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one table that take the same statement: the same kind of change to the same columns."""

    kind: str
    table: Table
    columns: tuple[str, ...]
    at_first: tuple[str, ...]
    rows: tuple[tuple[Owner, Change], ...]


def fold(changes: Iterable[Change]) -> list[Change]:
    """One change a row, with the same end as all of them in turn. Raises Poisoned where a row is made twice."""
    rows: dict[tuple[Table, str], Change] = {}
    for change in changes:
        key = (change.table, change.id)
        before = rows.get(key)
        rows[key] = change if before is None else _then(before, change)
    return list(rows.values())


def batches(changes: Iterable[tuple[Owner, Change]]) -> list[Batch]:
    """The statements to run, in order. `lot_id` is left out of the columns: it is the owner's."""
    grouped: dict[tuple[Table, str, tuple[str, ...], tuple[str, ...]], list[tuple[Owner, Change]]] = defaultdict(list)
    for owned in changes:
        change = owned[1]
        grouped[change.table, change.kind, _columns(change.values), _columns(change.at_first)].append(owned)
    ordered = sorted(grouped.items(), key=lambda item: TABLES.index(item[0][0]))
    return [Batch(kind, table, columns, first, tuple(rows)) for (table, kind, columns, first), rows in ordered]


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
