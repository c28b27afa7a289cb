"""Whether a message on the lot's command topic is a command to obey. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Container
from dataclasses import dataclass

from edge.sync.commanding.nonces import Nonces, Standing
from models.commands import CommandKind, CommandRefusal
from models.ids import LotId
from models.instants import Monotonic
from models.wire.commands import COMMAND_BYTES, Command, Hello
from models.wire.envelopes import Malformed, unpack
from models.wire.seals import Forged, Keyring, Sealed, SealedAs

_DIGEST_DIGITS = 16
_STANDS = {
    Standing.BURNT: CommandRefusal.REPLAYED,
    Standing.LATE: CommandRefusal.LATE,
    Standing.UNKNOWN: CommandRefusal.UNKNOWN_NONCE,
}


@dataclass(frozen=True, slots=True)
class Came:
    """A message as the broker gave it; of one that is too large to be a command, only what tells it from others.

    `retained`: the broker had kept it, or was told to.
    """

    payload: bytes | None
    digest: str
    size: int
    retained: bool

    @classmethod
    def of(cls, payload: bytes, *, retained: bool = False) -> Came:
        digest = hashlib.sha256(payload).hexdigest()[:_DIGEST_DIGITS]
        return cls(payload if len(payload) <= COMMAND_BYTES else None, digest, len(payload), retained)


@dataclass(frozen=True, slots=True)
class ToTake:
    """A genuine command under a fresh nonce."""

    command: Command
    kind: CommandKind


@dataclass(frozen=True, slots=True)
class ToOffer:
    """Somebody asks for a nonce."""

    hello: Hello


@dataclass(frozen=True, slots=True)
class Refused:
    """`command` only where its signature was right."""

    reason: CommandRefusal
    command: Command | None = None


Verdict = ToTake | ToOffer | Refused


def judge(came: Came, lot: LotId, keys: Keyring, nonces: Nonces, lanes: Container[str], now: Monotonic) -> Verdict:
    """What to do about it. `lanes` are the lot's own; `now` is monotonic."""
    if came.retained:
        return Refused(CommandRefusal.RETAINED)
    if came.payload is None:
        return Refused(CommandRefusal.MALFORMED)
    try:
        sealed = unpack(Sealed, came.payload, COMMAND_BYTES)
        if sealed.lot != lot:
            keys.unseal(SealedAs.COMMAND, sealed.lot, Command, came.payload)
            return Refused(CommandRefusal.ANOTHER_LOT)
        if sealed.what == SealedAs.HELLO:
            return ToOffer(keys.unseal(SealedAs.HELLO, lot, Hello, came.payload))
        command = keys.unseal(SealedAs.COMMAND, lot, Command, came.payload)
    except Forged:
        return Refused(CommandRefusal.FORGED)
    except Malformed:
        return Refused(CommandRefusal.MALFORMED)
    return _genuine(command, lot, nonces, lanes, now)


def _genuine(command: Command, lot: LotId, nonces: Nonces, lanes: Container[str], now: Monotonic) -> Verdict:
    standing = nonces.standing(command.nonce, now)
    if command.lot != lot:
        return Refused(CommandRefusal.ANOTHER_LOT, command)
    if standing is not Standing.FRESH:
        return Refused(_STANDS[standing], command)
    try:
        kind = CommandKind(command.kind)
    except ValueError:
        return Refused(CommandRefusal.UNKNOWN_KIND, command)
    if kind.names_lane and (command.lane is None or command.lane not in lanes):
        return Refused(CommandRefusal.NO_SUCH_LANE, command)
    return ToTake(command, kind)
