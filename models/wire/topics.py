"""The MQTT topics between a lot and the cloud. The lot's id stands in each, so a broker can keep lots apart."""

from __future__ import annotations

from models.facts.base import Stream
from models.ids import LotId

ROOT = "parkgate/v1"
SNAPSHOT, RESYNC, RESTORE = "snapshot", "resync", "restore"
"""The streams beside facts and intents: a snapshot up, what asks for one, and what a new store is told."""


def root(lot: LotId | str) -> str:
    """All topics of a lot begin with it."""
    return f"{ROOT}/{lot}"


def up(lot: LotId | str, stream: Stream) -> str:
    """Windows of facts, published by the lot."""
    return f"{root(lot)}/up/{stream}"


def up_ack(lot: LotId | str, stream: Stream) -> str:
    """Acknowledgements of that stream, published by the cloud."""
    return f"{root(lot)}/up/{stream}/ack"


def up_ask(lot: LotId | str, stream: Stream) -> str:
    """The lot asks where the cloud stands in that stream."""
    return f"{root(lot)}/up/{stream}/ask"


def up_answer(lot: LotId | str, stream: Stream) -> str:
    """What the cloud says to that, signed."""
    return f"{root(lot)}/up/{stream}/answer"


def down(lot: LotId | str, stream: str) -> str:
    """What the cloud wants of the lot: deltas and snapshots, published by the cloud."""
    return f"{root(lot)}/down/{stream}"


def down_ack(lot: LotId | str, stream: str) -> str:
    """How far the lot has taken them, published by the lot."""
    return f"{root(lot)}/down/{stream}/ack"


def command(lot: LotId | str) -> str:
    """Orders that are obeyed at most once, and questions for a nonce, published by the cloud; never retained."""
    return f"{root(lot)}/cmd"


def command_nonce(lot: LotId | str) -> str:
    """What the next command may carry, published by the lot."""
    return f"{root(lot)}/cmd/nonce"


def command_answer(lot: LotId | str) -> str:
    """What came of a command, published by the lot."""
    return f"{root(lot)}/cmd/answer"


def up_snapshot(lot: LotId | str) -> str:
    """Parts of a snapshot of the lot's state, published by the lot when it was asked."""
    return f"{root(lot)}/up/{SNAPSHOT}"


def up_restore(lot: LotId | str) -> str:
    """A lot whose store is new asks for what was last known of it."""
    return f"{root(lot)}/up/{RESTORE}"


def state(lot: LotId | str) -> str:
    """The lot's beacon and will, retained."""
    return f"{root(lot)}/state"


def lot_of(topic: str) -> LotId:
    """The lot that a topic belongs to. Raises ValueError for a topic that isn't ours."""
    parts = topic.split("/")
    if parts[:2] != ROOT.split("/") or len(parts) < 4:
        raise ValueError(f"{topic!r} isn't one of Parkgate's topics")
    return LotId(parts[2])
