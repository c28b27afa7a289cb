"""A lot's tables as a person with pencil and paper would keep them, from what the facts change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from models.effects import Change, Table, Value

TABLES: tuple[Table, ...] = get_args(Table)

NOT_FROM_FACTS = {"id", "masked_at"}
"""The key, and what retention writes beside the facts."""

Rows = dict[tuple[str, str], dict[str, Value]]
"""Columns and values by table and id."""


def on_paper(changes: Iterable[Change]) -> Rows:
    """The rules of `Change`, read aloud."""
    rows: Rows = {}
    for change in changes:
        row = rows.get((change.table, change.id))
        assert (row is None) or change.kind != "insert"
        assert (row is not None) or change.kind != "update"
        rows[change.table, change.id] = {**(change.at_first if row is None else row), **change.values}
    return rows
