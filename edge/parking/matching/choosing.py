"""Of the stays that may be a vehicle's, the one that is acted on, or about which its driver is asked next. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from models.plates import Plate
from models.plates.matching import Alike, Candidate, Doubtful, Nobody, Verdict

LIKELY_ENOUGH = 0.5
"""Below that, a question would rather be about somebody else's vehicle than about the driver's own."""
MOST_QUESTIONS = 2
"""After so many no's the driver shows the ticket, or a person looks."""


@dataclass(frozen=True, slots=True)
class Choice:
    """`sure`: it is alone."""

    candidate: Candidate
    sure: bool


def choose(verdict: Verdict, denied: Collection[Plate] = ()) -> Choice | None:
    """`denied`: the plates that the driver said aren't theirs. None: nobody is likely enough to ask about."""
    if len(denied) >= MOST_QUESTIONS:
        return None
    match verdict:
        case Nobody():
            return None
        case Alike(found):
            return None if found.inside.plate in denied else Choice(found, sure=True)
        case Doubtful(among):
            return _likeliest(among, denied)


def candidates(verdict: Verdict) -> tuple[Candidate, ...]:
    """All of them, the likeliest first."""
    match verdict:
        case Nobody():
            return ()
        case Alike(found):
            return (found,)
        case Doubtful(among):
            return among


def _likeliest(among: tuple[Candidate, ...], denied: Collection[Plate]) -> Choice | None:
    """What a no has ruled out makes the others likelier."""
    left = [one for one in among if one.inside.plate not in denied]
    possible = 1 - sum(one.odds for one in among if one.inside.plate in denied)
    if not left or possible <= 0 or left[0].odds / possible < LIKELY_ENOUGH:
        return None
    return Choice(left[0], sure=False)
