"""Points in time and lengths of time as the stores and the wire carry them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import NewType, Protocol

Instant = NewType("Instant", int)
"""Microseconds since 1970-01-01T00:00:00 UTC."""

Monotonic = NewType("Monotonic", int)
"""Microseconds on a clock that never goes back; comparable only within one `boot_id`."""

BOOT = Monotonic(0)
"""Before anything was seen or heard."""

MILLISECOND = 1_000
SECOND = 1_000_000
HOUR = 3600 * SECOND

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_FIRST, _LAST = (
    (end - _EPOCH) // dt.timedelta(microseconds=1)
    for end in (dt.datetime.min.replace(tzinfo=dt.UTC), dt.datetime.max.replace(tzinfo=dt.UTC))
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the lot's clock said at one moment, and how far it can be believed.

    `synced` is false until the machine's wall clock has been set by a time server since boot.
    """

    boot_id: str
    monotonic: Monotonic
    wall: Instant
    synced: bool


class Clock(Protocol):
    """The only source of time: passed in, never reached for."""

    def read(self) -> Reading: ...

    def monotonic(self) -> Monotonic: ...

    async def sleep(self, seconds: float) -> None: ...


def to_datetime(at: Instant) -> dt.datetime:
    """The aware UTC datetime of `at`, exact to the microsecond. What lies beyond the calendar is shown as its end, so
    that no lot's odd row hides what stands beside it."""
    return _EPOCH + dt.timedelta(microseconds=min(max(at, _FIRST), _LAST))


def from_datetime(at: dt.datetime) -> Instant:
    """The instant of an aware datetime. Raises ValueError for a naive one."""
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no offset; write it as {at.isoformat()}Z or +hh:mm")
    return Instant((at - _EPOCH) // dt.timedelta(microseconds=1))


def to_rfc3339(at: Instant) -> str:
    return to_datetime(at).isoformat().replace("+00:00", "Z")


def from_rfc3339(text: str) -> Instant:
    """Raises ValueError for text that isn't RFC 3339 with an offset."""
    if not _RFC3339.fullmatch(text):
        raise ValueError(f"{text!r} isn't a time with its offset, such as 2026-11-20T08:12:00Z")
    return from_datetime(dt.datetime.fromisoformat(text.upper()))
