"""What a lot is to be sent next, decided from how far it is and when it was last sent something. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.instants import SECOND, Instant
from models.wire.intents import SentIntent, Taken

PATIENCE = 5 * SECOND
MOST_PATIENCE = 300 * SECOND
IN_FLIGHT = 1 * SECOND
"""What was sent so recently may still be on its way: it isn't sent again."""
INTENTS_AT_ONCE = 1000
_TARIFF = "tariff.set"


@dataclass(frozen=True, slots=True)
class Towards:
    """One lot as the cloud knows it. `revision`: the last intent that was issued; `acked`: that the lot has; `sent`.

    `tries`: how often the same has been sent without an answer. `said`: the lot's last word of itself. `adopting`: an
    operator wants what the lot has taken over.
    """

    revision: int
    hash: str
    acked: int
    sent: int
    sent_at: Instant
    tries: int
    needs_snapshot: bool
    forked: bool
    said: Taken | None
    adopting: bool = False


@dataclass(frozen=True, slots=True)
class Deltas:
    after: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    pass


@dataclass(frozen=True, slots=True)
class Question:
    """What stands at the lot?"""


def due(lot: Towards, now: Instant) -> Deltas | Snapshot | Question | None:
    """Nothing goes to a lot that hasn't said what it understands; to one whose history is another only the question,
    once an operator has said that its word is to be taken over."""
    if lot.said is None or (lot.forked and not lot.adopting):
        return None
    if not lot.forked and lot.acked >= lot.revision and not lot.needs_snapshot:
        return None
    silent = now - lot.sent_at >= min(PATIENCE << min(lot.tries, 10), MOST_PATIENCE)
    if lot.forked:
        return Question() if silent or lot.tries == 0 else None
    if lot.needs_snapshot or lot.acked == 0:
        return Snapshot() if silent or lot.tries == 0 else None
    if lot.sent <= lot.acked:
        return Deltas(lot.acked)
    return Deltas(lot.acked) if silent else None


def runnable(intent: SentIntent, said: Taken) -> bool:
    """Whether the lot may be given it. What it merely doesn't know it parks; a tariff would set what people pay."""
    if intent.type != _TARIFF or intent.body is None:
        return True
    body: Mapping[str, Any] = json.loads(intent.body)
    return intent.version in said.understands.get(_TARIFF, ()) and body.get("dialect") in said.dialects


def for_lot(intents: Iterable[SentIntent], said: Taken) -> list[SentIntent]:
    """As they go to this lot: with a tariff that it can't run only named."""
    return [intent if runnable(intent, said) else intent.withheld() for intent in intents]


def without_gap(after: int, intents: Sequence[SentIntent]) -> list[SentIntent]:
    """The intents that follow `after` one by one; none when the first of them is no longer kept."""
    return [intent for place, intent in enumerate(intents, start=1) if intent.revision == after + place]
