"""How patient a lane is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class LaneTiming(BaseModel):
    """Waits of one lane, in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    read_within: float = Field(default=12, gt=0)
    """A plate that wasn't read by then counts as unreadable"""
    retry_after: float = Field(default=5, gt=0)
    """A refused vehicle that still waits is asked for again"""
    rise_within: float = Field(default=5, gt=0)
    """An arm that still reads closed after this long is silent"""
    travel_within: float = Field(default=8, gt=0)
    """An arm that is still between up and down after this long is stuck"""
    close_within: float = Field(default=30, gt=0)
    """An arm that is still up this long after the last vehicle is stuck up"""
    back_out_after: float = Field(default=3, gt=0)
    """A vehicle that left the arming loop and hasn't reached the closing loop by then has backed out"""
    clear_within: float = Field(default=60, gt=0)
    """A closing loop that is occupied for longer is stuck"""
    shortest_passage: float = Field(default=0.25, ge=0)
    """A closing loop that was occupied for less was no vehicle's passage"""
    answer_within: float = Field(default=120, gt=90)
    """An exit lets out whom its desk can't answer, or put on record, for this long, and counts it as unable to collect;
    longer than a driver has at the terminal"""
    person_within: float = Field(default=600, gt=0)
    """An exit lets out whose fee is more than a machine may take after this long without a person, as a debt on record;
    where nobody can hear the call, after `answer_within`"""
    leave_within: float = Field(default=900, gt=0)
    """An arming loop that is occupied for longer is stuck"""
    used_within: float = Field(default=30, gt=0)
    """A vend on a person's order that nobody drove through by then is over"""
    chatter_changes: int = Field(default=10, ge=4)
    """A loop that changes more often than this within `chatter_window` chatters"""
    chatter_window: float = Field(default=10, gt=0)
    settled_after: float = Field(default=5, gt=0)
    """A chattering loop that hasn't changed for so long is believed again"""
    held_by_vends_every: float = Field(default=5, gt=0)
    """A barrier that can't keep its arm up by itself is told to rise this often while it is held"""
