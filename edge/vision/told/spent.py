"""Ids of a device under which nothing counts any more: those of vehicles that have left. Pure.

Not for ever: a device that was restarted counts from the beginning again.
"""

from __future__ import annotations

from collections.abc import Iterable

from models.instants import SECOND, Monotonic

KEPT = 600 * SECOND
"""For so long after it was said last"""
_MOST = 256

Spent = tuple[tuple[str, Monotonic], ...]


def spent_with(spent: Spent, events: Iterable[str], at: Monotonic) -> Spent:
    added = dict.fromkeys(events, at)
    kept = ((event, said) for event, said in spent if event not in added and at - said < KEPT)
    return (*kept, *added.items())[-_MOST:]


def is_spent(spent: Spent, event: str, at: Monotonic) -> bool:
    return any(event == each and at - said < KEPT for each, said in spent)
