"""What a technician says of tickets that aren't as they should be, and of attendants who park the vehicles."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from edge.parking.matching.lookalikes import LetOut
from edge.parking.stays.suspicions import Swapped
from models.documents.section import Section


class TicketsSettings(Section):
    """Tickets that aren't as they should be."""

    swapped: Swapped = Swapped.NOTE
    """A ticket of another vehicle, where both plates were read well: `refuse` keeps the vehicle in until a person
    comes, `call` calls one too, `note` lets it out and puts it on record"""

    pictures: bool = True
    """A picture of each vehicle is kept at its entry and its exit, for as long as `retention` says: a lost ticket is
    found by it, and a person sees whether two are the same vehicle"""

    lookalikes: LetOut = LetOut.ALONE
    """At an exit, a vehicle whose plate is nobody's, and looks like that of one inside: `alone` lets it out where
    nothing is owed and nothing else looks like it, and else asks its driver; `ask` always asks; `never` waits for the
    ticket or a person"""


class ValetSettings(Section):
    """Attendants park the vehicles. What that costs is the tariff's offer `valet`, with rates of its own."""

    attendants: Annotated[int, Field(ge=1, le=50)] = 1
    """How many fetch vehicles at a time, as a rule; the expected waits count with it"""
    stay_ends: Literal["hand-back", "exit"] = "hand-back"
    """`hand-back`: the stay is over when its driver has the vehicle. `exit`: it drives out through a lane, and pays
    there"""
