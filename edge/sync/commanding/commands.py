"""Commands from afar: each is taken at most once, on record before anything moves; all others are refused and noted."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from drivers.contract import FaultReporter
from edge.local import Asked, LaneOrder, Obeyed, PassbackOrder, SpotsOrder
from edge.store import Store, StoreUnavailable, Transaction
from edge.store.keep_writing import keep_writing
from edge.sync.commanding.nonces import GOOD_FOR_SECONDS, Nonces
from edge.sync.commanding.refusal_book import RefusalBook
from edge.sync.commanding.verdict import Came, Refused, ToOffer, ToTake, judge
from edge.sync.connection import Connection
from models.commands import CommandEnd, CommandKind, CommandRefusal
from models.facts import CommandEnded, CommandTaken
from models.facts.lanes import LONGEST_TEXT
from models.ids import LotId
from models.instants import SECOND, Clock, Monotonic
from models.lanes import LaneState, OrderKind
from models.wire import topics
from models.wire.commands import LONGEST_SAID, Answer, Command, Hello, Nonce
from models.wire.envelopes import LaneNow, pack
from models.wire.seals import Keyring

_LOG = structlog.get_logger("edge.sync")
_MOST_WAITING = 4096

Obey = Callable[[Asked, str], Awaitable[Obeyed]]
"""Carries out a person's order under an id, as if it had been given at the lot."""


class Commands:
    """Looks at one message at a time, so that the lanes get their turn between any two."""

    def __init__(
        self,
        lot: LotId,
        store: Store,
        lanes: Callable[[], tuple[LaneNow, ...]],
        obey: Obey,
        connection: Connection,
        keys: Callable[[], Keyring],
        entropy: Callable[[int], bytes],
        clock: Clock,
        faults: FaultReporter,
    ) -> None:
        self._lot, self._store, self._lanes, self._obey = lot, store, lanes, obey
        self._connection, self._keys, self._clock = connection, keys, clock
        self._nonces = Nonces(entropy)
        self._book = RefusalBook(store, clock, faults)
        self._waiting: deque[Came] = deque()
        self._work = asyncio.Event()

    @property
    def topics(self) -> list[str]:
        return [topics.command(self._lot)]

    @property
    def refused(self) -> dict[str, int]:
        """How many weren't taken since the start, by reason."""
        return {reason.name: times for reason, times in self._book.refused.items()}

    def connected(self) -> None: ...

    def taken(self) -> None: ...

    def heard(self, topic: str, payload: bytes) -> None:
        self._came(Came.of(payload))

    def heard_retained(self, topic: str, payload: bytes) -> None:
        """What the broker had kept, or was told to keep: on record, and nothing else."""
        if payload:
            self._came(Came.of(payload, retained=True))

    def _came(self, came: Came) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            self._book.count(CommandRefusal.CROWDED)
            return
        self._waiting.append(came)
        self._work.set()

    async def run(self) -> None:
        """Until cancelled."""
        await keep_writing(self._store, leave_open_ones_unknown, self._clock)
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._book.run())
            while True:
                await self._work.wait()
                self._work.clear()
                while self._waiting:
                    self._judge(self._waiting.popleft(), parts)
                    await self._clock.sleep(0)

    def _judge(self, came: Came, parts: asyncio.TaskGroup) -> None:
        now = self._clock.monotonic()
        lanes = {lane.name for lane in self._lanes()}
        match judge(came, self._lot, self._keys(), self._nonces, lanes, now):
            case ToOffer(hello):
                self._offer(hello, now)
            case Refused() as refused:
                self._refuse(came, refused)
            case ToTake() as genuine:
                # Nothing is awaited between the look at the nonce and its end.
                self._nonces.burn(genuine.command.nonce)
                parts.create_task(self._take(came, genuine, now))

    def _offer(self, hello: Hello, now: Monotonic) -> None:
        nonce = self._nonces.offer(str(hello.ask), now)
        offer = Nonce(lot=self._lot, ask=hello.ask, nonce=nonce, good_for_ms=GOOD_FOR_SECONDS * 1000)
        self._connection.publish(topics.command_nonce(self._lot), pack(offer), qos=0)

    def _refuse(self, came: Came, refused: Refused) -> None:
        self._book.note(came, refused)
        # Only whoever signed is answered; and a copy of a command that was taken has its answer already, or will.
        if refused.command is not None and refused.reason is not CommandRefusal.REPLAYED:
            reason = refused.reason
            self._answer(refused.command, CommandEnd.REFUSED, reason.value.meaning, reason.name)

    async def _take(self, came: Came, genuine: ToTake, since: Monotonic) -> None:
        command = genuine.command
        try:
            first = await self._store.write(lambda tx: take(tx, command))
        except StoreUnavailable as wrong:
            _LOG.error("command.not_recorded", why=str(wrong))
            return self._refuse(came, Refused(CommandRefusal.NOT_RECORDED, command))
        if not first:
            return self._refuse(came, Refused(CommandRefusal.REPLAYED, command))
        if self._clock.monotonic() - since > GOOD_FOR_SECONDS * SECOND:
            # A disk that took so long: whoever gave the order has turned to something else.
            return await self._end(command, CommandEnd.REFUSED, CommandRefusal.LATE.value.meaning)
        asked = order_of(command, genuine.kind)
        if asked is None:
            return await self._end(command, CommandEnd.NOT_OBEYED, f"{command.state!r} is no state of a lane")
        obeyed = await self._obey(asked, str(command.id))
        return await self._end(command, *what_came(obeyed))

    async def _end(self, command: Command, end: CommandEnd, said: str) -> None:
        self._answer(command, end, said)
        ended = said[:LONGEST_TEXT]
        await keep_writing(
            self._store,
            lambda tx: tx.record(CommandEnded(command=str(command.id), end=end, said=ended, at=tx.at.wall)),
            self._clock,
        )

    def _answer(self, command: Command, end: CommandEnd, said: str, why: str | None = None) -> None:
        answer = Answer(lot=self._lot, command=command.id, end=end, said=said[:LONGEST_SAID], why=why)
        self._connection.publish(topics.command_answer(self._lot), pack(answer), qos=0)


def take(tx: Transaction, command: Command) -> bool:
    """Put it on record as taken, before anything moves. False when it was taken before."""
    known = tx.connection.execute("SELECT 1 FROM taken_commands WHERE id = ?", (str(command.id),)).fetchone()
    if known is not None:
        return False
    tx.record(
        CommandTaken(
            command=str(command.id),
            lane=command.lane,
            kind=command.kind,
            by=command.by,
            reason=command.reason,
            issued_at=command.issued_at,
            at=tx.at.wall,
        )
    )
    return True


def leave_open_ones_unknown(tx: Transaction) -> None:
    """Those of a run that ended before it learnt what came of them. None is tried again."""
    rows = tx.connection.execute("SELECT id FROM taken_commands WHERE ended_at IS NULL ORDER BY taken_at").fetchall()
    for row in rows:
        said = "the daemon stopped before it knew; it isn't tried again"
        tx.record(CommandEnded(command=row["id"], end=CommandEnd.UNKNOWN, said=said, at=tx.at.wall))


def order_of(command: Command, kind: CommandKind) -> Asked | None:
    """The same order, as a person at the lot would give it; None for a state that there isn't."""
    if kind is CommandKind.RESET_PASSBACK:
        return PassbackOrder(plate=command.plate, by=command.by, reason=command.reason)
    spots = _ABOUT_SPOTS.get(kind)
    if spots is not None:
        about = {"spot": command.spot, "level": command.level, "vehicles": command.vehicles}
        return SpotsOrder.model_validate({"spots": spots, **about, "by": command.by, "reason": command.reason})
    try:
        state = None if command.state is None else LaneState(command.state)
    except ValueError:
        return None
    return LaneOrder(
        lane=command.lane or "", kind=OrderKind(kind.value), by=command.by, reason=command.reason, state=state
    )


_ABOUT_SPOTS = {
    CommandKind.RESET_COUNT: "reset_count",
    CommandKind.SPOT_OUT_OF_SERVICE: "out_of_service",
    CommandKind.SPOT_IN_SERVICE: "in_service",
}


def what_came(obeyed: Obeyed) -> tuple[CommandEnd, str]:
    if obeyed.why_not:
        return CommandEnd.NOT_OBEYED, obeyed.why_not
    if obeyed.failed:
        trouble = obeyed.trouble
        return (
            CommandEnd.FAILED,
            obeyed.said if trouble is None else f"{obeyed.said} ({trouble.code}: {trouble.detail})",
        )
    return CommandEnd.DONE, obeyed.said
