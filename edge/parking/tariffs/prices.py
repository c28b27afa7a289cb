"""The lot's price now and what each entry lane's sign shows of it: on record before a sign shows it, and kept over a
restart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import structlog

from edge.lane.offer import Offer
from edge.parking.access.policy import LotPolicy
from edge.parking.tariffs import price_book
from edge.parking.tariffs.price_book import Book, Moved, OnSign
from edge.patience import within
from edge.store import Store, StoreUnavailable, Transaction
from models.ids import LaneName
from models.instants import SECOND, Clock, Instant
from models.pricing import Policy, Quote, Seen, Standing, lane_quote, next_price
from models.pricing.policy import ONE
from models.tariff import Tariff, Terms, priced
from models.tariff.headline import headline

_LOG = structlog.get_logger("edge.prices")
_MINUTE = 60
_UNMOVED = Standing(ONE, Instant(0))
"""Of a tariff whose price doesn't move."""

Quoting = Callable[[Quote | None, Standing, bool | None], Quote]


@dataclass
class _LanesSign:
    always: bool
    waits: Callable[[], bool | None]
    changed: Callable[[], None]
    shown: OnSign | None = None


@dataclass(frozen=True)
class _Price:
    """The price of the lot at one moment. `moved` None: the tariff's price doesn't move."""

    moved: Moved | None
    on_sign: OnSign
    standing: Standing


@dataclass
class LotPrices:
    """`quoting` says what a lane's sign goes on showing; who stands before it is never shown another price."""

    policy: LotPolicy
    store: Store
    clock: Clock
    quoting: Quoting = lane_quote
    _signs: dict[LaneName, _LanesSign] = field(default_factory=dict[LaneName, _LanesSign])
    _book: Book = field(default_factory=Book)
    """What is on record"""
    _stale: asyncio.Event = field(default_factory=asyncio.Event)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    _told: tuple[Tariff, Standing, OnSign] | None = None
    _in_doubt: bool = False
    """Something couldn't be put on record: it is tried again in a minute"""

    def __post_init__(self) -> None:
        self.store.on_commit(self._somebody_came_or_went)

    def follow(
        self, lane: LaneName, waits: Callable[[], bool | None], changed: Callable[[], None], *, always: bool = False
    ) -> None:
        """An entry lane. `waits`: whether a vehicle stands there (None: nobody knows); `changed` is called when its
        sign shows another price; `always`: also one that doesn't move."""
        self._signs[lane] = _LanesSign(always, waits, changed)

    def begin(self, tx: Transaction) -> None:
        """At the start, when all lanes are known: what their signs showed before still stands."""
        self._book = price_book.read(tx.connection)
        for name, sign in self._signs.items():
            sign.shown = self._book.lanes.get(name)
        price = self._price(price_book.occupancy(tx.connection))
        book = self._wanted(price)
        price_book.write(tx, self._book, book)
        self._on_record(book)

    def offer(self, lane: LaneName) -> Offer | None:
        """What the lane's sign shows; None: no price."""
        sign = self._signs.get(lane)
        shown = None if sign is None else sign.shown
        return None if shown is None else Offer(shown.line, shown.quote.factor, shown.tariff)

    def tariff(self) -> Tariff:
        """At the price of the lot now: for a ticket that is opened where no sign shows one."""
        tariff, moved = self.policy.tariff(), self._book.moved
        if moved is None or not isinstance(tariff, Terms) or tariff.dynamic is None:
            return tariff
        return priced(tariff, moved.standing.factor)

    @property
    def standing(self) -> Standing | None:
        """None: the price doesn't move."""
        return None if self._book.moved is None else self._book.moved.standing

    def lane_changed(self, lane: LaneName) -> None:
        """Whoever stood there may have gone: the sign shows the price of the lot again, if that is another one."""
        sign = self._signs[lane]
        if sign.waits() is False and self._told is not None and sign.shown != self._for(sign, self._told[2]):
            self._stale.set()

    def policy_changed(self) -> None:
        self._stale.set()

    async def run(self) -> None:
        """Each minute, whenever a vehicle came or went, and when a lane is free again."""
        while True:
            await self._until_it_may_be_another()
            self._stale.clear()
            await self.renew()

    async def renew(self) -> None:
        """The price as it is now. What can't be put on record isn't shown: the one before stands."""
        async with self._one_at_a_time:
            try:
                price = self._price(await self.store.read(price_book.occupancy))
                while (book := self._wanted(price)) != self._book:
                    await self._write(book)
                    self._on_record(book)
                self._in_doubt = False
            except StoreUnavailable as wrong:
                self._in_doubt = True
                _LOG.info("prices.not_on_record", why=str(wrong))

    async def _write(self, book: Book) -> None:
        before = self._book
        await self.store.write(lambda tx: price_book.write(tx, before, book), spare_reserve=True)

    # --- what it ought to be ---

    def _price(self, occupancy: tuple[int, int]) -> _Price:
        tariff, at = self.policy.tariff(), self.clock.read()
        moves = tariff.dynamic if isinstance(tariff, Terms) else None
        known = at.wall if at.synced else None
        moved = None
        if moves is not None and isinstance(tariff, Terms):
            seen = _seen(known, ZoneInfo(tariff.timezone), *occupancy)
            moved = Moved(next_price(moves, self._standing_by(moves), seen, at.wall), moves)
        standing = _UNMOVED if moved is None else moved.standing
        return _Price(moved, self._on_sign(tariff, standing, known), standing)

    def _standing_by(self, policy: Policy) -> Standing | None:
        """The price goes on from where it is for as long as the same policy moves it; another one begins anew."""
        before = self._book.moved
        return before.standing if before is not None and before.policy == policy else None

    def _on_sign(self, tariff: Tariff, standing: Standing, known: Instant | None) -> OnSign:
        if self._told is None or self._told[0] is not tariff or self._told[1].factor != standing.factor:
            at_price = tariff if standing is _UNMOVED else priced(tariff, standing.factor)
            pinned = at_price.model_dump_json()
        else:
            at_price, pinned = self._told[2].tariff, self._told[2].pinned
        shown = OnSign(Quote(standing.factor, standing.since), headline(at_price, known), pinned, at_price)
        self._told = (tariff, standing, shown)
        return shown

    def _wanted(self, price: _Price) -> Book:
        lanes = {name: self._sign_shows(sign, price) for name, sign in self._signs.items()}
        return Book(price.moved, {name: shown for name, shown in lanes.items() if shown is not None})

    def _sign_shows(self, sign: _LanesSign, price: _Price) -> OnSign | None:
        now = self._for(sign, price.on_sign)
        if sign.shown is None:
            return now
        return sign.shown if self.quoting(sign.shown.quote, price.standing, sign.waits()) is sign.shown.quote else now

    def _for(self, sign: _LanesSign, shown: OnSign) -> OnSign | None:
        """What a sign shows before which nobody stands."""
        return shown if sign.always or self._moves else None

    def _on_record(self, book: Book) -> None:
        """Now it may be shown, unless somebody has come meanwhile: then what they see stands, and is put on record."""
        self._book = book
        for name, sign in self._signs.items():
            shown, before = book.lanes.get(name), sign.shown
            if shown == before or (before is not None and self._holds(sign, before)):
                continue
            sign.shown = shown
            sign.changed()

    def _holds(self, sign: _LanesSign, shown: OnSign) -> bool:
        return self.quoting(shown.quote, _UNMOVED, sign.waits()) is shown.quote

    # --- when ---

    @property
    def _moves(self) -> bool:
        tariff = None if self._told is None else self._told[0]
        return isinstance(tariff, Terms) and tariff.dynamic is not None

    def _somebody_came_or_went(self) -> None:
        if self._moves:
            self._stale.set()

    async def _until_it_may_be_another(self) -> None:
        if not self._goes_by_the_clock():
            await self._stale.wait()
            return
        into_it = self.clock.read().wall % (_MINUTE * SECOND)
        await within(_MINUTE - into_it / SECOND, self._stale.wait(), self.clock)

    def _goes_by_the_clock(self) -> bool:
        """Whether time alone may change a sign: not at a lot that shows no price and has none that moves."""
        moving = any(isinstance(tariff, Terms) and tariff.dynamic is not None for tariff in self.policy.tariffs())
        return moving or self._in_doubt or any(sign.always for sign in self._signs.values())


def _seen(known: Instant | None, zone: ZoneInfo, taken: int, spots: int) -> Seen:
    if known is not None:
        return Seen.at(known, zone, taken, spots)
    return Seen.unknown(taken, spots)
