"""The contacts of one relay board on a serial port: what is sent when, and what is owed after a failure."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

import structlog

from drivers.contacts.faults import BUSY, DROPPED, FORBIDDEN, GARBLED, NOT_OBEYED, SILENT, TAKEN, UNPLUGGED
from drivers.contract import DriverError, NotSent
from drivers.over_serial.board_contact import BoardProtocol, Contact, Garbled, Order, Wish, Words
from drivers.over_serial.port import Line, NoAnswer, PortTrouble, SerialPort, Why, Wire
from models.faults import Fault
from models.instants import SECOND, Clock, Monotonic

log = structlog.get_logger()

QUICK_TRIES = 3
"""So often a contact is told to open at once, before whoever waits is told that it didn't"""
RETRY_SECONDS = 1.0
"""After that, so often"""
TAKE_WITHIN_SECONDS = 1.0
"""An order that couldn't be sent by then isn't meant any more"""
LOOK_SECONDS = 2.0
"""How often a board that can be read is read while nothing else is to do"""
SILENCES = 2
"""A look that isn't answered once may be noise"""

PORT_FAULTS = {Why.ABSENT: UNPLUGGED, Why.FORBIDDEN: FORBIDDEN, Why.TAKEN: TAKEN}


class RelayBoard:
    """Says one thing at a time to its board; the end of a pulse goes before everything else.

    A contact is told to close once an order, never twice. It is told to open as often as it takes: at the
    start (unless it is to be left as it was found), after each reconnection, and until the board says so where
    it can. A contact that is held isn't touched by a reconnection: what became of it is read, and if it has
    opened, that is a fault, not an order.
    """

    def __init__(self, line: Line, protocol: BoardProtocol, patience: float, clock: Clock) -> None:
        self._line, self._protocol, self._clock = line, protocol, clock
        self._patience = patience
        self._lock = threading.Lock()  # never held while something is said
        self._contacts: tuple[Contact, ...] = ()
        self._queue: deque[tuple[Contact, Order]] = deque()
        self._trouble: DriverError | None = DriverError(UNPLUGGED, f"{line.path} hasn't been opened yet")
        self._port: SerialPort | None = None
        self._look_at: Monotonic | None = None
        self._to_look_at: list[Contact] = []

    # On the event loop. None of these blocks.

    def join(self, contact: Contact) -> None:
        with self._lock:
            self._contacts = (*self._contacts, contact)
            if self._port is None:
                self._trouble = DriverError(UNPLUGGED, f"{self._line.path} hasn't been opened yet")
                self._port = SerialPort(self._line, self._clock, self._patience, self)
                self._port.begin()
            self._port.wake()

    def leave(self, contact: Contact) -> SerialPort | None:
        """The last to leave ends the port, and may wait for it to be closed."""
        with self._lock:
            self._contacts = tuple(each for each in self._contacts if each is not contact)
            if self._contacts:
                return None
            port, self._port = self._port, None
        if port is not None:
            port.end()
        return port

    def take(self, contact: Contact, order: Order) -> None:
        """Carried out now or refused: nothing waits for the board to come back."""
        with self._lock:
            trouble, port = self._trouble, self._port
            if contact not in self._contacts or port is None:
                trouble = DriverError(UNPLUGGED, "this relay isn't started")
            if trouble is None:
                self._queue.append((contact, order))
        if trouble is not None:
            order.finish(NotSent(trouble.fault, trouble.detail))
        elif port is not None:
            port.wake()

    def withdraw(self, order: Order) -> None:
        """Nobody waits for it any more: if nothing was sent yet, nothing will be."""
        with self._lock:
            self._queue = deque(queued for queued in self._queue if queued[1] is not order)

    # On the port's thread.

    def opened(self) -> None:
        now = self._clock.monotonic()
        with self._lock:
            self._trouble = None
        for contact in self._contacts:
            contact.ends(*PORT_FAULTS.values())
            contact.tries = contact.silences = 0
            if contact.wish is Wish.MADE and self._protocol.question(contact.channel) is None:
                contact.begins(DROPPED, "the board was away, and it can't be asked whether the contact is still made")
        held = any(contact.is_left_alone for contact in self._contacts)  # what became of it is worth knowing at once
        self._to_look_at, self._look_at = [], now if held else Monotonic(now + round(LOOK_SECONDS * SECOND))

    def lost(self, trouble: PortTrouble) -> None:
        fault = PORT_FAULTS[trouble.why]
        with self._lock:
            self._trouble = DriverError(fault, trouble.detail)
            refused, self._queue = self._queue, deque()
        for _, order in refused:
            order.finish(NotSent(fault, trouble.detail))
        for contact in self._contacts:
            contact.on = None
            if not contact.is_left_alone:
                self._owe_opening(contact)
            contact.finish(contact.error or DriverError(fault, f"{trouble.detail}; it may be made until it is back"))
            contact.ends(SILENT, GARBLED, *(other for other in PORT_FAULTS.values() if other is not fault))
            contact.begins(fault, trouble.detail)

    def work(self, wire: Wire) -> float:
        now = self._clock.monotonic()
        due = [contact for contact in self._contacts if contact.open_at is not None and contact.open_at <= now]
        if due:
            self._open(wire, min(due, key=lambda contact: contact.open_at or now))
        elif told := next((contact for contact in self._contacts if contact.unconfirmed), None):
            self._confirm(wire, told)
        elif taken := self._next_order(now):
            self._carry_out(wire, *taken)
        elif self._look_at is not None and self._look_at <= now:
            self._look(wire)
        return self._seconds_until_next()

    def _seconds_until_next(self) -> float:
        if self._queue or any(contact.unconfirmed for contact in self._contacts):
            return 0.0
        moments = [contact.open_at for contact in self._contacts if contact.open_at is not None]
        if self._look_at is not None:
            moments.append(self._look_at)
        return max(0.0, (min(moments, default=2**62) - self._clock.monotonic()) / SECOND)

    def _next_order(self, now: Monotonic) -> tuple[Contact, Order] | None:
        with self._lock:
            if not self._queue:
                return None
            contact, order = self._queue.popleft()
        within = TAKE_WITHIN_SECONDS if order.within is None else order.within
        if order.wish in (Wish.OPEN, Wish.LEFT) or now - order.taken_at <= within * SECOND:
            return contact, order
        order.finish(NotSent(BUSY, "the board was busy with other relays for too long; nothing was sent"))
        return None

    # Carrying out an order.

    def _carry_out(self, wire: Wire, contact: Contact, order: Order) -> None:
        if order.wish is Wish.LEFT and not contact.is_driven:
            order.finish(None)
        elif order.wish in (Wish.OPEN, Wish.LEFT):
            contact.finish(None)  # a pulse that is cut short
            contact.order = order
            contact.tries = 0
            self._owe_opening(contact)
        elif refusal := self._refusal(contact, order):
            order.finish(refusal)
        elif contact.wish is Wish.MADE and contact.on is not False:
            self._keep_made(wire, contact, order)
        else:
            contact.finish(None)  # a pulse that becomes a hold
            self._make(wire, contact, order)

    def _refusal(self, contact: Contact, order: Order) -> DriverError | None:
        found_made = contact.wish is Wish.LEFT and contact.on is True
        if found_made or contact.wish in (Wish.PULSE, Wish.MADE):
            return NotSent(BUSY, "the contact is made already") if order.wish is Wish.PULSE else None
        unread = contact.on is None and self._protocol.question(contact.channel) is not None
        if contact.open_at is not None or unread:
            # What doesn't answer may wake up and obey when the vehicle has gone.
            fault, detail = next(reversed(contact.raised.items()), (SILENT, "the board hasn't said its state yet"))
            return NotSent(fault, f"{detail}; nothing was sent")
        return None

    def _make(self, wire: Wire, contact: Contact, order: Order) -> None:
        """Tell it to close, once. From here on it may be made until the board says otherwise."""
        now = self._clock.monotonic()
        contact.wish, contact.order, contact.on, contact.doubts = order.wish, order, None, 0
        contact.open_at = Monotonic(now + round(order.seconds * SECOND)) if order.wish is Wish.PULSE else None
        readable = self._protocol.question(contact.channel) is not None
        contact.unconfirmed = readable
        try:
            self._say(wire, self._protocol.order(contact.channel, True))
        except NoAnswer as error:
            if not error.cut_short:
                self._give_up(contact, *_what_is_missing(error))
        else:
            if not readable:
                self._obeyed(contact)

    def _keep_made(self, wire: Wire, contact: Contact, order: Order) -> None:
        """Tell it again what it was told: it may hold an arm up, so that it isn't opened whatever comes of this."""
        contact.order = order
        try:
            self._say(wire, self._protocol.order(contact.channel, True))
            made = self._protocol.question(contact.channel) is None or self._read(wire, contact)
        except NoAnswer as error:
            if error.cut_short:
                self._put_back(contact, order)
            else:
                self._not_kept(contact, *_what_is_missing(error), on=None)
        except Garbled as error:
            self._not_kept(contact, GARBLED, str(error), on=None)
        else:
            if made:
                self._obeyed(contact)
            else:
                contact.disobeyed.add(True)
                self._not_kept(contact, NOT_OBEYED, "told to close, the board says that it is open", on=False)

    def _not_kept(self, contact: Contact, fault: Fault, detail: str, on: bool | None) -> None:
        contact.on = on
        contact.begins(fault, detail)
        contact.finish(DriverError(fault, detail))

    def _put_back(self, contact: Contact, order: Order) -> None:
        """Once a pulse of another contact has been ended."""
        contact.order = None
        with self._lock:
            self._queue.appendleft((contact, order))

    def _confirm(self, wire: Wire, contact: Contact) -> None:
        try:
            made = self._read(wire, contact)
        except NoAnswer as error:
            if not error.cut_short:
                self._give_up(contact, *_what_is_missing(error))
        except Garbled as error:
            self._doubt(contact, GARBLED, str(error))
        else:
            if made:
                self._obeyed(contact)
            else:
                self._doubt(contact, NOT_OBEYED, "told to close, the board says that it is open")

    def _doubt(self, contact: Contact, fault: Fault, detail: str) -> None:
        """Asking again is harmless; closing again wouldn't be."""
        contact.doubts += 1
        if contact.doubts >= SILENCES:
            self._give_up(contact, fault, detail)

    def _obeyed(self, contact: Contact) -> None:
        contact.on, contact.unconfirmed = True, False
        contact.disobeyed.discard(True)
        self._was_understood(contact)
        contact.ends(DROPPED)
        if contact.wish is Wish.MADE:
            contact.finish(None)

    def _give_up(self, contact: Contact, fault: Fault, detail: str) -> None:
        """The order has failed; whoever waits is told once the contact has been opened, if it can be."""
        if fault is NOT_OBEYED:
            contact.disobeyed.add(True)
        contact.begins(fault, detail)
        contact.error = DriverError(fault, detail)
        self._owe_opening(contact)

    def _owe_opening(self, contact: Contact) -> None:
        contact.wish, contact.unconfirmed, contact.open_at = Wish.OPEN, False, self._clock.monotonic()

    # Opening a contact.

    def _open(self, wire: Wire, contact: Contact) -> None:
        if contact.unconfirmed:
            contact.error = DriverError(SILENT, "the board hadn't said that the contact was made when the pulse ended")
        self._owe_opening(contact)
        try:
            self._say(wire, self._protocol.order(contact.channel, False))
            made = self._read(wire, contact)
        except NoAnswer as error:
            if not error.cut_short:
                self._not_opened(contact, *_what_is_missing(error))
        except Garbled as error:
            self._not_opened(contact, GARBLED, str(error))
        else:
            if made:
                contact.on = True
                self._not_opened(contact, NOT_OBEYED, "told to open, the board says that it is made")
            else:
                self._is_open(contact)

    def _is_open(self, contact: Contact) -> None:
        contact.on, contact.open_at, contact.tries = False, None, 0
        contact.disobeyed.discard(False)
        self._was_understood(contact)
        contact.ends(DROPPED)
        contact.finish(contact.error)

    def _not_opened(self, contact: Contact, fault: Fault, detail: str) -> None:
        contact.tries += 1
        log.info("contact not opened", port=self._line.path, channel=contact.channel, why=detail, tries=contact.tries)
        if fault is NOT_OBEYED:
            contact.disobeyed.add(False)
        else:
            contact.on = None
        if contact.tries < QUICK_TRIES and fault not in contact.raised:
            return
        contact.begins(fault, detail)
        contact.open_at = Monotonic(self._clock.monotonic() + round(RETRY_SECONDS * SECOND))
        contact.finish(contact.error or DriverError(fault, f"it isn't known to have opened: {detail}"))

    # Looking.

    def _look(self, wire: Wire) -> None:
        """Read one contact that is at rest or held; the round begins anew every few seconds."""
        self._to_look_at = [contact for contact in self._to_look_at or self._contacts if self._can_be_read(contact)]
        if any(contact.wish is Wish.PULSE for contact in self._contacts):
            self._to_look_at = []  # later: a pulse must not wait for an answer to end
        if self._to_look_at:
            contact = self._to_look_at.pop(0)
            try:
                made = self._read(wire, contact)
            except NoAnswer as error:
                self._not_seen(contact, *_what_is_missing(error))
            except Garbled as error:
                self._not_seen(contact, GARBLED, str(error))
            else:
                contact.silences = 0
                self._seen(contact, made)
        pause = 0.0 if self._to_look_at else LOOK_SECONDS
        self._look_at = Monotonic(self._clock.monotonic() + round(pause * SECOND))

    def _can_be_read(self, contact: Contact) -> bool:
        return contact.open_at is None and self._protocol.question(contact.channel) is not None

    def _not_seen(self, contact: Contact, fault: Fault, detail: str) -> None:
        contact.silences += 1
        if contact.silences >= SILENCES:
            contact.on = None
            contact.begins(fault, detail)
        else:
            self._to_look_at.insert(0, contact)

    def _seen(self, contact: Contact, made: bool) -> None:
        contact.on = made
        if made and contact.wish is Wish.OPEN:
            contact.disobeyed.add(False)
            contact.begins(NOT_OBEYED, "made, though nobody ordered it")
            self._owe_opening(contact)
        elif contact.wish is Wish.MADE and not made:
            contact.begins(DROPPED, "the board says that the contact is open")
        self._was_understood(contact)

    # What is common to all of them.

    def _say(self, wire: Wire, words: Words) -> bytes:
        """What is answered, if anything is. Cut short when a pulse has to end. Raises NoAnswer."""
        if words.whole is None:
            wire.say(words.out)
            return b""
        ends = (contact.open_at for contact in self._contacts if contact.wish is Wish.PULSE)
        cut_at = min((end for end in ends if end is not None), default=None)
        return wire.ask(words.out, words.whole, cut_at, echoed=words.echoed)

    def _read(self, wire: Wire, contact: Contact) -> bool:
        """What the board says, or that it is open for a board that can't be asked. Raises NoAnswer and Garbled."""
        question = self._protocol.question(contact.channel)
        return question is not None and self._protocol.state(contact.channel, self._say(wire, question))

    def _was_understood(self, contact: Contact) -> None:
        _end(self._contacts, SILENT, GARBLED)
        if not contact.disobeyed:
            contact.ends(NOT_OBEYED)


def _end(contacts: Iterable[Contact], *faults: Fault) -> None:
    for contact in contacts:
        contact.ends(*faults)


def _what_is_missing(error: NoAnswer) -> tuple[Fault, str]:
    if error.came:
        return GARBLED, f"half an answer: {error.came[:20]!r}"
    return SILENT, "no answer"
