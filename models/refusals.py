"""Why a vehicle isn't let through: one member a reason, with what each person is told."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Said(NamedTuple):
    driver: str
    """One short line on the sign."""
    operator: str
    remedy: str


class Refusal(Enum):
    """The name is stable: it stands in facts, logs and the API."""

    LOT_FULL = Said(
        "Car park full",
        "No spot that fits the vehicle is free",
        "Wait for a departure, or open another level",
    )
    ALREADY_INSIDE = Said(
        "Please use the intercom",
        "A vehicle with this plate is inside already",
        "Compare the pictures; close the stale ticket or let the vehicle in by hand",
    )
    PASSBACK = Said(
        "Please use the intercom",
        "This permit is inside already, or leaves without having entered",
        "Look where the vehicle is; reset the permit to neutral, or let the vehicle through by hand",
    )
    CLOSED_TO_TRANSIENTS = Said(
        "Permits only",
        "The lane is closed to vehicles without a permit or a reservation",
        "Open the lane to all, or send the vehicle elsewhere",
    )
    LANE_CLOSED = Said(
        "Lane closed",
        "The lane is closed to all",
        "Open the lane, or send the vehicle to another one",
    )
    NO_TICKET = Said(
        "Please press the intercom",
        "No open ticket for this plate",
        "Look for a misread plate among the open tickets",
    )
    NO_SUCH_TICKET = Said(
        "Ticket not known here",
        "The code that was scanned or typed is no ticket of this lot",
        "Ask for the right ticket; look for the vehicle by its plate",
    )
    TICKET_USED = Said(
        "Ticket no longer valid",
        "The stay of this ticket is over: its vehicle has left, or never came in",
        "Look at the ticket's passages; it may be a copy",
    )
    TICKET_SWAPPED = Said(
        "Please use the intercom",
        "The ticket is another vehicle's: both plates were read well, and they differ",
        "Ask for the vehicle's own ticket; compare the pictures; a lost ticket has its own price",
    )
    TOO_MANY_CODES = Said(
        "One moment, please wait",
        "Wrong codes or cards were shown here one after another: the next one has to wait",
        "Look who stands there; find the stay by its plate or its picture",
    )
    CARD_UNKNOWN = Said(
        "Card not known here",
        "No permit has this card",
        "Look at the card's number and at the permits of the lot",
    )
    PERMIT_LIMIT = Said(
        "Permit in use by others",
        "As many vehicles as the permit covers at a time are inside already",
        "Look which of them are inside; give the permit more at a time, or let the vehicle in by hand as a transient",
    )
    ACCOUNT_LIMIT = Said(
        "Your account's places are taken",
        "As many vehicles as the account may have inside are there already, of all its permits together",
        "Look which of them are inside; set the account's limit higher, or let the vehicle in by hand as a transient",
    )
    OUTSIDE_HOURS = Said(
        "Permit not valid at this hour",
        "The permit lets in at other hours of the week",
        "Look at the permit's hours; let the vehicle in by hand as a transient",
    )
    PASS_USED_UP = Said(
        "Pass used up",
        "The pass has let in as often as it was made for",
        "Make another pass, or let the vehicle in by hand as a transient",
    )
    BARRED = Said(
        "No entry, use the intercom",
        "The vehicle is barred from this lot",
        "Look why on the list of barred vehicles; take it off there if that is settled",
    )
    BARRED_CALLED = Said(
        "No entry, a person is coming",
        "The vehicle is barred from this lot; a person was called to the lane",
        "Go there; look why on the list of barred vehicles, and take it off there if that is settled",
    )
    NOT_READ = Said(
        "Please move forward slowly",
        "The plate couldn't be read",
        "Look at the lane's camera: dirt, glare, aim",
    )
    RESERVATION_EARLY = Said(
        "Too early, come later",
        "The reservation begins later than this lot lets anybody in before",
        "Ask the driver to come back, or let the vehicle in by hand",
    )
    RESERVATION_OVER = Said(
        "Reservation is over",
        "The time of the reservation is over",
        "Let the driver take a ticket, or let the vehicle in by hand",
    )
    RESERVATION_USED = Said(
        "Reservation used already",
        "A vehicle has come in on this reservation before",
        "Compare the pictures: the code may be a copy",
    )
    RESERVATION_CANCELLED = Said(
        "Reservation cancelled",
        "The reservation was cancelled",
        "Look at the reservation in the cloud; let the driver take a ticket",
    )
    RESERVATION_ELSEWHERE = Said(
        "For another car park",
        "The reservation is for another lot",
        "Tell the driver where the reservation is for",
    )
    RESERVATION_UNKNOWN = Said(
        "Reservation not known",
        "The code is no reservation that the cloud of this lot has signed",
        "Look for the reservation by its plate; a code of long ago may be signed with a key that is gone",
    )
    PAYMENT_DECLINED = Said(
        "Card declined, try another",
        "The terminal declined the payment",
        "Let the driver pay by other means",
    )
    DEBTS_OPEN = Said(
        "Please use the intercom",
        "A vehicle with this plate was let out without paying, and the lot lets no such vehicle in",
        "Let the driver pay what is owed, or let the vehicle in by hand",
    )
    NEEDS_PERSON = Said(
        "Please wait for a person",
        "The stay costs more than a machine may take without a person; a person was called",
        "Look whether the stay is right, then let the vehicle out by hand: what it owes goes on record as a debt",
    )
    NOT_RECORDED = Said(
        "One moment, please wait",
        "The lot's store couldn't record the decision, so the arm stayed down",
        "Check the disk of the edge computer",
    )
    ARM_UNREACHABLE = Said(
        "One moment, please wait",
        "The barrier couldn't be told to rise",
        "Check the barrier's power, cable and network",
    )

    @property
    def driver(self) -> str:
        return self.value.driver

    @property
    def operator(self) -> str:
        return self.value.operator

    @property
    def remedy(self) -> str:
        return self.value.remedy
