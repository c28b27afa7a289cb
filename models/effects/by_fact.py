"""Finds, by a fact's type, what it changes; each subject's module registers its facts here."""

from __future__ import annotations

from functools import singledispatch

from models.effects.changes import Change, SpotOf
from models.facts import Fact
from models.ids import LotId


def effects(fact: Fact, lot: LotId, spot_of: SpotOf) -> tuple[Change, ...]:
    """The row changes of one fact, in the order in which they must be made.

    Rows that belong to a lot carry `lot_id` in their values when they are inserted.
    """
    # What `changes_of` would choose, without its search.
    return tuple(changes_of.registry.get(type(fact), changes_of)(fact, lot, spot_of))


@singledispatch
def changes_of(fact: Fact, lot: LotId, spot_of: SpotOf) -> list[Change]:
    raise TypeError(f"no effects are written for {type(fact).__name__}")
