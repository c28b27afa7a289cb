"""Whoever sends commands to a lot: the honest cloud, and everybody who would like to be it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

import paho.mqtt.client as mqtt
import zstandard
from paho.mqtt.enums import CallbackAPIVersion

from edge.sync.commanding.nonces import GOOD_FOR_SECONDS
from models.commands import CommandRefusal
from models.ids import LotId
from models.instants import Instant
from models.wire import topics
from models.wire.commands import Answer, Command, Hello, Nonce
from models.wire.envelopes import Beacon, pack, unpack
from models.wire.seals import Sealed, SealedAs, Signer

_ANSWERS_WITHIN = 30.0
_NONCE_WITHIN = 1.0


class Caller:
    """The cloud's side of one lot. `async with` it."""

    def __init__(self, port: int, user: str, password: str, lot: str, signer: Signer) -> None:
        self.lot, self.signer = LotId(lot), signer
        self._loop = asyncio.get_running_loop()
        self._nonces: dict[UUID, asyncio.Future[Nonce]] = {}
        self._answers: dict[UUID, asyncio.Future[Answer]] = {}
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.max_inflight_messages_set(200)
        self._client.username_pw_set(user, password)
        self._client.on_connect = lambda client, *_: client.subscribe(
            [(topics.command_nonce(lot), 1), (topics.command_answer(lot), 1)]  # type: ignore[arg-type]
        )
        self._client.on_message = lambda _c, _u, message: self._loop.call_soon_threadsafe(self._heard, message)
        self._client.connect("127.0.0.1", port)

    async def __aenter__(self) -> Self:
        self._client.loop_start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def send(self, payload: bytes, *, retain: bool = False) -> mqtt.MQTTMessageInfo:
        return self._client.publish(topics.command(self.lot), payload, qos=1, retain=retain)

    async def nonce(self, tries: int = 60) -> str:
        """Asks until the lot is there."""
        for _ in range(tries):
            ask = uuid4()
            waited = self._nonces[ask] = self._loop.create_future()
            self.send(self.signer.seal(SealedAs.HELLO, self.lot, Hello(ask=ask)))
            try:
                return (await asyncio.wait_for(waited, _NONCE_WITHIN)).nonce
            except TimeoutError:
                continue
        raise TimeoutError("the lot offers no nonce")

    def command(self, lane: str | None, nonce: str, **other: Any) -> Command:
        said = {"kind": "open", "by": "Control room", "reason": "chaos", "issued_at": Instant(0), **other}
        return Command(**{"id": uuid4(), "lot": self.lot, "lane": lane, "nonce": nonce, **said})

    def sealed(self, command: Command) -> bytes:
        return self.signer.seal(SealedAs.COMMAND, self.lot, command)

    async def order(self, command: Command) -> Answer:
        waited = self._answers[command.id] = self._loop.create_future()
        self.send(self.sealed(command))
        return await asyncio.wait_for(waited, _ANSWERS_WITHIN)

    def _heard(self, message: mqtt.MQTTMessage) -> None:
        if message.topic == topics.command_nonce(self.lot):
            offered = unpack(Nonce, message.payload)
            waited: Any = self._nonces.pop(offered.ask, None)
            said: Any = offered
        else:
            said = unpack(Answer, message.payload)
            waited = self._answers.pop(said.command, None)
        if waited is not None and not waited.done():
            waited.set_result(said)


@dataclass(frozen=True, slots=True)
class Hostile:
    """One message, and why it must be refused."""

    payload: bytes
    reasons: frozenset[CommandRefusal]
    retain: bool = False


@dataclass
class Stock:
    """What an eavesdropper has collected: commands that were taken, and some that were held up on their way."""

    taken: list[bytes] = field(default_factory=list[bytes])
    held_up: list[tuple[bytes, float]] = field(default_factory=list[tuple[bytes, float]])
    """Each with the time of its nonce"""

    @property
    def late(self) -> list[bytes]:
        too_old = time.monotonic() - GOOD_FOR_SECONDS - 0.5
        return [payload for payload, since in self.held_up if since < too_old]


class Attacker:
    """Has every message that was ever sent, a nonce that is good right now, and the run of the broker."""

    def __init__(self, caller: Caller, lanes: list[str], chance: random.Random) -> None:
        self._caller, self._lanes, self._chance = caller, lanes, chance
        self._stranger = Signer.generated()
        self.stock = Stock()
        self._ways: Mapping[str, Callable[[str], Hostile]] = {
            "noise": lambda _: _hostile(chance.randbytes(chance.randrange(0, 300)), CommandRefusal.MALFORMED),
            "unsigned": lambda nonce: _hostile(pack(self._open(nonce)), CommandRefusal.MALFORMED),
            "something else": lambda _: _hostile(pack(Beacon(lot=caller.lot, online=True)), CommandRefusal.MALFORMED),
            "bomb": lambda _: _hostile(_bomb(), CommandRefusal.MALFORMED),
            "oversize": lambda _: _hostile(chance.randbytes(9000), CommandRefusal.MALFORMED),
            "without a reason": self._without_a_reason,
            "a stranger's": self._a_strangers,
            "borrowed key id": self._borrowed,
            "edited": self._edited,
            "of another kind": self._of_another_kind,
            "another lot's": self._another_lots,
            "no such lane": lambda nonce: self._signed(CommandRefusal.NO_SUCH_LANE, nonce, lane="nowhere"),
            "unknown kind": lambda nonce: self._signed(CommandRefusal.UNKNOWN_KIND, nonce, kind="reset_fire"),
            "invented nonce": lambda _: self._signed(CommandRefusal.UNKNOWN_NONCE, chance.randbytes(16).hex()),
            "retained": self._retained,
            "replayed": self._replayed,
            "late": self._late,
        }

    @property
    def ways(self) -> list[str]:
        return list(self._ways)

    def message(self, way: str, nonce: str) -> Hostile:
        return self._ways[way](nonce)

    def _open(self, nonce: str, **other: Any) -> Command:
        return self._caller.command(**{"lane": self._chance.choice(self._lanes), "nonce": nonce, **other})

    def _signed(self, reason: CommandRefusal, nonce: str, **other: Any) -> Hostile:
        return _hostile(self._caller.sealed(self._open(nonce, **other)), reason)

    def _without_a_reason(self, nonce: str) -> Hostile:
        text = self._open(nonce).model_copy(update={"reason": ""})
        return _hostile(self._caller.sealed(text), CommandRefusal.MALFORMED)

    def _a_strangers(self, nonce: str) -> Hostile:
        return _hostile(
            self._stranger.seal(SealedAs.COMMAND, self._caller.lot, self._open(nonce)), CommandRefusal.FORGED
        )

    def _borrowed(self, nonce: str) -> Hostile:
        sealed = unpack(Sealed, self._stranger.seal(SealedAs.COMMAND, self._caller.lot, self._open(nonce)))
        return _hostile(pack(sealed.model_copy(update={"key": self._caller.signer.key_id})), CommandRefusal.FORGED)

    def _edited(self, nonce: str) -> Hostile:
        sealed = unpack(Sealed, self._caller.sealed(self._open(nonce, kind="close")))
        return _hostile(
            pack(sealed.model_copy(update={"text": sealed.text.replace('"close"', '"open"')})), CommandRefusal.FORGED
        )

    def _of_another_kind(self, nonce: str) -> Hostile:
        what = self._chance.choice([SealedAs.ACK, SealedAs.INTENTS, SealedAs.SNAPSHOT])
        return _hostile(self._caller.signer.seal(what, self._caller.lot, self._open(nonce)), CommandRefusal.FORGED)

    def _another_lots(self, nonce: str) -> Hostile:
        other = LotId(str(uuid4()))
        command = self._open(nonce, lot=self._chance.choice([other, self._caller.lot]))
        return _hostile(self._caller.signer.seal(SealedAs.COMMAND, other, command), CommandRefusal.ANOTHER_LOT)

    def _retained(self, nonce: str) -> Hostile:
        return Hostile(self._caller.sealed(self._open(nonce)), frozenset({CommandRefusal.RETAINED}), retain=True)

    def _replayed(self, nonce: str) -> Hostile:
        if not self.stock.taken:
            return self._retained(nonce)
        # One that the power cut short before the lot had it on record was never taken.
        return _hostile(self._chance.choice(self.stock.taken), CommandRefusal.REPLAYED, CommandRefusal.UNKNOWN_NONCE)

    def _late(self, nonce: str) -> Hostile:
        if not self.stock.late:
            return self._edited(nonce)
        return _hostile(self._chance.choice(self.stock.late), CommandRefusal.LATE, CommandRefusal.UNKNOWN_NONCE)


def _hostile(payload: bytes, *reasons: CommandRefusal) -> Hostile:
    return Hostile(payload, frozenset(reasons))


def _bomb() -> bytes:
    return zstandard.ZstdCompressor(level=3).compress(b'{"v":1,"what":"command"' + b" " * 3_000_000 + b"}")
