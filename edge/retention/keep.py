"""How long a lot keeps what it knows, as instants before which it goes. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from models.instants import HOUR, Instant

DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Keep:
    """Lengths in days, counted as the settings say it; `pictures_bytes` is the most that pictures take together."""

    plates: int = 30
    debts: int = 365
    tickets: int = 400
    ledger: int = 35
    telemetry: int = 14
    pictures: int = 30
    pictures_bytes: int = 2_000_000_000


def before(now: Instant, days: int) -> Instant:
    """What is older than this is more than so many days old."""
    return Instant(now - days * DAY)
