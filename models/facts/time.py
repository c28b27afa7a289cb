"""Facts about the lot's clock, and about what it cost when nobody knew the time."""

from __future__ import annotations

from typing import Literal

from models.facts.base import Fact
from models.ids import LaneName, TicketId
from models.instants import Instant
from models.money import Minor


class ClockSet(Fact, type="clock.set", version=1):
    """The lot's clock went from `before` to `after` at one moment, forwards or back; `synced`: on a time server's word.

    The fact's own reading says in which boot and when in it; from there, every moment of that boot can be dated anew.
    """

    before: Instant
    after: Instant
    synced: bool


class StayDated(Fact, type="stay.dated", version=1):
    """The clock was wrong when the stay was put on record, and now it is known when that was. None: that hasn't
    happened. No fee changes by it."""

    ticket: TicketId
    entered: Instant
    settled: Instant | None
    exited: Instant | None


class FeeBounded(Fact, type="fee.bounded", version=1):
    """Nobody knew how long the stay was when it was charged: it paid for `shortest`, the least that it can have been.
    By a tariff with windows it paid the lowest fee that was possible, also where only the time of day wasn't known.

    Microseconds. `longest` is the most that it can have been, None where nothing is known of that.
    """

    ticket: TicketId
    lane: LaneName
    at: Instant
    shortest: int
    longest: int | None


class FeeCorrected(Fact, type="fee.corrected", version=1):
    """The time became known, and a stay that is over had paid too much: `refund_owed` is what the lot owes its driver.

    `fee_before` is what was charged, `fee` what the stay cost by what is known now, `paid` what was paid in all. Only
    ever in the driver's favour. `refund_owed` is the whole of it, also after several corrections.
    """

    correction: str
    ticket: TicketId
    at: Instant
    why: Literal["clock_set"]
    fee_before: Minor
    fee: Minor
    paid: Minor
    refund_owed: Minor
    currency: str
