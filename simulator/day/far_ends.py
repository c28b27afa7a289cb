"""Those who take money on the day beside the twin: machines for coins, a card terminal over nexo, one that stores.

The real drivers speak to them over TCP. They answer only while the twin looks at them, before it moves the time on, so
that a day is the same each time that it is played.
"""

from __future__ import annotations

import selectors
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from drivers.far_book import FarBook
from drivers.money import Reported
from drivers.over_nexo import messages
from drivers.post import cash_words
from models.instants import SECOND, Instant
from simulator.cash_peer import CashPeer
from simulator.nexo_peer import NexoPeer
from simulator.twin.line import Event

EXIT_COINS, EXIT_CARDS, EXIT_LATER, STATION_COINS = "out-coins", "out-cards", "out-later", "hall-coins"
POI = "OUT-1"
_PUTS_IN_AFTER = 3 * SECOND
_EVER = Instant(0), Instant(2**62)
_MOST = 1 << 16

Coins = Callable[[str, int], Iterable[int]]
"""What whoever stands at a place puts in, who is asked for so much there."""


@dataclass
class FarEnds:
    """`now` is the lot's wall time, by the twin. Two machines without change, a terminal, and the book and the bank of
    a terminal that stores: that bank is `away` as long as the file of that name is there."""

    folder: Path
    now: Callable[[], Instant] = lambda: Instant(0)
    coins: Coins = lambda _place, amount: (amount,)
    _open: ExitStack = field(default_factory=ExitStack)
    _due: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    """Who puts coins in where, for which payment and when"""
    _answered: bool = False

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        places = (EXIT_COINS, STATION_COINS)
        self.machines = {name: CashPeer(self.folder / f"{name}.sqlite", lambda: self.now()) for name in places}
        self.nexo = NexoPeer(self.folder / "nexo.sqlite", lambda: self.now())
        self.away = self.folder / "bank-is-away"
        self._lines = self._open.enter_context(_Lines())
        self._ports = {name: self._lines.listen(_by_lines(peer)) for name, peer in self.machines.items()}
        self._ports[EXIT_CARDS] = self._lines.listen(_by_messages(self.nexo))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def terminal(self, place: str) -> dict[str, Any] | None:
        """What the lot's file says of the terminal there; None: the twin plays it."""
        if place in self.machines:
            return {"driver": "cash", "tcp": {"host": "127.0.0.1", "port": self._ports[place]}}
        if place == EXIT_CARDS:
            return {"driver": "nexo", "host": "127.0.0.1", "port": self._ports[place], "poi_id": POI}
        if place == EXIT_LATER:
            book = {"book": str(self._later), "bank_away": str(self.away)}
            return {"driver": "simulated", "stores": True, "delay": 4, **book}
        return None

    def taken(self) -> dict[str, list[Reported]]:
        """What each has taken by its own record, by the account in the lot's books."""
        asked = cash_words.report(*_EVER, 0)
        found: dict[str, list[Reported]] = {}
        for name, peer in self.machines.items():
            lines, more = cash_words.reported(peer.answer({"n": 0, **asked}))
            while more:
                further, more = cash_words.reported(peer.answer({"n": 0, **asked, "skip": len(lines)}))
                lines += further
            found[f"cash:{name}"] = lines
        found[f"provider:nexo:{POI}"] = list(FarBook(self.folder / "nexo.sqlite").report(*_EVER))
        found["provider:simulated"] = list(FarBook(self._later).report(*_EVER))
        return found

    # --- as the twin's errands ---

    def next_due(self) -> int | None:
        """In the twin's time, which begins at zero: an answer is heard before any time goes by."""
        self._look()
        return 0 if self._answered else min((at for _, at in self._due.values()), default=None)

    def due(self, now: int) -> list[Event]:
        self._look()
        self._puts_in(now)
        for name, peer in self.machines.items():
            if peer.open is not None and self._due.get(name, ("", 0))[0] != peer.open:
                self._due[name] = peer.open, now + _PUTS_IN_AFTER
        answered, self._answered = self._answered, False
        # Nobody hears it: it only gives the daemon the turn.
        return [("far ends", True)] if answered else []

    def _puts_in(self, now: int) -> None:
        for name, (payment, at) in list(self._due.items()):
            peer = self.machines[name]
            if at <= now:
                del self._due[name]
                if peer.open == payment:
                    peer.insert(*self.coins(name, peer.asked_for))

    def _look(self) -> None:
        self._answered = self._lines.look() or self._answered

    @property
    def _later(self) -> Path:
        return self.folder / "later.sqlite"


def by_account(taken: Mapping[str, list[Reported]]) -> Counter[str]:
    """What each holds of it."""
    return Counter({account: sum(line.amount for line in lines) for account, lines in taken.items()})


Hears = Callable[[bytes], tuple[bytes, bytes]]
"""What was heard so far: what is answered to it, and what is left unheard."""


class _Lines:
    """TCP connections of which nobody waits for anything."""

    def __init__(self) -> None:
        self._ready = selectors.DefaultSelector()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for key in list(self._ready.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._ready.close()

    def listen(self, hears: Hears) -> int:
        """Returns the port."""
        server = socket.create_server(("127.0.0.1", 0))
        self._ready.register(server, selectors.EVENT_READ, (server, hears, None))
        return server.getsockname()[1]

    def look(self) -> bool:
        """All that was said until now is answered. False: nothing was said."""
        answered = False
        while ready := self._ready.select(0):
            for key, _ in ready:
                line, hears, unheard = key.data
                if unheard is None:
                    connection, _ = line.accept()
                    self._ready.register(connection, selectors.EVENT_READ, (connection, hears, bytearray()))
                else:
                    self._serve(line, hears, unheard)
                    answered = True
        return answered

    def _serve(self, line: socket.socket, hears: Hears, unheard: bytearray) -> None:
        said = b""
        with suppress(OSError):
            said = line.recv(_MOST)
        if not said:
            self._ready.unregister(line)
            line.close()
            return
        answer, unheard[:] = hears(bytes(unheard) + said)
        with suppress(OSError):
            line.sendall(answer)


def _by_lines(peer: CashPeer) -> Hears:
    def hears(said: bytes) -> tuple[bytes, bytes]:
        *lines, rest = said.split(b"\n")
        return b"".join(peer.hear(line) for line in lines), rest

    return hears


def _by_messages(peer: NexoPeer) -> Hears:
    def hears(said: bytes) -> tuple[bytes, bytes]:
        answers = b""
        while len(said) >= messages.PREFIX:
            whole = messages.PREFIX + int.from_bytes(said[: messages.PREFIX], "big")
            if len(said) < whole:
                break
            answers += peer.hear(said[messages.PREFIX : whole])
            said = said[whole:]
        return answers, said

    return hears
