"""How patient a lane is, as a technician writes it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from drivers.values import Seconds
from edge.lane.timing import LaneTiming
from models.documents.section import Section


class TimingSettings(Section):
    """How patient a lane is."""

    read_within: Annotated[Seconds, Field(gt=0, le=300)] = 12.0
    """A vehicle is told that its plate couldn't be read after this long"""
    retry_after: Annotated[Seconds, Field(gt=0, le=300)] = 5.0
    """A refused vehicle that still waits is asked for again after this long"""
    rise_within: Annotated[Seconds, Field(gt=0, le=60)] = 5.0
    """An arm that still says it is closed this long after a vend is at fault"""
    back_out_after: Annotated[Seconds, Field(gt=0, le=60)] = 3.0
    """A vehicle that left the arming loop and isn't under the arm by then has backed out"""
    clear_within: Annotated[Seconds, Field(gt=0, le=3600)] = 60.0
    """A closing loop that is occupied for longer than this is stuck, and the lane works on without it"""
    leave_within: Annotated[Seconds, Field(gt=0, le=86400)] = 900.0
    """An arming loop that is occupied for longer than this is stuck, and the lane works on by its camera"""
    used_within: Annotated[Seconds, Field(gt=0, le=600)] = 30.0
    """A vehicle that stands before its raised arm for this long is looked at again; a vend by hand that nobody used by
    then is over"""
    answer_within: Annotated[Seconds, Field(gt=90, le=3600)] = 120.0
    """An exit lets out whom it can't answer, or put on record, for this long, and counts it as unable to collect"""
    person_within: Annotated[Seconds, Field(gt=90, le=7200)] = 600.0
    """Who owes more than a machine may take waits for a person this long, then is let out with a debt on record; where
    nobody can hear the call, for `answer_within`"""
    shortest_passage: Annotated[Seconds, Field(ge=0, le=2)] = 0.25
    """A closing loop that was occupied for less was no vehicle's passage: a loose wire, a person, a flock of birds.
    Where the vehicle leaves the arming loop at the same time it may have been one that was heard late: a ticket stays
    unresolved then, and a passage without one is counted"""
    travel_within: Annotated[Seconds, Field(gt=0, le=60)] = 8.0
    """An arm that is still between up and down after this long is stuck"""
    close_within: Annotated[Seconds, Field(gt=0, le=3600)] = 30.0
    """An arm that is still up this long after the last vehicle is stuck up"""

    def lane_timing(self) -> LaneTiming:
        return LaneTiming.model_validate(self.model_dump())
