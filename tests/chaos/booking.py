"""Clients book and cancel at once over HTTP, several processes of the cloud and PostgreSQL are killed meanwhile.

The oracle is what the clients were told, and what the lots said that they know. Nothing is sold beyond what a lot keeps
back at any moment, nothing that was accepted is lost, and nobody who asks twice has two.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx

from cloud.clock import SystemClock
from cloud.db import connect
from models.instants import HOUR, Instant
from tests.chaos.booking_clients import Clients
from tests.chaos.booking_controls import controls
from tests.chaos.booking_oracle import Oracle, Verdict
from tests.chaos.booking_site import Site

CLIENTS = 32
_ATTEMPTS_A_KILL = 1250
_FIRST_ANSWER_WITHIN = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run. `control` says of each safeguard whether its lack was found."""

    attempts: int
    verdict: Verdict
    answers: Counter[str]
    victims: Counter[str]
    cancelled: int
    seconds: float
    control: dict[str, bool]

    @property
    def clean(self) -> bool:
        return self.verdict.clean and bool(self.control) and all(self.control.values())


def run(
    attempts: int,
    seed: int,
    *,
    lots: int = 6,
    places: int = 40,
    processes: int = 3,
    kills: int | None = None,
    seconds: float = math.inf,
    answers_within: float = 5.0,
) -> Outcome:
    """`seconds`: no new attempts after so long, though fewer were made."""
    with (
        tempfile.TemporaryDirectory(prefix="parkgate-booking-") as folder,
        Site(Path(folder), lots, places, processes) as site,
    ):
        return asyncio.run(_campaign(site, attempts, random.Random(seed), kills, seconds, answers_within))


async def _campaign(
    site: Site, attempts: int, chance: random.Random, kills: int | None, longest: float, answers_within: float
) -> Outcome:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=CLIENTS)
    async with httpx.AsyncClient(limits=limits, timeout=None) as http:
        clients = _clients(site, http, chance)
        await _until_all_answer(site, http)
        begun = time.monotonic()
        clients.ends, clients.answers_within = begun + longest, answers_within
        victims = await _under_fire(site, clients, attempts, kills)
        seconds = time.monotonic() - begun
        _say(f"{seconds:.1f} s; everything that was accepted is asked for again")
        await clients.ask_all_again()
        verdict = clients.oracle.judged([dict(row) for row in await _rows(site)])
        control = await controls(site)
        cancelled = sum(wish.cancelled for wish in clients.oracle.wishes.values())
        return Outcome(clients.attempts, verdict, clients.answers, victims, cancelled, seconds, control)


def _clients(site: Site, http: httpx.AsyncClient, chance: random.Random) -> Clients:
    hour = SystemClock().read().wall // HOUR + 2
    return Clients(
        http=http,
        ports=[api.port for api in site.apis],
        header=site.header,
        oracle=Oracle(site.kept),
        places=list(site.kept),
        origin=Instant(hour * HOUR),
        chance=chance,
    )


async def _under_fire(site: Site, clients: Clients, attempts: int, kills: int | None) -> Counter[str]:
    """All clients at once, until their attempts are made and answered; what was killed."""
    victims: Counter[str] = Counter()
    lots = asyncio.create_task(site.lots_say(clients.oracle))
    every = attempts // (kills + 1) if kills is not None else _ATTEMPTS_A_KILL
    over = asyncio.Event()
    killer = asyncio.create_task(_kill(site, clients, every, victims, over))
    try:
        await asyncio.gather(*(clients.work(attempts) for _ in range(CLIENTS)))
    finally:
        over.set()
        await killer  # not cancelled: the thread that starts a server again would go on
    for server in site.victims.values():
        if not server.running:
            await asyncio.to_thread(server.start)
    for wish in clients.open:
        await clients.settle(wish)
    await _ended(lots)
    return victims


async def _ended(lots: asyncio.Task[None]) -> None:
    """A lot that fell silent by a defect of its own would make everything look sold out."""
    lots.cancel()
    with suppress(asyncio.CancelledError):
        await lots


async def _kill(site: Site, clients: Clients, every: int, victims: Counter[str], over: asyncio.Event) -> None:
    """Something at each so many attempts; it stays away for a moment. The first two are one of each."""
    due = every
    first = ["postgres", "api-1"]
    while not over.is_set():
        await asyncio.sleep(0.01)
        if clients.attempts < due:
            continue
        due = clients.attempts + every
        name = first.pop(0) if first else clients.chance.choice(["postgres", *sorted(site.victims)])
        if name == "postgres" and not first and clients.chance.random() < 0.5:
            victims["postgres at once"] += 1
            await asyncio.to_thread(site.stop_at_once)
        else:
            victims[name.partition("-")[0]] += 1
            await asyncio.to_thread(site.victims[name].kill)
        _say(f"{clients.attempts} attempts, {len(clients.oracle.oversold)} oversold; {name} is killed")
        await asyncio.sleep(clients.chance.uniform(0.05, 0.5))
        await asyncio.to_thread(site.victims[name].start)


async def _rows(site: Site) -> list[asyncpg.Record]:
    connection = await connect.connection(site.settings, "chaos")
    try:
        return await connection.fetch("SELECT * FROM reservations")
    finally:
        await connection.close()


async def _until_all_answer(site: Site, http: httpx.AsyncClient) -> None:
    until = time.monotonic() + _FIRST_ANSWER_WITHIN
    for api in site.apis:
        while True:
            with suppress(httpx.TransportError):
                if (await http.get(f"http://127.0.0.1:{api.port}/v1/lots")).status_code < 500:
                    break
            if time.monotonic() > until:
                raise TimeoutError(f"{api} doesn't answer: {api.tail()}")
            await asyncio.sleep(0.05)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--n", type=int, default=5000, help="attempts to book")
    asked.add_argument("--seed", type=int, default=None)
    asked.add_argument("--seconds", type=float, default=math.inf, help="no new attempts after so long")
    options = asked.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(2**32)
    outcome = run(options.n, seed, seconds=options.seconds)
    found = outcome.verdict
    failed = "failed as it must"
    print(
        json.dumps(
            {
                "chaos": "booking",
                "n": outcome.attempts,
                "accepted": found.accepted,
                "stored": found.stored,
                "applied": found.stored,
                "lost": found.lost,
                "twice": found.twice,
                "phantom_opens": 0,
                "oversold": found.oversold,
                "cancelled": outcome.cancelled,
                "answers": dict(outcome.answers),
                "killed": dict(outcome.victims),
                "seconds": round(outcome.seconds, 1),
                "seed": seed,
                "control": failed if all(outcome.control.values()) else f"NOT FOUND: {outcome.control}",
                "examples": found.examples,
            }
        )
    )
    raise SystemExit(0 if outcome.clean else 1)


if __name__ == "__main__":
    main()
