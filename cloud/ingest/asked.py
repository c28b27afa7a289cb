"""Holds what a lot tells of its tables against what it was asked for: nothing else of the cloud's is touched. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from models.digests import WHOLE
from models.facts.digests import Part
from models.wire.envelopes import Malformed
from models.wire.state_snapshots import Rows

_REFERRED_TO = ("vehicles", "tickets")
"""Rows of these come along by name, for others refer to them."""


def hold_against(wanted: Sequence[Part], told: Rows) -> None:
    """Raises Malformed for rows that weren't asked for, or that stand outside of the ids that they are told for."""
    if not _asked_for(wanted, told):
        raise Malformed(f"rows of {told.table} that nobody asked for")
    if told.which != "named" and not all(_between(str(row[0]), told.after, told.to) for row in told.rows):
        raise Malformed(f"rows of {told.table} outside of their own bounds")


def _asked_for(wanted: Sequence[Part], told: Rows) -> bool:
    match told.which:
        case "all":
            return told.table in WHOLE  # these always come
        case "named":
            return told.table in _REFERRED_TO
        case "run":
            return any(_covers(part, told) for part in wanted if part.table == told.table)


def _covers(part: Part, told: Rows) -> bool:
    """What is open is told as a run, from the oldest that is open on either side."""
    if part.which != "run":
        return part.which == "open"
    ends_inside = part.to is None or (told.to is not None and told.to <= part.to)
    return told.after >= part.after and ends_inside


def _between(id: str, after: str, to: str | None) -> bool:
    return after < id and (to is None or id <= to)
