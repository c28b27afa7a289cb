"""The faults of single spots."""

from __future__ import annotations

from models.faults import Fault

EMPTY_BUT_TAKEN = Fault(
    code="spot.empty_but_taken",
    meaning="A ticket's vehicle was led there, and the spot's sensor has called it free for long",
    does="Leaves the stay and its spot as they are: a sensor ends no stay",
    ends="The sensor calls it taken, the vehicle is found on another spot, or its stay is over",
    look_at="Whether the vehicle stands elsewhere or has left unseen (`parkgate-edge spots list`); the spot's sensor",
)
