"""Facts about commands from afar: those that were taken, what came of them, and those that weren't."""

from __future__ import annotations

from models.commands import CommandEnd
from models.facts.base import Fact
from models.instants import Instant


class CommandTaken(Fact, type="command.taken", version=1):
    """A command was genuine and its nonce is burnt: written before anything moves, so it is never taken again.

    `issued_at` is the cloud's time, `at` the lot's. The lane's own word on it is a `lane.ordered` with the same id.
    """

    command: str
    lane: str | None
    kind: str
    by: str
    reason: str
    issued_at: Instant
    at: Instant


class CommandEnded(Fact, type="command.ended", version=1):
    """What came of a command that was taken; `unknown` if the daemon didn't live to learn it."""

    command: str
    end: CommandEnd
    said: str
    at: Instant


class CommandRefusedV1(Fact, type="command.refused", version=1, stream="telemetry"):
    """The same without what its giver had given as a reason. No longer written."""

    reason: str
    command: str | None
    lane: str | None
    by: str | None
    digest: str | None
    size: int | None
    times: int
    at: Instant


class CommandRefused(Fact, type="command.refused", version=2, stream="telemetry"):
    """A command wasn't taken; `reason` is the name of a `models.commands.CommandRefusal`.

    `command`, `lane`, `by` and `given_reason` (its giver's own words) are known only where the signature was right.
    `digest` is the beginning of the SHA-256 of what came, `size` its bytes; where more came than the lot records one
    by one, `times` of that reason are told together, without them.
    """

    reason: str
    command: str | None
    lane: str | None
    by: str | None
    given_reason: str | None
    digest: str | None
    size: int | None
    times: int
    at: Instant


class CloudKeysLearnt(Fact, type="cloud_keys.learnt", version=1):
    """The lot believes these keys of the cloud from now on, the one that may change them last, and no others."""

    serial: int
    keys: tuple[str, ...]
    forgotten: tuple[str, ...]
    at: Instant
