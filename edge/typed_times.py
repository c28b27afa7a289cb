"""Times as people type and read them at a lot's prompt: with their offset, or by the lot's own clock."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from models.instants import Instant, from_datetime, to_datetime


def typed(text: str) -> dt.datetime:
    """Raises ValueError."""
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} isn't a time, such as 2026-11-20T08:12:00+01:00 or 2026-11-20T08:12") from None


def moment(text: str | None, zone: str) -> Instant | None:
    """Without an offset by the clock of that zone. Raises ValueError."""
    if text is None:
        return None
    said = typed(text)
    return from_datetime(said if said.tzinfo else said.replace(tzinfo=ZoneInfo(zone)))


def shown(at: Instant, zone: str) -> str:
    """To the minute, by the clock of that zone."""
    return to_datetime(at).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
