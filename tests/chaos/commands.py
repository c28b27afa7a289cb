"""Forged, replayed, retained, late, misdirected and malformed commands by the thousand, and a few honest ones.

A real daemon on a real broker; the boards that move the arms outlive it, and count. Each honest command moves its arm
once, whatever is sent beside it and whenever the daemon is killed; no other one moves anything, and each stands in the
lot's records with its reason.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge.local import LaneOrder, give
from edge.sync.commanding.nonces import GOOD_FOR_SECONDS
from models.commands import CommandEnd, CommandRefusal
from models.lanes import OrderKind
from models.wire.seals import Signer
from simulator.servers import Mosquitto
from tests.chaos.command_senders import Attacker, Caller, Hostile
from tests.chaos.lane_account import Account, Made, now_us
from tests.chaos.lane_lot import DAEMON, HOUSE, PASSWORD, USER, Lot
from tests.chaos.lane_peers import LANES, Post, Wires
from tests.keys import public_file

CARELESS = ("python", str(HOUSE / "tests/chaos/careless_commands.py"))
CONTROLS = {"NONCES": "replayed", "SIGNATURES": "a stranger's"}
"""Each safeguard, and the way in which a lot without it is fooled."""
CONTROL_MESSAGES = 4
KINDS = [kind for kind in LANES if kind.name in ("in-lcus", "in-mqtt")]
BURST = 400
BURSTS_A_KILL = 5
LONG = 1000
"""From so many messages on, every reason must have been met"""
QUIET_ORDERS = 5
_EVERY_REASON = frozenset(CommandRefusal) - {CommandRefusal.CROWDED, CommandRefusal.NOT_RECORDED}
_ARM_SECONDS = 0.6
"""After an order, until the contact that it makes is counted"""
_ON_RECORD_WITHIN = 60.0


@dataclass
class Tally:
    """One run. `ordered` are honest commands (and orders at the lot), `moved` the contacts that hardware saw for
    them; `hostile` are the other messages, `recorded` those of them on record with the right reason."""

    ordered: int = 0
    moved: int = 0
    twice: int = 0
    phantom_opens: int = 0
    hostile: int = 0
    recorded: int = 0
    kills: int = 0
    unknown: int = 0
    from_afar_ms: list[float] = field(default_factory=list[float])
    at_the_lot_ms: list[float] = field(default_factory=list[float])
    at_the_quiet_lot_ms: list[float] = field(default_factory=list[float])
    reasons: Counter[str] = field(default_factory=Counter[str])
    examples: list[str] = field(default_factory=list[str])

    @property
    def clean(self) -> bool:
        moved = self.ordered == self.moved and not self.twice and not self.phantom_opens
        return moved and self.hostile == self.recorded


class Siege:
    """A context manager: the lot runs inside it."""

    def __init__(self, folder: Path, broker: int, chance: random.Random, careless: str | None = None) -> None:
        self._folder, self._broker, self._chance, self._careless = folder, broker, chance, careless
        self.tally = Tally()
        self._sent: list[Hostile] = []
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            signer = Signer.generated()
            keys = public_file(self._folder, signer)
            self._lot = Lot(self._folder, KINDS, self._broker, cloud_keys=keys)
            self._account = Account(self._folder / "witness.jsonl")
            stack.callback(self._account.close)
            wires = Wires(self._broker, USER, PASSWORD, self._lot.root)
            stack.callback(wires.close)
            for kind in KINDS:
                stack.push_async_callback(Post(kind, self._folder, wires, self._account).close)
            self._edge = self._lot.daemon(
                CARELESS if self._careless else DAEMON, PARKGATE_CARELESS=self._careless or ""
            )
            stack.callback(self._edge.kill)
            await asyncio.to_thread(self._edge.start)
            self._caller = await stack.enter_async_context(Caller(self._broker, USER, PASSWORD, self._lot.id, signer))
            self._attacker = Attacker(self._caller, [kind.name for kind in KINDS], self._chance)
            await self._caller.nonce()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def hold_up(self, count: int = 5) -> None:
        """Genuine commands that somebody on the way keeps until they are too old."""
        for _ in range(count):
            command = self._caller.command(self._any_lane(), await self._caller.nonce())
            self._attacker.stock.held_up.append((self._caller.sealed(command), time.monotonic()))

    async def burst(self, count: int, ways: list[str] | None = None) -> None:
        """So many hostile messages as fast as they go, with an honest command and an order at the lot among them."""
        since = now_us()
        nonce = await self._caller.nonce()
        half = self._messages(count // 2, nonce, ways)
        self._send(half)
        at_the_lot = asyncio.create_task(self._order_at_the_lot(self.tally.at_the_lot_ms))
        self._send(self._messages(count - len(half), nonce, ways))
        await self._order_from_afar(KINDS[0].name)
        await at_the_lot
        await asyncio.sleep(_ARM_SECONDS)
        self._count({KINDS[0].name: 1, KINDS[1].name: 1}, since)

    async def only(self, way: str, count: int) -> None:
        """Hostile messages of one kind, after an honest command."""
        since = now_us()
        await self._order_from_afar(KINDS[0].name)
        await asyncio.sleep(_ARM_SECONDS)
        nonce = await self._caller.nonce()
        for _ in range(count):
            self._send([self._attacker.message(way, nonce)])
            await asyncio.sleep(_ARM_SECONDS)
        self._count({KINDS[0].name: 1}, since)

    async def kill(self) -> None:
        """The power goes at about the time when an honest command moves its arm. Later the command is played back."""
        since, lane = now_us(), self._any_lane()
        command = self._caller.command(lane, await self._caller.nonce())
        payload = self._caller.sealed(command)
        self._caller.send(payload)
        await asyncio.sleep(self._chance.uniform(0, 0.04))
        await asyncio.to_thread(self._edge.kill)
        kept = Hostile(
            self._caller.sealed(self._caller.command(lane, "0" * 32)), frozenset({CommandRefusal.RETAINED}), True
        )
        self._caller.send(kept.payload, retain=True)
        self._sent.append(kept)
        await asyncio.to_thread(self._edge.start)
        nonce = await self._caller.nonce()
        self._caller.send(b"", retain=True)
        self._attacker.stock.taken.append(payload)
        self._send([self._attacker.message("replayed", nonce) for _ in range(5)])
        await self._caller.nonce()
        await asyncio.sleep(2 * _ARM_SECONDS)
        self._judge_the_killed(command.id, lane, since)

    def _judge_the_killed(self, id: object, lane: str, since: int) -> None:
        """Moved at most once; and if it moved, it was on record before."""
        moved = [made for made in self._account.contacts(since, lane) if _raises(made)]
        with self._books() as books:
            row = books.execute("SELECT outcome FROM taken_commands WHERE id = ?", (str(id),)).fetchone()
        self.tally.kills += 1
        self.tally.ordered += len(moved[:1])
        self.tally.moved += len(moved[:1])
        self.tally.twice += max(0, len(moved) - 1)
        self.tally.unknown += row is not None and row[0] == CommandEnd.UNKNOWN
        if moved and row is None:
            self.tally.phantom_opens += 1
            self.tally.examples.append(f"moved without being on record: {id}")

    async def all_on_record(self) -> None:
        """Wait until every hostile message is, and judge the reasons."""
        until = time.monotonic() + _ON_RECORD_WITHIN
        while sum(self._recorded().values()) < len(self._sent) and time.monotonic() < until:
            await asyncio.sleep(0.2)
        recorded = self._recorded()
        self.tally.hostile = len(self._sent)
        for (_, reason), times in recorded.items():
            self.tally.reasons[reason] += times
        by_digest: defaultdict[str, list[str]] = defaultdict(list)
        for (digest, reason), times in recorded.items():
            by_digest[digest].extend([reason] * times)
        for hostile in self._sent:
            found = by_digest[_digest(hostile)]
            right = next((reason for reason in found if CommandRefusal[reason] in hostile.reasons), None)
            if right is None:
                self.tally.examples.append(f"{sorted(r.name for r in hostile.reasons)} recorded as {found[:3]}")
                continue
            found.remove(right)
            self.tally.recorded += 1

    # --- what is sent ---

    def _messages(self, count: int, nonce: str, ways: list[str] | None) -> list[Hostile]:
        chosen = ways or self._attacker.ways
        return [self._attacker.message(chosen[n % len(chosen)], nonce) for n in range(count)]

    def _send(self, messages: list[Hostile]) -> None:
        for hostile in messages:
            self._caller.send(hostile.payload, retain=hostile.retain)
            self._sent.append(hostile)
            if hostile.retain:
                # Nobody may find it there afterwards: this deletes it.
                self._caller.send(b"", retain=True)

    async def _order_from_afar(self, lane: str) -> None:
        begun = time.monotonic()
        command = self._caller.command(lane, await self._caller.nonce())
        answer = await self._caller.order(command)
        self.tally.from_afar_ms.append((time.monotonic() - begun) * 1000)
        self._attacker.stock.taken.append(self._caller.sealed(command))
        if answer.end is not CommandEnd.DONE:
            self.tally.examples.append(f"an honest command ended {answer.end}: {answer.said}")

    async def quiet_orders(self, count: int) -> None:
        """What an order at the lot takes while nobody attacks."""
        for _ in range(count):
            since = now_us()
            await self._order_at_the_lot(self.tally.at_the_quiet_lot_ms)
            await asyncio.sleep(_ARM_SECONDS)
            self._count({KINDS[1].name: 1}, since)

    async def _order_at_the_lot(self, took: list[float]) -> None:
        begun = time.monotonic()
        order = LaneOrder(lane=KINDS[1].name, kind=OrderKind.OPEN, by="guard", reason="chaos")
        await asyncio.to_thread(give, self._lot.store, order)
        took.append((time.monotonic() - begun) * 1000)

    def _any_lane(self) -> str:
        return self._chance.choice(KINDS).name

    # --- what came of it ---

    def _count(self, ordered: dict[str, int], since: int) -> None:
        made = Counter(made.lane for made in self._account.contacts(since) if _raises(made))
        for kind in KINDS:
            wanted = ordered.get(kind.name, 0)
            self.tally.ordered += wanted
            self.tally.moved += min(wanted, made[kind.name])
            if made[kind.name] > wanted:
                self.tally.phantom_opens += made[kind.name] - wanted
                self.tally.examples.append(f"{kind.name} rose {made[kind.name]} times for {wanted} orders")

    def _recorded(self) -> Counter[tuple[str, str]]:
        with self._books() as books:
            rows = books.execute(
                "SELECT json_extract(body, '$.digest'), json_extract(body, '$.reason'),"
                " sum(json_extract(body, '$.times')) FROM journal WHERE type = 'command.refused' GROUP BY 1, 2"
            ).fetchall()
        return Counter({(digest, reason): times for digest, reason, times in rows})

    def _books(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(f"file:{self._lot.store}?mode=ro", uri=True, timeout=10))


def _raises(made: Made) -> bool:
    return made.channel == next(kind.open_on for kind in KINDS if kind.name == made.lane)


def _digest(hostile: Hostile) -> str:
    return hashlib.sha256(hostile.payload).hexdigest()[:16]


async def besieged(folder: Path, broker: int, n: int, seed: int) -> Tally:
    """The whole campaign: so many hostile messages, the daemon killed now and then."""
    chance = random.Random(seed)
    async with Siege(folder, broker, chance) as siege:
        long = n >= LONG
        await siege.quiet_orders(QUIET_ORDERS if long else 2)
        await siege.hold_up()
        sent, burst = 0, 0
        while sent < n:
            count = min(BURST, n - sent)
            await siege.burst(count)
            sent, burst = sent + count, burst + 1
            print(f"{sent} of {n}: {siege.tally.phantom_opens} phantom opens", file=sys.stderr)
            if burst % BURSTS_A_KILL == 1:
                await siege.kill()
                await siege.hold_up()
                await asyncio.sleep(GOOD_FOR_SECONDS + 1 if long else 0)
        await siege.all_on_record()
        return siege.tally


async def careless(folder: Path, broker: int, safeguard: str, seed: int) -> Tally:
    """A daemon without that safeguard, and messages of the kind that it keeps out."""
    async with Siege(folder, broker, random.Random(seed), safeguard) as siege:
        await siege.only(CONTROLS[safeguard], CONTROL_MESSAGES)
        return siege.tally


def run(n: int, seed: int) -> tuple[Tally, dict[str, Tally]]:
    """The campaign, and its controls."""
    with tempfile.TemporaryDirectory(prefix="parkgate-chaos-") as name:
        folder = Path(name)
        # The broker may keep as many as it likes: each must reach the lot.
        with Mosquitto(folder / "mosquitto", {USER: PASSWORD}, settings=("max_queued_messages 0",)) as broker:
            folders = {part: folder / part for part in ("lot", *CONTROLS)}
            for each in folders.values():
                each.mkdir()
            tally = asyncio.run(besieged(folders["lot"], broker.port, n, seed))
            controls = {part: asyncio.run(careless(folders[part], broker.port, part, seed)) for part in CONTROLS}
    return tally, controls


def _milliseconds(times: list[float]) -> dict[str, float]:
    return {"median": round(statistics.median(times), 1), "longest": round(max(times), 1)}


def report(n: int, seed: int, tally: Tally, controls: dict[str, Tally]) -> dict[str, Any]:
    failed = all(control.phantom_opens for control in controls.values())
    return {
        "chaos": "commands",
        "n": n,
        "accepted": tally.ordered,
        "stored": tally.recorded,
        "applied": tally.moved,
        "lost": tally.hostile - tally.recorded + tally.ordered - tally.moved,
        "twice": tally.twice,
        "phantom_opens": tally.phantom_opens,
        "seed": seed,
        "control": "failed as it must" if failed else "passed, though it must fail",
        "control_phantom_opens": {part: control.phantom_opens for part, control in controls.items()},
        "hostile": tally.hostile,
        "refused": dict(tally.reasons),
        "kills": tally.kills,
        "outcome_unknown": tally.unknown,
        "honest_from_afar_ms": _milliseconds(tally.from_afar_ms),
        "order_at_the_lot_ms": _milliseconds(tally.at_the_lot_ms),
        "order_at_the_quiet_lot_ms": _milliseconds(tally.at_the_quiet_lot_ms),
        "reasons_not_met": [reason.name for reason in _EVERY_REASON if not tally.reasons[reason.name]],
        "examples": tally.examples[:10],
    }


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--n", type=int, default=10_000, help="how many hostile messages")
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    tally, controls = run(options.n, options.seed)
    found = report(options.n, options.seed, tally, controls)
    print(json.dumps(found))
    met = options.n < LONG or not found["reasons_not_met"]
    sys.exit(0 if tally.clean and met and found["control"] == "failed as it must" else 1)


if __name__ == "__main__":
    main()
