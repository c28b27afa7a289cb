"""Looks whether a store is still what was written to it: its structure, its chain, and the mark beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping

from edge.store import chain
from edge.store.damage.headmark import Mark
from edge.store.trouble import DATABASE_ERRORS, in_words, is_damage
from models.facts.base import Stream
from models.ids import LotId

LATEST_FACTS = 1000
"""So many are checked at each start; a slow round checks all."""
_STEPS_BETWEEN_LOOKS = 20_000

Damage = str
"""What is wrong and where, for a person."""


def found_at_start(
    connection: sqlite3.Connection, lot: LotId, marks: Mapping[Stream, Mark], enough: Callable[[], bool]
) -> Damage | None:
    """What speaks against opening this store; `enough` is asked now and then whether to leave the rest to a round."""
    try:
        return (
            _facts_are_missing(connection, marks)
            or _structure(connection, "quick_check", enough)
            or _latest_facts(connection, lot)
        )
    except DATABASE_ERRORS as wrong:
        if not is_damage(wrong):
            raise
        return in_words(wrong)


def all_through(connection: sqlite3.Connection, lot: LotId) -> Iterator[Damage | None]:
    """The whole store, step by step; None for a step that found nothing. Each step is a short read of its own."""
    yield from (_seen(connection, lambda c, name=name: _table(c, name)) for name in _tables(connection))
    for stream in chain.streams(connection):
        for place in chain.walk(connection, lot, stream):
            yield str(place) if isinstance(place, chain.Break) else None


def _seen(connection: sqlite3.Connection, look: Callable[[sqlite3.Connection], Damage | None]) -> Damage | None:
    try:
        return look(connection)
    except DATABASE_ERRORS as wrong:
        if not is_damage(wrong):
            raise
        return in_words(wrong)


def _tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return ["sqlite_schema", *(row["name"] for row in rows)]


def _table(connection: sqlite3.Connection, name: str) -> Damage | None:
    """Structure, indices and references of one table."""
    said = connection.execute(f"PRAGMA integrity_check('{name}')").fetchone()[0]
    if said != "ok":
        return f"{name}: {_one_line(said)}"
    astray = None if name == "sqlite_schema" else connection.execute(f"PRAGMA foreign_key_check({name})").fetchone()
    return None if astray is None else f"{name}: row {astray[1]} refers to a row of {astray[2]} that isn't there"


def _structure(connection: sqlite3.Connection, check: str, enough: Callable[[], bool]) -> Damage | None:
    connection.set_progress_handler(enough, _STEPS_BETWEEN_LOOKS)
    try:
        said = connection.execute(f"PRAGMA {check}(1)").fetchone()[0]
    except sqlite3.OperationalError as wrong:
        if wrong.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return None
    finally:
        connection.set_progress_handler(None, 0)
    return None if said == "ok" else _one_line(said)


def _facts_are_missing(connection: sqlite3.Connection, marks: Mapping[Stream, Mark]) -> Damage | None:
    """SQLite drops a damaged log from the damage on and says nothing: what was committed last would be gone."""
    there = {stream.stream_id: stream for stream in chain.streams(connection)}
    for name, mark in marks.items():
        stream = there.get(mark.stream_id)
        if stream is None or stream.seq < mark.seq:
            has = "none" if stream is None else str(stream.seq)
            return f"{name}: {mark.seq} facts were committed, and the store has {has} of them"
        if stream.seq == mark.seq and stream.hash != mark.hash:
            return f"{name}: fact {mark.seq} isn't the one that was committed"
    return None


def _latest_facts(connection: sqlite3.Connection, lot: LotId) -> Damage | None:
    for stream in chain.streams(connection):
        first = chain.begins(connection, stream)
        place = chain.Place(stream.seq - LATEST_FACTS, "") if stream.seq - first.seq > LATEST_FACTS else first
        for reached in chain.walk(connection, lot, stream, place):
            if isinstance(reached, chain.Break):
                return str(reached)
    return None


def _one_line(said: str) -> str:
    return " ".join(said.split())
