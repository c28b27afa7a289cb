"""Drivers' software that books and cancels at once, and asks again when it got no answer."""

from __future__ import annotations

import asyncio
import math
import random
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from models.instants import Instant, to_rfc3339
from tests.chaos.booking_oracle import Oracle, Place, Wish
from tests.chaos.booking_site import TYPE

MINUTE = 60_000_000
_HORIZON = 24 * 60
"""The next day is what everybody wants."""
_LONGEST = 8 * 60
_CANCELS, _TWINS, _GIVES_UP = 0.3, 0.05, 0.3
"""How often a client that has a reservation cancels it, sends a request twice at the same time, and doesn't ask again
at once when it got no answer."""
_AT_ONCE = 32
_DEFINITE = frozenset({409, 422})


@dataclass
class Clients:
    """`origin`: the whole minute from which the times count."""

    http: httpx.AsyncClient
    ports: Sequence[int]
    header: dict[str, str]
    oracle: Oracle
    places: Sequence[Place]
    origin: Instant
    chance: random.Random
    ends: float = math.inf
    """No new attempts after this moment of the monotonic clock"""
    answers_within: float = 5.0
    attempts: int = 0
    answers: Counter[str] = field(default_factory=Counter[str])
    open: list[Wish] = field(default_factory=list[Wish])
    """Without an answer so far"""
    _live: list[Wish] = field(default_factory=list[Wish])

    async def work(self, until: int) -> None:
        """One client, until so many attempts were made by all of them."""
        while self.attempts < until and time.monotonic() < self.ends:
            self.attempts += 1
            if self._live and self.chance.random() < _CANCELS:
                await self.cancel(self._live.pop(self.chance.randrange(len(self._live))))
            wish = self._wish()
            if self.chance.random() < _TWINS:
                await asyncio.gather(self._once(wish), self._once(wish))
            else:
                await self._once(wish)
            if not wish.settled and self.chance.random() < _GIVES_UP:
                self.open.append(wish)
                continue
            await self.settle(wish)
            if wish.ids:
                self._live.append(wish)

    async def settle(self, wish: Wish) -> None:
        """Asks again under the same key until there is an answer."""
        while not wish.settled:
            await asyncio.sleep(self.chance.uniform(0.05, 0.3))
            await self._once(wish)

    async def ask_all_again(self) -> None:
        """Everything that was ever accepted is asked for once more: it is known, and it is the same."""
        accepted = [wish for wish in self.oracle.wishes.values() if wish.ids]
        anew = self.answers["anew"]

        async def ask() -> None:
            while accepted:
                wish = accepted.pop()
                while (await self._once(wish)) is None:
                    await asyncio.sleep(0.1)

        await asyncio.gather(*(ask() for _ in range(_AT_ONCE)))
        assert self.answers["anew"] == anew, "something was booked anew"

    async def cancel(self, wish: Wish) -> None:
        [id] = list(wish.ids)[:1]
        wish.cancelled = True
        while True:
            answer = await self._asked("DELETE", f"{self._url(wish)}/{id}")
            if answer is not None and answer.status_code < 500:
                assert answer.status_code == 200, answer.text
                return
            await asyncio.sleep(self.chance.uniform(0.05, 0.3))

    async def _once(self, wish: Wish) -> int | None:
        """The status of a definite answer."""
        answer = await self._asked("POST", self._url(wish), json=self._body(wish), key=wish.key)
        if answer is None or answer.status_code >= 500:
            self.answers["none"] += 1
            return None
        if answer.status_code in (200, 201):
            self.answers["anew" if answer.status_code == 201 else "again"] += 1
            self.oracle.accepted(wish, answer.json()["id"])
        else:
            assert answer.status_code in _DEFINITE, answer.text
            wish.refused = answer.json()["error"]["code"]
            self.answers[wish.refused or ""] += 1
        return answer.status_code

    async def _asked(
        self, method: str, path: str, *, json: object = None, key: str | None = None
    ) -> httpx.Response | None:
        headers = self.header if key is None else {**self.header, "Idempotency-Key": key}
        url = f"http://127.0.0.1:{self.chance.choice(self.ports)}{path}"
        try:
            async with asyncio.timeout(self.answers_within):
                return await self.http.request(method, url, json=json, headers=headers)
        except (httpx.TransportError, TimeoutError):
            return None

    def _wish(self) -> Wish:
        begins = self.chance.randrange(_HORIZON)
        length = self.chance.choice([15, 30, 60, 60, 120, 240, self.chance.randrange(15, _LONGEST)])
        wish = Wish(
            uuid.UUID(int=self.chance.getrandbits(128)).hex, self.chance.choice(self.places), begins, begins + length
        )
        self.oracle.wishes[wish.key] = wish
        return wish

    def _body(self, wish: Wish) -> dict[str, str]:
        at = [to_rfc3339(Instant(self.origin + minute * MINUTE)) for minute in (wish.begins, wish.ends)]
        return {"spot_type": TYPE.value, "start": at[0], "end": at[1]}

    def _url(self, wish: Wish) -> str:
        return f"/v1/lots/{wish.place[0]}/reservations"
