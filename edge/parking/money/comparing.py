"""Puts each provider's report beside the books: what differs becomes a case, and never for a payment at the window's
edge."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from drivers.contract import DriverError, FaultReporter, Reported
from edge.parking.money import cases, reconciling
from edge.parking.money.cases import Difference, found_in, only
from edge.parking.money.faults import NO_REPORT
from edge.parking.money.till import Till
from edge.patience import within
from edge.store import Store, Transaction
from models.facts import ReportCompared
from models.instants import HOUR, SECOND, Clock, Instant
from models.ledger.reconciliation import Differences

DAY = 24 * HOUR
USUAL = 7 * DAY
"""How far back each comparison looks, so that what a provider reports late settles itself."""
LAG = 10 * 60 * SECOND
"""What was moved so lately may still be on its way into one of the two."""
WIDER = 60 * DAY
"""How much farther back is looked before a difference is believed: a payment may be given back in parts."""
ANSWER_WITHIN = 600.0
"""Seconds that a provider has for its report."""
OVERDUE = 3 * DAY
KEPT = 400 * DAY
"""How long settled cases are kept."""


class Window(NamedTuple):
    """From `since` until just before `until`."""

    since: Instant
    until: Instant


class Reports(NamedTuple):
    """A provider's record of the window, and of one that reaches beyond both of its ends."""

    narrow: Sequence[Reported]
    wide: Sequence[Reported]
    window: Window
    wider: Window


class NoReport(Exception):
    """It can't be had; the text says why."""


@dataclass(frozen=True, slots=True)
class Word:
    """Of whoever asks for a comparison; None: it is the daily one. `book`: what the books lack is booked."""

    by: str | None = None
    reason: str | None = None
    book: bool = False


@dataclass(frozen=True, slots=True)
class Compared:
    """How one provider's report stands to the books. `why_not`: it couldn't be had."""

    provider: str
    window: Window
    lines: int = 0
    differences: int = 0
    booked: int = 0
    why_not: str = ""


def confirmed(narrow: Differences, wide: Differences, standing: Sequence[Difference]) -> Differences:
    """What differs in the window and in the wider one: what lies at an edge of the one lies within the other. What was
    found `standing` before is judged by the wider one alone."""
    lines = {difference.line for difference in [*found_in(narrow), *standing]}
    return only(wide, lines)


class Comparisons:
    """One at a time. `providers` are those that have a record of their own."""

    def __init__(self, tills: Mapping[str, Till], store: Store, clock: Clock, faults: FaultReporter) -> None:
        self._tills, self._store, self._clock, self._faults = tills, store, clock, faults
        self._one_at_a_time = asyncio.Lock()
        self._log = structlog.get_logger("edge.comparing")

    @property
    def providers(self) -> list[str]:
        return sorted({till.provider for till in self._tills.values() if till.abilities.reports})

    async def begin(self) -> None:
        """From now on the books know of all that the lot's providers take."""
        names = self.providers
        await self._store.write(lambda tx: _begin(tx, names))

    async def compare(
        self, word: Word, since: Instant | None = None, until: Instant | None = None, names: Sequence[str] | None = None
    ) -> list[Compared]:
        """Every provider, or those named. Raises StoreUnavailable."""
        async with self._one_at_a_time:
            await self.begin()
            found = [await self._compare(name, word, since, until) for name in names or self.providers]
            cases.tell(self._faults, await self._store.read(cases.listed))
            await self._tell_of_reports(found)
            return found

    async def due(self, since: Instant) -> list[str]:
        """The providers that weren't compared since then."""
        done = await self._store.read(lambda connection: _states(connection))
        return [name for name in self.providers if name not in done or done[name].at < since]

    async def _compare(self, name: str, word: Word, since: Instant | None, until: Instant | None) -> Compared:
        now = self._clock.read().wall
        window = await self._store.read(lambda connection: _window(connection, name, since, until, now))
        try:
            reports = await self._reports(name, window, now)
        except NoReport as wrong:
            self._log.warning("comparing.no_report", provider=name, why=str(wrong))
            return Compared(name, window, why_not=str(wrong))
        compared = await self._store.write(lambda tx: _judge(tx, name, reports, word), alone=True)
        self._log.info("comparing.done", provider=name, lines=compared.lines, differences=compared.differences)
        return compared

    async def _reports(self, name: str, window: Window, now: Instant) -> Reports:
        """The wide one only where it matters."""
        narrow = await self._report(name, window)
        if not await self._store.read(lambda connection: _is_suspect(connection, name, narrow, window)):
            return Reports(narrow, narrow, window, window)
        wider = await self._store.read(lambda connection: _wider(connection, name, window, now))
        return Reports(narrow, await self._report(name, wider), window, wider)

    async def _report(self, name: str, window: Window) -> Sequence[Reported]:
        """By any till of that provider that can be asked. Raises NoReport."""
        why = f"no terminal of this lot is of {name}"
        for till in self._tills.values():
            if till.provider != name or not till.abilities.reports:
                continue
            asking = asyncio.ensure_future(till.report(*window))
            try:
                if await within(ANSWER_WITHIN, asking, self._clock):
                    return asking.result()
                why = f"{till.name or name} said nothing for {ANSWER_WITHIN:g} s"
            except DriverError as wrong:
                why = str(wrong)
        raise NoReport(why)

    async def _tell_of_reports(self, found: Sequence[Compared]) -> None:
        done, now = await self._store.read(lambda connection: _states(connection)), self._clock.read().wall
        late = [each for each in found if each.why_not and now - done[each.provider].last > OVERDUE]
        if late:
            self._faults.raised(NO_REPORT, f"{late[0].provider}: {late[0].why_not}")
        elif not any(each.why_not for each in found):
            self._faults.cleared(NO_REPORT)


class _State(NamedTuple):
    begun: Instant
    until: Instant
    at: Instant

    @property
    def last(self) -> Instant:
        """Since when nothing is known."""
        return max(self.begun, self.at)


def _states(connection: sqlite3.Connection) -> dict[str, _State]:
    rows = connection.execute("SELECT * FROM provider_reports").fetchall()
    return {row["provider"]: _State(row["begun"], row["until"], row["at"]) for row in rows}


def _begin(tx: Transaction, names: Sequence[str]) -> None:
    now = tx.at.wall
    rows = [(name, now, now, 0) for name in names]
    tx.connection.executemany("INSERT OR IGNORE INTO provider_reports VALUES (?, ?, ?, ?)", rows)


def _window(
    connection: sqlite3.Connection, name: str, since: Instant | None, until: Instant | None, now: Instant
) -> Window:
    """Without a person's word: the last days, and whatever wasn't compared yet. Never from before the books' begin."""
    state = _states(connection)[name]
    end = Instant(now - LAG) if until is None else min(until, now)
    begin = Instant(min(end - USUAL, state.until)) if since is None else since
    begin = max(begin, state.begun)
    return Window(begin, max(begin, end))


def _is_suspect(connection: sqlite3.Connection, name: str, narrow: Sequence[Reported], window: Window) -> bool:
    """Whether something differs, or did when it was looked at last."""
    differs = reconciling.differences(connection, name, narrow, *window)
    return bool(differs) or bool(cases.open_with(connection, name))


def _wider(connection: sqlite3.Connection, name: str, window: Window, now: Instant) -> Window:
    """Far enough for each case that still stands."""
    oldest = min((case.found for case in cases.open_with(connection, name)), default=window.since)
    return Window(Instant(max(min(window.since, oldest) - WIDER, 0)), Instant(now + DAY))


def _judge(tx: Transaction, name: str, reports: Reports, word: Word) -> Compared:
    found, booked = _found(tx, name, reports), 0
    if word.book:
        booked = reconciling.book_missing(tx, name, found)
        found = _found(tx, name, reports)
    cases.renew(tx, name, list(found_in(found)))
    cases.forget_settled(tx, Instant(tx.at.wall - KEPT))
    standing, window = len(cases.open_with(tx.connection, name)), reports.window
    # What lies between the last comparison and a narrower one by a person is still to be compared.
    compared = """UPDATE provider_reports SET until = CASE WHEN ? <= until THEN max(until, ?) ELSE until END, at = ?
        WHERE provider = ?"""
    tx.connection.execute(compared, (window.since, window.until, tx.at.wall, name))
    tx.record(
        ReportCompared(
            provider=name,
            since=window.since,
            until=window.until,
            differences=standing,
            booked=booked,
            by=word.by,
            reason=word.reason,
            at=tx.at.wall,
        )
    )
    return Compared(name, window, len(reports.narrow), standing, booked)


def _found(tx: Transaction, name: str, reports: Reports) -> Differences:
    standing = [case.difference for case in cases.open_with(tx.connection, name)]
    narrow = reconciling.differences(tx.connection, name, reports.narrow, *reports.window)
    wide = reconciling.differences(tx.connection, name, reports.wide, *reports.wider)
    return confirmed(narrow, wide, standing)
