"""May a permit's next vehicle come in now, and which rule says no? Functions over values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.access.hours import Hours
from models.refusals import Refusal


class PermitKind(StrEnum):
    MONTHLY = "monthly"
    """One holder's, for as long as it is paid for"""
    FLEET = "fleet"
    """Vehicles of one account"""
    GUEST = "guest"
    """A pass for some entries or days, which an account gives to its guests"""
    COURTESY = "courtesy"
    """Free of charge"""


class Beyond(StrEnum):
    """What becomes of a vehicle that its permit doesn't cover at this moment."""

    TRANSIENT = "transient"
    """It comes in as anybody does, and pays as anybody does"""
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a permit reaches. None: without that limit. `entries`: so often it lets in, all its vehicles together."""

    hours: tuple[Hours, ...] = ()
    in_at_a_time: int | None = None
    entries: int | None = None
    beyond: Beyond = Beyond.TRANSIENT


UNLIMITED = Limits()


@dataclass(frozen=True, slots=True)
class Used:
    """What a permit has taken up, its next vehicle not counted: its vehicles inside, those of all permits of its
    account, and how often it has let in."""

    inside: int = 0
    of_account: int = 0
    entries: int = 0


def hindrance(limits: Limits, account_limit: int | None, used: Used, *, in_hours: bool) -> Refusal | None:
    """The rule by which the permit doesn't cover one more vehicle now; None: it does."""
    if not in_hours:
        return Refusal.OUTSIDE_HOURS
    if limits.entries is not None and used.entries >= limits.entries:
        return Refusal.PASS_USED_UP
    if limits.in_at_a_time is not None and used.inside >= limits.in_at_a_time:
        return Refusal.PERMIT_LIMIT
    if account_limit is not None and used.of_account >= account_limit:
        return Refusal.ACCOUNT_LIMIT
    return None
