"""The edge daemon with a careless keeper of its vision process, for the controls: PARKGATE_CARELESS says which."""

from __future__ import annotations

import os

from edge.cli import main
from edge.vision.process import keeper
from edge.vision.process.life import patience, suspects
from models.instants import SECOND


def hurried() -> None:
    """Not careless: the daemon that ships, but with its spare soon there and no pause between blows that come
    every few seconds: for campaigns that take half a minute."""
    keeper.FIRST_SPARE, keeper.NEXT_SPARE = 1.0, 0.5
    keeper.SOON = suspects.SOON = SECOND


def abandons() -> None:
    """What died stays dead for a minute."""
    hurried()
    keeper.pause_before = lambda failures, now: 60.0


def patient() -> None:
    """A process that is stopped may come to itself again."""
    hurried()
    patience.STOPPED_AFTER = patience.SILENCE = 30.0
    patience.LONGEST = 60.0


if __name__ == "__main__":
    {"HURRIED": hurried, "ABANDONS": abandons, "PATIENT": patient}[os.environ["PARKGATE_CARELESS"]]()
    main()
