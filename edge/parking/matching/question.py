"""What a driver is asked about a stay that may be theirs: enough to know it by, and nothing of another customer's.

The plate on record may be somebody else's. Of it only those characters are shown that the camera saw at this very
vehicle; the others are hidden, whichever of the two reads was wrong. The time of entry tells the driver the rest.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from zoneinfo import ZoneInfo

from edge.lane.signals import Question
from models.instants import Instant, to_datetime
from models.phrases.phrase import Phrase
from models.plates import Plate

HIDDEN = "*"


def question(plate: Plate, read: Plate, entered: Instant, now: Instant, zone: str) -> Question:
    """`plate` is the stay's, `read` what was read of the vehicle that stands there."""
    shown = as_shown(plate, read)
    return Question(plate, shown, Phrase.DID_YOU_COME.of(time=time_of_day(entered, now, zone), plate=shown))


def as_shown(plate: Plate, read: Plate) -> str:
    """`AB12CD*`, of AB12CDE where AB12CDF was read."""
    same = SequenceMatcher(None, plate, read, autojunk=False).get_matching_blocks()
    seen = {place for block in same for place in range(block.a, block.a + block.size)}
    return "".join(character if place in seen else HIDDEN for place, character in enumerate(plate))


def time_of_day(at: Instant, now: Instant, zone: str) -> str:
    """The time, and of another day its date too."""
    then, today = (to_datetime(each).astimezone(ZoneInfo(zone)) for each in (at, now))
    return then.strftime("%H:%M" if then.date() == today.date() else "%Y-%m-%d %H:%M")
