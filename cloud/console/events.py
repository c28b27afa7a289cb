"""Facts as lines of the live feed: what an operator wants to know happened. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

from cloud.console.shown import fault, refusal
from models.facts import (
    AccessRefused,
    DaemonStarted,
    DebtCollected,
    ExitAbandoned,
    ExitDoubted,
    Fact,
    FaultCleared,
    FaultRaised,
    HelpCalled,
    LaneHeld,
    LaneOrdered,
    LaneReleased,
    MatchDecided,
    MatchUndone,
    PassageCounted,
    PassbackNoted,
    PaymentAuthorised,
    PaymentTaken,
    PersonNeeded,
    StoreQuarantined,
    Suspicion,
    TicketClosed,
    TicketConfirmed,
    TicketLost,
    TicketSuspected,
    TicketSuspectedV1,
    TicketUnresolved,
    TicketVoided,
    UnableToCollect,
    UnableToCollectV1,
    ValidationGiven,
    VehicleAlerted,
)
from models.instants import Instant
from models.lanes import HoldCause, OrderKind, PassageKind
from models.money import written
from models.tickets import Direction

_VOIDED = {
    "back_out": "Backed out, ticket void",
    "vend_failed": "The arm couldn't be told to rise, ticket void",
    "seen_outside": "Seen outside again, ticket void",
}
_PASSED = {
    PassageKind.TAILGATE: "Followed another vehicle through",
    PassageKind.WRONG_WAY: "Came the wrong way",
    PassageKind.FORCED: "Drove past a closed arm",
    PassageKind.MANUAL: "Passed on a person's order",
    PassageKind.POLICY: "Passed unread, as the lane is set to",
    PassageKind.PERMIT: "Passed on a permit without a stay",
    PassageKind.HELD: "Passed under an arm kept up",
    PassageKind.FIRE: "Passed during a fire alarm",
}
_ORDERS = {
    OrderKind.OPEN: "opened the arm",
    OrderKind.CLOSE: "closed the arm",
    OrderKind.KEEP_OPEN: "keeps the arm open",
    OrderKind.RELEASE: "ended keep-open",
    OrderKind.SET_STATE: "set the lane to",
    OrderKind.RESET_FIRE: "reset the fire alarm",
    OrderKind.RESET_FAULTS: "reset the lane's faults",
}
_CALLS = {"help": "A driver calls for help", "lost_ticket": "A driver has lost the ticket"}
_SUSPECTED = {
    Suspicion.USED_AGAIN: "A ticket is shown whose vehicle has left",
    Suspicion.OTHER_PLATE: "Another vehicle shows this ticket",
    Suspicion.TWO_TICKETS: "Shows a fresh ticket and is inside on an older one",
    Suspicion.MATCHED_WRONGLY: "Its stay was ended by another vehicle, and here it stands: see `tickets matched` there",
}
TOLD = tuple(
    fact.type
    for fact in (
        AccessRefused,
        DaemonStarted,
        DebtCollected,
        ExitAbandoned,
        ExitDoubted,
        FaultCleared,
        FaultRaised,
        HelpCalled,
        LaneHeld,
        LaneOrdered,
        LaneReleased,
        MatchDecided,
        MatchUndone,
        PassageCounted,
        PassbackNoted,
        PaymentAuthorised,
        PaymentTaken,
        PersonNeeded,
        StoreQuarantined,
        TicketClosed,
        TicketConfirmed,
        TicketLost,
        TicketSuspected,
        TicketUnresolved,
        TicketVoided,
        UnableToCollect,
        UnableToCollectV1,
        VehicleAlerted,
        ValidationGiven,
    )
)
"""The types that make a line. What only prepares another (a ticket opened, an exit allowed) makes none."""


@dataclass(frozen=True, slots=True)
class Line:
    """`sign` names the little picture: in, out, back, refused, fault, cleared, money, debt, note."""

    at: Instant
    sign: str
    said: str
    where: str | None = None
    ticket: str | None = None
    plate: str | None = None


@singledispatch
def line(fact: Fact) -> Line | None:
    """None for a fact that makes no line."""
    return None


@line.register
def _(fact: TicketConfirmed) -> Line:
    return Line(fact.passed, "in", "Entered", fact.lane, fact.ticket)


@line.register
def _(fact: TicketClosed) -> Line:
    return Line(fact.exited, "out", "Left", fact.lane, fact.ticket)


@line.register
def _(fact: TicketVoided) -> Line:
    return Line(fact.at, "back", _VOIDED[fact.reason], fact.lane, fact.ticket)


@line.register
def _(fact: TicketUnresolved) -> Line:
    return Line(fact.at, "note", f"Nobody saw the {fact.during}: needs a look", None, fact.ticket)


@line.register
def _(fact: ExitAbandoned) -> Line:
    return Line(fact.at, "back", "Turned back before the exit", fact.lane, fact.ticket)


@line.register
def _(fact: ExitDoubted) -> Line:
    """The pictures lie at the lot: they don't travel."""
    others = len(fact.among) - 1
    likely = f"may be this one ({fact.among[0].odds_permille // 10} %)" + (f" or {others} more" if others else "")
    denied = ", and its driver said no" if fact.denied else ""
    return Line(fact.at, "refused", f"Exit in doubt: {likely}{denied}", fact.lane, fact.ticket, fact.license_plate)


@line.register
def _(fact: MatchDecided) -> Line:
    by = "both pictures" if fact.seen == "pictures" else "the plates"
    return Line(
        fact.at, "note", f"{fact.by} says by {by} that this is its ticket: {fact.reason}", fact.lane, fact.ticket
    )


@line.register
def _(fact: MatchUndone) -> Line:
    said = f"A wrong match, undone by {fact.by}: {fact.reason}"
    return Line(fact.at, "note", said, fact.exit_lane, fact.ticket)


@line.register
def _(fact: TicketSuspected | TicketSuspectedV1) -> Line:
    said = _SUSPECTED[Suspicion(fact.kind)]
    return Line(fact.at, "refused", said, fact.lane, fact.ticket, fact.license_plate)


@line.register
def _(fact: PaymentTaken) -> Line:
    return Line(fact.taken, "money", f"Paid {written(fact.amount, fact.currency)}", fact.lane, fact.ticket)


@line.register
def _(fact: UnableToCollect | UnableToCollectV1) -> Line:
    said = f"Unable to collect {written(fact.amount, fact.currency)}: {fact.reason}"
    return Line(fact.at, "debt", said, fact.lane, fact.ticket)


@line.register
def _(fact: DebtCollected) -> Line:
    said = f"Debt of {written(fact.amount, fact.currency)} paid after all"
    return Line(fact.taken, "money", said, fact.lane, fact.ticket)


@line.register
def _(fact: PaymentAuthorised) -> Line:
    said = f"{written(fact.amount, fact.currency)} authorised off line, to be confirmed"
    return Line(fact.at, "money", said, fact.lane, fact.ticket)


@line.register
def _(fact: PersonNeeded) -> Line:
    said = f"{written(fact.amount, fact.currency)} to pay, {fact.why}: a person is needed"
    return Line(fact.at, "refused", said, fact.lane, fact.ticket)


@line.register
def _(fact: ValidationGiven) -> Line:
    return Line(fact.at, "note", f"Validation {fact.code} given by {fact.by}", fact.lane, fact.ticket)


@line.register
def _(fact: TicketLost) -> Line:
    return Line(fact.at, "note", f"The ticket is lost, says {fact.by}", fact.lane, fact.ticket)


@line.register
def _(fact: AccessRefused) -> Line:
    way = "Entry" if fact.direction is Direction.ENTRY else "Exit"
    return Line(fact.at, "refused", f"{way} refused: {refusal(fact.reason)}", fact.lane, None, fact.license_plate)


@line.register
def _(fact: VehicleAlerted) -> Line:
    return Line(fact.at, "fault", f"Let in, and on the list of barred vehicles: {fact.reason}", fact.lane, fact.ticket)


@line.register
def _(fact: FaultRaised) -> Line:
    return Line(fact.at, "fault", f"{fault(fact.code)}, {fact.detail}".strip(" ,"), fact.source)


@line.register
def _(fact: FaultCleared) -> Line:
    return Line(fact.at, "cleared", f"{fault(fact.code)}, over", fact.source)


@line.register
def _(fact: PassageCounted) -> Line:
    way = "in" if fact.direction is Direction.ENTRY else "out"
    unpaid = "; unable to collect" if fact.unable_to_collect else ""
    sign = "debt" if fact.unable_to_collect else "note"
    return Line(fact.at, sign, f"{_PASSED[fact.kind]}, {way}{unpaid}", fact.lane, None, fact.license_plate)


@line.register
def _(fact: LaneOrdered) -> Line:
    what = _ORDERS[fact.kind] + (f" {fact.state.replace('_', ' ')}" if fact.state else "")
    if fact.obeyed:
        return Line(fact.at, "note", f"{fact.by} {what}: {fact.reason}", fact.lane)
    return Line(fact.at, "note", f"Not obeyed, {fact.why_not} ({fact.by}: {fact.reason})", fact.lane)


@line.register
def _(fact: LaneHeld) -> Line:
    if fact.cause is HoldCause.FIRE:
        return Line(fact.at, "fault", "Fire alarm: the arm goes up and stays up", fact.lane)
    return Line(fact.at, "note", "The arm is kept up", fact.lane)


@line.register
def _(fact: LaneReleased) -> Line:
    return Line(fact.at, "cleared", "The arm is kept up no longer", fact.lane)


@line.register
def _(fact: HelpCalled) -> Line:
    return Line(fact.at, "refused", _CALLS.get(fact.why, "A driver calls"), fact.lane, None, fact.license_plate)


@line.register
def _(fact: PassbackNoted) -> Line:
    inside = "entered, but was inside" if fact.direction is Direction.ENTRY else "left, but wasn't inside"
    return Line(fact.at, "note", f"A permit {inside}: let through ({fact.mode} passback)", fact.lane)


@line.register
def _(fact: StoreQuarantined) -> Line:
    lost = f"{fact.facts_lost} records lost" if fact.facts_lost else "no record lost"
    return Line(fact.at, "refused", f"The lot's store was damaged and begun anew: {lost} ({fact.file})")


@line.register
def _(fact: DaemonStarted) -> Line:
    return Line(fact.at, "note", f"The lot's computer started (release {fact.release})")
