"""The parking service as a lane meets it: an entry desk and an exit desk over the lot's store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol
from zoneinfo import ZoneInfo

import structlog

from drivers.contract import PrintedTicket
from edge.lane.actions import Count
from edge.lane.desk import Paper
from edge.lane.signals import Allowed, Asked, Button, Card, Code, Order, Question, Read, Refused, Unread
from edge.lane.timing import LaneTiming
from edge.parking import entry, exit, lanes
from edge.parking.access.entitlement import TRANSIENT, Entitlement
from edge.parking.access.lists import NOBODY_LISTED, Lists
from edge.parking.access.permits import Permit, Permits, permit_of_card
from edge.parking.claims import match_of, stay_claimed, stay_known
from edge.parking.codes_shown import CodeDesk
from edge.parking.matching.lookalikes import LetOut, Lookalikes, Sought, confirms
from edge.parking.matching.question import time_of_day
from edge.parking.money.till import Till
from edge.parking.reservations.claiming import Claims, ComeLater
from edge.parking.reservations.entering import admit
from edge.parking.reservations.leaving import as_ticket
from edge.parking.stays.tickets import Ticket, WithoutStay
from edge.parking.stays.unresolved import leave_unresolved
from edge.store import Store, StoreUnavailable, Transaction
from models.allocation import AS_WRITTEN, Plan
from models.facts import EnteredBy
from models.facts.lanes import LONGEST_TEXT
from models.ids import LaneName, TicketId
from models.instants import Instant, to_datetime
from models.lanes import HoldCause
from models.money import written
from models.phrases.phrase import Phrase
from models.plates import Plate
from models.qr import qr_text
from models.refusals import Refusal
from models.spots import VehicleType
from models.tariff import Tariff
from models.tariff.spoken import spoken
from models.tickets import Direction
from models.vehicle_types import NOTHING_SENSED, Sensed, TypeEvidence, most_trusted

_LOG = structlog.get_logger("edge.parking")
UNDATED = "Time of entry: not known yet"
"""On paper, while no time server was heard: a wrong time there would be held against somebody."""

_Answer = exit.Cleared | WithoutStay | Question | Refusal
_NO_PERMITS: Mapping[Plate, Permit] = {}


class GivesReceipts(Protocol):
    """Whoever gives receipts at a lane, in its own time."""

    def paid(self, ticket: TicketId) -> None: ...
    def next_driver(self) -> None: ...


@dataclass(frozen=True)
class _Desk:
    """What is put on record of a lane beside its tickets, alike in both directions."""

    direction: ClassVar[Direction]

    lane: LaneName
    store: Store

    def unresolve(self, ticket: TicketId) -> Paper:
        return lambda tx: leave_unresolved(tx, ticket, self.direction.value)

    def refuse(self, reason: Refusal, plate: Plate | None) -> Paper:
        return lambda tx: lanes.refuse(tx, self.lane, self.direction, reason, plate)

    def count(self, passage: Count) -> Paper:
        return lambda tx: lanes.count(tx, self.lane, passage)

    def obey(self, order: Order, why_not: str) -> Paper:
        return lambda tx: lanes.obey(tx, self.lane, order, why_not)

    def hold(self, cause: HoldCause | None, order: Order | None) -> Paper:
        return lambda tx: lanes.hold(tx, self.lane, cause, order)

    def call(self, why: Button, plate: Plate | None) -> Paper:
        return lambda tx: lanes.call(tx, self.lane, why, plate)


@dataclass(frozen=True)
class EntryDesk(_Desk):
    """Decides who may enter. `sensed` says what kind of vehicle stands there now, as far as the lane's devices tell;
    `vehicle_type` what it counts as where nobody does. `lists` says who is barred, and how far permits reach now.
    `tariff` says what holds now: it is pinned on the ticket, unless the lane's sign has shown another price. `lot_name`
    and `zone` (an IANA name) stand for paper tickets; `plan` says to which spot it leads; `picture` is the hash of that
    of the vehicle which stands there."""

    direction: ClassVar[Direction] = Direction.ENTRY

    tariff: Callable[[], Tariff]
    permits: Permits
    vehicle_type: Callable[[], VehicleType]
    lot_name: str = ""
    zone: str = "UTC"
    plan: Plan = AS_WRITTEN
    reservations: Claims = field(default_factory=Claims)
    lists: Lists = NOBODY_LISTED
    picture: Callable[[], str | None] = lambda: None
    debtors_refused: bool = False
    codes: CodeDesk = field(default_factory=CodeDesk)
    sensed: Callable[[], Sensed] = lambda: NOTHING_SENSED

    async def decide(self, asked: Asked, gone: asyncio.Event | None = None) -> Allowed | Refused:
        if self.codes.has_to_wait(asked):
            return Refused(Refusal.TOO_MANY_CODES)
        tariff = asked.tariff or self.tariff()
        try:
            answer = await self._answer(asked, tariff)
        except StoreUnavailable:
            return Refused(Refusal.NOT_RECORDED)
        self.codes.heard(asked, answer)
        match answer:
            case Refusal():
                return Refused(answer)
            case ComeLater():
                return Refused(Refusal.RESERVATION_EARLY, Phrase.COME_AT.of(time=self._when(answer)))
            case WithoutStay():
                return Allowed(None, Phrase.WELCOME)
            case entry.Admitted():
                greeting = Phrase.WELCOME_TO_SPOT.of(spot=answer.spot_number) if answer.spot_number else Phrase.WELCOME
                on_paper = not (answer.reserved or isinstance(asked.credential, Read | Card))
                return Allowed(answer.ticket, greeting, self._printed(answer, tariff) if on_paper else None)

    def refuse(self, reason: Refusal, plate: Plate | None) -> Paper:
        """While only the reserve is left on the disk, none is put on record: everybody is refused, and may try again
        and again. That room is for those who leave."""
        on_record = super().refuse(reason, plate)
        return lambda tx: None if self.store.only_reserve else on_record(tx)

    def confirm(self, ticket: TicketId) -> Paper:
        picture = self.picture()
        return lambda tx: entry.confirm(tx, ticket, self.lane, picture)

    def withdraw(self, ticket: TicketId, *, vended: bool) -> Paper:
        return lambda tx: entry.withdraw(tx, ticket, self.lane, "back_out" if vended else "vend_failed")

    async def _answer(self, asked: Asked, tariff: Tariff) -> entry.Admitted | WithoutStay | ComeLater | Refusal:
        arrival = self._arrival(asked)
        if isinstance(arrival, Refusal):
            return arrival
        return await self.store.write(
            lambda tx: admit(tx, self.reservations, asked, arrival, tariff, self.plan), spare_reserve=True
        )

    def _arrival(self, asked: Asked) -> entry.Arrival | Refusal:
        """Who comes, by what they show; a person's word lets in whoever shows nothing that is known."""
        by_hand = asked.by_hand is not None
        plate, confidence = asked.plate, 0.0
        by: EnteredBy = "by_hand" if by_hand else "plate"
        match asked.credential:
            case Read(read, sure):
                plate, confidence = read, sure
                by = "permit" if not by_hand and read in self.permits else by
            case Card(number):
                permit = permit_of_card(self.permits, number)
                if permit is not None:
                    plate, confidence = permit.plate, 1.0
                    by = by if by_hand else "card"
                elif not by_hand:
                    return Refusal.CARD_UNKNOWN
            case Code():
                pass
            case Unread(by_policy):
                by = by if by_hand else "policy" if by_policy else "button"
        right = self._right(plate)
        evidence = TypeEvidence(
            lane=self.vehicle_type(),
            sensed=self.sensed(),
            permit=None if right.permit is None else right.permit.vehicle_type,
            driver=asked.vehicle_type,
        )
        vehicle_type, by_whom = most_trusted(evidence)
        _LOG.info("entry.vehicle_type", lane=self.lane, vehicle_type=vehicle_type, by=by_whom)
        return entry.Arrival(
            lane=self.lane,
            plate=plate,
            confidence=confidence,
            vehicle_type=vehicle_type,
            evidence=evidence,
            right=right,
            state=asked.state,
            by_hand=by_hand,
            by=by,
            # What was read of the vehicle counts, too, whatever card it shows.
            barred=self.lists.barred({plate, asked.plate}),
            debtors_refused=self.debtors_refused,
        )

    def _right(self, plate: Plate | None) -> Entitlement:
        permit = None if plate is None else self.permits.get(plate)
        if permit is None:
            return TRANSIENT
        return Entitlement(
            permit, in_hours=self.lists.in_hours(permit), account_limit=self.lists.account_limit(permit.account)
        )

    def _when(self, come: ComeLater) -> str:
        return time_of_day(come.at, come.now, self.zone)

    def _shown(self, at: Instant) -> str:
        """With the zone's own name: on the night when summer time ends, there are two of each minute."""
        return to_datetime(at).astimezone(ZoneInfo(self.zone)).strftime("%Y-%m-%d %H:%M %Z")

    def _printed(self, admitted: entry.Admitted, tariff: Tariff) -> PrintedTicket:
        spot = (f"Spot {admitted.spot_number}",) if admitted.spot_number else ()
        return PrintedTicket(
            lot=self.lot_name,
            code=admitted.code,
            qr=qr_text(admitted.code),
            entered=self._shown(admitted.entered) if admitted.dated else UNDATED,
            lines=(f"No. {admitted.serial}", *spot, *spoken(tariff)),
        )


@dataclass(frozen=True)
class ExitDesk(_Desk):
    """Decides who may leave, and takes what they owe. `is_heard`: whether a call for a person reaches anybody beyond
    this lot now; `timing` says how long a driver waits for one. `paper` gives receipts there.
    `lookalikes` seeks the stay of whose plate is exactly nobody's; `picture` is the hash of that of the vehicle which
    stands there."""

    direction: ClassVar[Direction] = Direction.EXIT

    till: Till
    permits: Permits = field(default_factory=lambda: _NO_PERMITS)
    is_heard: Callable[[], bool] = lambda: True
    timing: LaneTiming = field(default_factory=LaneTiming)
    reservations: Claims = field(default_factory=Claims)
    codes: CodeDesk = field(default_factory=CodeDesk)
    paper: GivesReceipts | None = None
    lookalikes: Lookalikes | None = None
    picture: Callable[[], str | None] = lambda: None
    _pictured: dict[TicketId, str | None] = field(default_factory=dict[TicketId, "str | None"])

    async def decide(self, asked: Asked, gone: asyncio.Event | None = None) -> Allowed | Refused:
        if self.codes.has_to_wait(asked):
            return Refused(Refusal.TOO_MANY_CODES)
        try:
            exactly = await self._answer(asked, gone)
            answer = await self._by_likeness(asked, gone) if exactly is Refusal.NO_TICKET else exactly
        except StoreUnavailable:
            return Refused(Refusal.NOT_RECORDED)
        self.codes.heard(asked, Refusal.NO_TICKET if isinstance(answer, Refused | Question) else answer)
        return answer if isinstance(answer, Refused) else self._said(answer)

    def _said(self, answer: _Answer) -> Allowed | Refused:
        match answer:
            case Refusal():
                return Refused(answer)
            case Question(_, _, line):
                return Refused(Refusal.NO_TICKET, line, answer)
            case WithoutStay():
                return Allowed(None, Phrase.GOODBYE)
            case exit.Cleared():
                self._pictures(answer.ticket)
                if self.paper is not None:
                    self.paper.paid(answer.ticket)
                due = written(answer.amount_due, answer.currency)
                said = Phrase.TO_PAY_LATER if answer.uncollected else Phrase.PAID
                return Allowed(answer.ticket, said.of(amount=due))

    def confirm(self, ticket: TicketId) -> Paper:
        self._is_through()
        # One that had none when it was let out gets none: by now the next one may stand there.
        picture = self._pictured.pop(ticket) if ticket in self._pictured else self.picture()
        return lambda tx: exit.close(tx, ticket, self.lane, picture)

    def withdraw(self, ticket: TicketId, *, vended: bool) -> Paper:
        self._is_through()
        self._pictured.clear()
        return lambda tx: exit.abandon(tx, ticket, self.lane)

    def unresolve(self, ticket: TicketId) -> Paper:
        self._is_through()
        return super().unresolve(ticket)

    def _is_through(self) -> None:
        if self.paper is not None:
            self.paper.next_driver()

    def _alone(self, asked: Asked) -> str:
        """Why nobody waits for a person any longer; empty: they do."""
        heard = self.is_heard()
        if asked.waited < (self.timing.person_within if heard else self.timing.answer_within):
            return ""
        why = "no person came" if heard else "nobody could hear the call for a person"
        return f"more than a machine may take, and {why} for {asked.waited:.0f} s"

    def _pictures(self, ticket: TicketId) -> None:
        """The picture is that of the vehicle that was let out: by the time it is through, the next one may stand
        there."""
        self._pictured.clear()
        self._pictured[ticket] = self.picture()

    async def _by_likeness(self, asked: Asked, gone: asyncio.Event | None) -> exit.Cleared | Question | Refused:
        """Exactly nobody's plate: the stay that it may be, found for sure or confirmed by its driver; else a person
        looks, and its driver is told to show the ticket."""
        seeks, shown = self.lookalikes, asked.credential
        if seeks is None or seeks.let_out is LetOut.NEVER or not isinstance(shown, Read) or asked.by_hand is not None:
            return Refused(Refusal.NO_TICKET)
        sought = await seeks.seek(asked, shown)
        if sought.choice is None:
            return await self._left_to_a_person(seeks, asked, sought)
        departure = exit.Departure(
            self.lane,
            lambda tx: seeks.stay(tx, asked, sought),
            "alike",
            sought.plate,
            self._alone(asked),
            confirmed=confirms(asked),
        )
        answer = await exit.clear(self.store, self.till, departure, gone)
        if isinstance(answer, exit.Cleared | Question):
            return answer
        if answer is not Refusal.NO_TICKET:
            assert isinstance(answer, Refusal), "a likeness leads to a stay or to none"
            return Refused(answer)
        return await self._left_to_a_person(seeks, asked, sought)

    async def _left_to_a_person(self, seeks: Lookalikes, asked: Asked, sought: Sought) -> Refused:
        found = await seeks.left_to_a_person(asked, sought)
        return Refused(Refusal.NO_TICKET, Phrase.SCAN_YOUR_TICKET if found or asked.denied else "")

    async def _answer(self, asked: Asked, gone: asyncio.Event | None) -> _Answer:
        order, match, plate = asked.by_hand, match_of(asked), asked.plate
        claims = self.reservations
        if order is None and confirms(asked):
            return Refusal.NO_TICKET  # what was read is nobody's: the driver's word is judged with the likeness
        if order is not None:
            known = exit.Departure(
                self.lane,
                lambda tx: stay_known(tx.connection, as_ticket(tx, claims, self.lane, asked), self.permits),
                match,
                plate,
            )
            why = f"let out by hand ({order.kind}, {order.id}) by {order.by}: {order.reason}"[:LONGEST_TEXT]
            return await self.store.write(lambda tx: exit.let_out(tx, known, why))
        claimed = exit.Departure(self.lane, lambda tx: self._claimed(tx, asked), match, plate, self._alone(asked))
        return await exit.clear(self.store, self.till, claimed, gone)

    def _claimed(self, tx: Transaction, asked: Asked) -> Ticket | WithoutStay | Refusal:
        asked = as_ticket(tx, self.reservations, self.lane, asked)
        claimed = stay_claimed(tx, self.lane, asked, self.permits)
        return self.codes.compared(tx, self.lane, asked, claimed)
