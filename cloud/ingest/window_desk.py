"""Takes the lots' windows: joins what has been waiting, applies it, and acknowledges what is committed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from cloud.defects import kept_apart
from cloud.ingest.apply import Outcome, UnknownLot, apply_window
from cloud.ingest.broker import Arrived
from cloud.ingest.cases import Case, open_case_of_lot
from cloud.ingest.digests import Compared
from cloud.ingest.joining import Joined, joined
from cloud.ingest.lasting import TIMES_TOO_SLOW, Database, TooSlow
from cloud.ingest.malformed import refuse
from cloud.ingest.sharing import share_of
from cloud.ingest.together import Stream, apply_together
from cloud.ingest.window import Apply, Duplicate
from cloud.metrics import Metrics
from models.ids import LotId, StreamId
from models.instants import SECOND, Clock, Monotonic
from models.wire.envelopes import Ack, Malformed, Window, unpack
from models.wire.seals import SealedAs, Seals
from models.wire.topics import up_ack

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message and when it came."""

    message: Arrived
    since: Monotonic


Batch = Sequence[tuple[LotId, Sequence[Waiting]]]
"""Of some lots, what has been waiting on one topic of each."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Windows of one stream that follow one another, and since when the first has been waiting."""

    joined: Joined
    since: Monotonic


class WindowDesk:
    """`publish` hands a message to the broker, and says whether the broker was there; `compared` is told what came of a
    digest, and `committed` which lots have changed and how many facts were applied: nobody waits for what it does."""

    def __init__(
        self,
        database: Database,
        signer: Seals,
        clock: Clock,
        metrics: Metrics,
        publish: Callable[[str, bytes], bool],
        compared: Callable[[LotId, Compared], Awaitable[None]],
        committed: Callable[[Sequence[LotId], int], None],
    ) -> None:
        self._database, self._signer, self._clock, self._metrics = database, signer, clock, metrics
        self._publish, self._compared, self._committed = publish, compared, committed

    async def read(self, batch: Batch) -> list[Run]:
        """What each lot says, in its order, with all that can be known of it without the database."""
        runs: list[Run] = []
        for lot, waiting in batch:
            with kept_apart("ingest.failed", self._metrics.failed, lot=lot):
                runs += await self._read(lot, waiting)
        return runs

    async def take(self, runs: Sequence[Run]) -> None:
        """Of the lots, what is beyond question goes into one transaction."""
        left = list(runs)
        first = {(run.joined.window.lot, run.joined.window.stream_id): run for run in reversed(left)}
        outcomes: dict[Stream, Outcome] = {}
        # Whose window it is that can't be applied shows where each is looked at by itself.
        with kept_apart("ingest.failed_together"):
            outcomes = await self._apply_together([run.joined for run in first.values()])
        for stream, run in first.items():
            if stream in outcomes:
                left.remove(run)
                with kept_apart("ingest.failed", self._metrics.failed, lot=run.joined.window.lot):
                    self._conclude(run.joined.window, outcomes[stream], run.since)
        for run in left:
            with kept_apart("ingest.failed", self._metrics.failed, lot=run.joined.window.lot):
                await self._take(run)

    async def _read(self, lot: LotId, waiting: Sequence[Waiting]) -> list[Run]:
        """What has been waiting on one topic of a lot, as few windows as it can be."""
        windows: list[Window] = []
        for one in waiting:
            try:
                windows.append(_window(lot, one.message))
            except Malformed as wrong:
                at = self._clock.read().wall
                await refuse(self._database, self._metrics, lot, one.message, wrong, at)
        return [Run(run, waiting[0].since) for run in joined(windows)]

    async def ask(self, shares: frozenset[int]) -> None:
        """Tells the lots of these shares how far they have been applied, so that they send what got lost before; and
        whoever watches them, for what the last holder of a share committed it may have told nobody of."""
        rows = await self._database.does(
            lambda connection: connection.fetch(
                "SELECT lot_id, stream, stream_id, seq, hash FROM streams WHERE current"
            )
        )
        for row in rows:
            lot = LotId(str(row["lot_id"]))
            if share_of(lot) in shares:
                where = {name: row[name] for name in ("stream", "seq", "hash")}
                self._committed([lot], 0)
                self._acknowledge(Ack(lot=lot, stream_id=StreamId(str(row["stream_id"])), **where))
                await self._clock.sleep(0)  # it takes a signature each: others have their turn

    async def _take(self, run: Run) -> None:
        window, parts = run.joined.window, run.joined.parts
        try:
            outcome = await self._apply(window)
            if len(parts) == 1 or isinstance(outcome.verdict, Apply | Duplicate):
                self._conclude(window, outcome, run.since)
                if outcome.digest is not None:
                    await self._compared(window.lot, outcome.digest)
                return
            # Something is wrong with one of them: each is to be judged by itself.
            for part in parts:
                self._conclude(part, await self._apply(part), run.since)
        except UnknownLot:
            self._metrics.windows.labels("unknown_lot").inc()
            log.warning("ingest.unknown_lot", lot=window.lot)
        except TooSlow:
            await self._too_slow(window)

    async def _too_slow(self, window: Window) -> None:
        """Nothing is acknowledged: its lot sends it again. But somebody has to know of it."""
        self._metrics.windows.labels("too_slow").inc()
        log.error("ingest.too_slow", lot=window.lot, stream_id=window.stream_id, seq=window.facts[0].seq)
        why = f"PostgreSQL took too long, {TIMES_TOO_SLOW} times in a row, over facts from {window.facts[0].seq} on"
        at, case = self._clock.read().wall, Case("window_refused", window.stream_id[:64], why)
        await self._database.does(lambda connection: open_case_of_lot(connection, window.lot, case, at))

    async def _apply_together(self, windows: Sequence[Joined]) -> dict[Stream, Outcome]:
        if not windows:
            return {}
        at = self._clock.read().wall
        with self._timed():
            try:
                return await self._database.does_soon(lambda connection: apply_together(connection, windows, at))
            except TooSlow:
                return {}  # which of them it is, is found where each is looked at by itself

    async def _apply(self, window: Window) -> Outcome:
        at = self._clock.read().wall
        with self._timed():
            return await self._database.does_soon(lambda connection: apply_window(connection, window, at))

    @contextmanager
    def _timed(self) -> Iterator[None]:
        begun = self._clock.monotonic()
        yield
        self._metrics.apply_seconds.observe((self._clock.monotonic() - begun) / SECOND)

    def _conclude(self, window: Window, outcome: Outcome, since: Monotonic) -> None:
        self._count(window, outcome)
        if outcome.ack is not None and self._acknowledge(outcome.ack):
            self._metrics.ack_seconds.observe((self._clock.monotonic() - since) / SECOND)
        if outcome.applied or outcome.parked:
            self._committed([window.lot], outcome.applied)

    def _acknowledge(self, ack: Ack) -> bool:
        sealed = self._signer.seal(SealedAs.ACK, ack.lot, ack)
        if self._publish(up_ack(ack.lot, ack.stream), sealed):
            return True
        self._metrics.acks_unsent.inc()
        return False

    def _count(self, window: Window, outcome: Outcome) -> None:
        verdict = type(outcome.verdict).__name__.lower()
        self._metrics.windows.labels(verdict).inc()
        self._metrics.facts_applied.inc(outcome.applied)
        self._metrics.facts_parked.inc(outcome.parked)
        why = getattr(outcome.verdict, "why", None)
        if why is not None or outcome.parked:
            log.warning(
                "ingest.needs_a_person", lot=window.lot, stream_id=window.stream_id, verdict=verdict, why=why,
                parked=outcome.parked,
            )  # fmt: skip


def _window(lot: LotId, message: Arrived) -> Window:
    window = unpack(Window, message.payload)
    if window.lot != lot or message.topic.rpartition("/")[2] != window.stream:
        raise Malformed("its lot and stream aren't the topic's")
    return window
