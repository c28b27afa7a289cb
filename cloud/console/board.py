"""Keeps the cards of one operator's lots current and tells every open page which of them changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud.console.cards import Card, next_midnight, read_cards
from cloud.console.following import GAP_SECONDS, LINK_CHECK_SECONDS, Changed, follow
from cloud.console.operators import scopes_now
from cloud.db.connect import plainly
from cloud.live import Live
from models.ids import LotId
from models.instants import SECOND, Clock, Instant

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class News:
    """What changed. `everything`: `cards` are all there are. `current`: changes arrive as they happen."""

    cards: Sequence[Card]
    everything: bool
    current: bool
    scopes: Mapping[str, frozenset[str]]


class Board:
    """One operator's lots, read once however many pages show them."""

    def __init__(self, tenant: str, engine: AsyncEngine, live: Live, clock: Clock, silent_after: int) -> None:
        self._tenant, self._engine, self._live, self._clock = tenant, engine, live, clock
        self._silent_after = silent_after
        self._pages: set[Callable[[News], None]] = set()
        self._strangers: set[LotId] = set()
        self._ready = asyncio.Event()
        self._current = False
        self._midnight: Instant | None = None
        self.cards: dict[LotId, Card] = {}
        self.scopes: Mapping[str, frozenset[str]] = {}

    @property
    def current(self) -> bool:
        """Whether all that has changed is known here, or on its way."""
        return self._current and self._live.listening

    @property
    def known(self) -> bool:
        """Whether the lots have been read at all."""
        return self._ready.is_set()

    async def ready(self, within: float) -> None:
        """Waits for the first reading, at most so many seconds."""
        try:
            await asyncio.wait_for(self._ready.wait(), within)
        except TimeoutError:
            log.warning("console.board_late", seconds=within)

    def join(self, page: Callable[[News], None]) -> None:
        self._pages.add(page)

    def leave(self, page: Callable[[News], None]) -> bool:
        """Whether nobody looks any more."""
        self._pages.discard(page)
        return not self._pages

    async def run(self) -> None:
        """Until cancelled, or until the process stops."""
        await follow(self._live, self._clock, self._patience, self._show, self._stale)

    def _patience(self) -> float:
        if self._midnight is None:
            return LINK_CHECK_SECONDS
        return min(LINK_CHECK_SECONDS, max((self._midnight - self._now()) / SECOND, GAP_SECONDS))

    async def _show(self, changed: Changed) -> None:
        if self._midnight is not None and self._now() >= self._midnight:
            changed = {None}  # takings start again at nothing
        if changed:
            await self._read(changed)
        elif self._current != self._live.listening:
            self._tell((), everything=False, current=self._live.listening)

    def _stale(self) -> None:
        self._tell((), everything=False, current=False)

    async def _read(self, changed: Changed) -> None:
        everything = None in changed
        wanted = {lot for lot in changed if lot is not None} - self._strangers
        if not everything and not wanted:
            return
        lots = None if everything else wanted
        with plainly():
            async with self._engine.connect() as connection:
                self.scopes = await scopes_now(connection, self._tenant)
                cards = await read_cards(connection, self._tenant, lots, self._now(), self._silent_after)
        fresh = {card.lot.id: card for card in cards}
        if everything:
            self.cards = fresh
        else:
            fresh = {lot: card for lot, card in fresh.items() if lot in wanted}
            self._strangers |= wanted - fresh.keys()
            self.cards |= fresh
        self._midnight = min(
            (next_midnight(card.lot.timezone, self._now()) for card in self.cards.values()), default=None
        )
        self._ready.set()
        self._tell(tuple(fresh.values()), everything, self._live.listening)

    def _tell(self, cards: Sequence[Card], everything: bool, current: bool) -> None:
        self._current = current
        news = News(cards, everything, current, self.scopes)
        for page in tuple(self._pages):
            page(news)

    def _now(self) -> Instant:
        return self._clock.read().wall


class Boards:
    """The boards that somebody looks at, one for each operator's lots."""

    def __init__(self, engine: AsyncEngine, live: Live, clock: Clock, silent_after: int) -> None:
        self._parts = (engine, live, clock, silent_after)
        self._open: dict[str, tuple[Board, asyncio.Task[None]]] = {}

    def join(self, tenant: str, page: Callable[[News], None]) -> Board:
        if tenant not in self._open or self._open[tenant][1].done():
            board = Board(tenant, *self._parts)
            self._open[tenant] = (board, asyncio.create_task(board.run()))
        board = self._open[tenant][0]
        board.join(page)
        return board

    def leave(self, tenant: str, page: Callable[[News], None]) -> None:
        board, running = self._open.get(tenant, (None, None))
        if board is not None and running is not None and board.leave(page):
            running.cancel()
            del self._open[tenant]
