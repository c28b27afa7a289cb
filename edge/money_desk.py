"""The lot's money at work in the daemon: refunds that are due, reports that are compared, and what people order."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping

from drivers.contract import FaultReporter
from edge.config.settings import LotSettings
from edge.local import Obeyed
from edge.money_orders import InBooks, Order, ReconcileOrder
from edge.parking.money import cases, office
from edge.parking.money.comparing import Compared, Comparisons, Word
from edge.parking.money.refunds import Refused
from edge.parking.money.repayments import Repayments
from edge.parking.money.rounds import MoneyRounds, Times
from edge.parking.money.till import Till
from edge.store import Store, StoreUnavailable
from models.instants import Clock

_NOT_RECORDED = "the lot's store couldn't record it"


class MoneyDesk:
    """`tills` are all of the lot, by the time that it runs."""

    def __init__(
        self, settings: LotSettings, tills: Mapping[str, Till], store: Store, clock: Clock, faults: FaultReporter
    ) -> None:
        self._currency = settings.tariff.tariff().currency
        self._store, self._faults = store, faults
        self._repayments = Repayments(tills, store, clock, faults)
        self._comparisons = Comparisons(tills, store, clock, faults)
        payments = settings.payments
        times = Times(settings.lot.timezone, payments.compares, payments.day_closes)
        self._rounds = MoneyRounds(self._comparisons, store, clock, times)

    @property
    def parts(self) -> Iterator[tuple[str, Callable[[], Coroutine[None, None, None]]]]:
        """What has to be kept up."""
        yield "repayments", self._repayments.run
        yield "money", self._rounds.run

    async def carry_out(self, order: Order) -> Obeyed:
        """On record when it is answered, or nothing was done."""
        try:
            if isinstance(order, ReconcileOrder):
                return await self._reconcile(order)
            return await self._book(order)
        except Refused as wrong:
            return Obeyed(why_not=str(wrong))
        except StoreUnavailable as wrong:
            return Obeyed(why_not=f"{_NOT_RECORDED}: {wrong}")

    async def _book(self, order: InBooks) -> Obeyed:
        providers = self._repayments.providers
        done = await self._store.write(
            lambda tx: office.carry_out(tx, order, self._currency, providers), spare_reserve=True
        )
        if done.promised:
            self._repayments.promised()
        cases.tell(self._faults, await self._store.read(cases.listed))
        return Obeyed(said=done.said)

    async def _reconcile(self, order: ReconcileOrder) -> Obeyed:
        if not self._comparisons.providers:
            raise Refused("no terminal of this lot has a report of its own")
        if order.book and order.reason is None:
            raise Refused("a reason is needed to book what is missing: it stands in the records")
        word = Word(order.by, order.reason, order.book)
        compared = await self._comparisons.compare(word, order.since, order.until)
        wrong = [each for each in compared if each.why_not]
        if len(wrong) == len(compared):
            raise Refused("; ".join(f"{each.provider}: no report ({each.why_not})" for each in wrong))
        return Obeyed(said="; ".join(map(_line, compared)))


def _line(compared: Compared) -> str:
    if compared.why_not:
        return f"{compared.provider}: no report ({compared.why_not})"
    booked = f", {compared.booked} booked" if compared.booked else ""
    found = _counted(compared.differences, "difference") if compared.differences else "no difference"
    return f"{compared.provider}: {_counted(compared.lines, 'line')} of its report, {found}{booked}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
