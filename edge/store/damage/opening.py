"""What happens before a store is opened: is it still what was written to it? If it isn't, another one is begun."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import structlog

from edge.store.connecting import only_reading
from edge.store.damage import inspection, quarantine
from edge.store.damage.bearings import bearings_path
from edge.store.damage.headmark import HeadMark
from edge.store.trouble import DATABASE_ERRORS, in_words, is_damage
from models.ids import LotId
from models.instants import SECOND, Clock

_LOG = structlog.get_logger("edge.store")
_LOOK_FOR = 5 * SECOND
"""A start mustn't take long: what isn't looked at then, the slow round looks at."""


def made_sound(
    store: Path,
    lot: LotId,
    clock: Clock,
    mark: HeadMark,
    suspected: str = "",
    make_room: quarantine.MakeRoom = quarantine.nothing_to_give,
) -> str:
    """Afterwards the store can be opened, as far as that is in our power. `suspected`: what was found damaged while it
    was in use. Returns what is damaged in it and why it was left so; empty when it is sound. Raises OSError and
    sqlite3.Error."""
    if quarantine.put_in_place(store, mark):
        return ""
    quarantine.sweep(store)
    if not store.exists() or store.stat().st_size == 0:
        mark.forget()
        return ""
    damage = suspected or _damage(store, lot, clock, mark)
    if not damage:
        return ""
    now = clock.read()
    why_not = quarantine.why_not_now(store, now.wall)
    if why_not and quarantine.can_be_opened(store):
        _LOG.error("store.damaged_again", why=damage, left_because=why_not)
        return f"{damage}; {why_not}"
    if quarantine.begin_anew(store, lot, now, damage, mark, make_room):
        return ""
    return f"{damage}; the disk has no room for a new one"


def _damage(store: Path, lot: LotId, clock: Clock, mark: HeadMark) -> str | None:
    until = clock.monotonic() + _LOOK_FOR
    try:
        _roll_back(store)
        with closing(only_reading(store)) as connection:
            # Asked first: it fails on whatever isn't a database at all.
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            return inspection.found_at_start(connection, lot, mark.marks, lambda: clock.monotonic() > until)
    except DATABASE_ERRORS as wrong:
        if not is_damage(wrong) or _is_a_strangers(store, wrong):
            raise
        return in_words(wrong)


def _roll_back(store: Path) -> None:
    """A power cut while a new store went over to its log leaves a journal: who only reads can't roll that back."""
    if not store.with_name(f"{store.name}-journal").exists():
        return
    with closing(sqlite3.connect(store, isolation_level=None)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()


def _is_a_strangers(store: Path, wrong: Exception) -> bool:
    """A file that is no database and was never a store of ours is left alone: its path was written wrongly."""
    code = getattr(wrong, "sqlite_errorcode", 0)
    return code == sqlite3.SQLITE_NOTADB and not bearings_path(store).exists()
