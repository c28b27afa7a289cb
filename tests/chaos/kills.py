"""SIGKILLs of daemons, broker, ingest processes and PostgreSQL in random mixture, under steady traffic.

What was accepted is counted by the hardware: the simulated arms and loops live through all of it and keep an
account of every car that passed and every arm that moved.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from simulator.books import Books, Difference, cloud_books, differences, lot_books
from tests.chaos.kill_site import Site
from tests.chaos.kill_traffic import Traffic
from tests.chaos.lane_account import now_us
from tests.chaos.lane_lot import DAEMON, HOUSE
from tests.chaos.lane_verdicts import NOTHING, Findings

_AGREE_WITHIN = 120.0
_CONTROL_WITHIN = 5.0
_CARELESS = ("python", str(HOUSE / "tests/chaos/careless_edge.py"))
CONTROL_KILLS = 2
_FIRST_CAR_WITHIN = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run. `accepted`: passages that the hardware saw; `stored` and `applied`: those on record at the lot and in
    the cloud, field by field.

    `forgotten`: facts that a lot takes for applied though the cloud lacks them.
    """

    kills: int
    accepted: int
    stored: int
    applied: int
    found: Findings = NOTHING
    different: tuple[str, ...] = ()
    forgotten: int = 0
    stranded: int = 0
    facts: int = 0
    arrived: int = 0
    """Facts in the cloud"""
    victims: Counter[str] = field(default_factory=Counter[str])

    @property
    def lost(self) -> int:
        return self.found.lost + sum("cloud 'missing'" in one for one in self.different)

    @property
    def twice(self) -> int:
        return self.found.twice + sum("cloud 'missing'" not in one for one in self.different)

    @property
    def clean(self) -> bool:
        whole = self.accepted == self.stored == self.applied
        return whole and self.found.none and not (self.different or self.forgotten or self.stranded)


def run(kills: int, seed: int, *, careless: bool = False) -> Outcome:
    """One whole product under fire. With `careless` the daemons' safeguard is off."""
    with tempfile.TemporaryDirectory(prefix="parkgate-chaos-") as name:
        outcome = asyncio.run(_played(Path(name), kills, random.Random(seed), careless))
        if not outcome.clean and not careless:
            kept = tempfile.mkdtemp(prefix="parkgate-kills-evidence-")
            shutil.copytree(name, kept, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock", "*.scanner"))
            _say(f"the witnesses, the stores and the logs are kept in {kept}")
        return outcome


async def _played(folder: Path, kills: int, chance: random.Random, careless: bool) -> Outcome:
    site = await asyncio.to_thread(Site(folder, _CARELESS if careless else DAEMON).__enter__)
    try:
        traffics = [
            Traffic(lot.folder, lot, site.devices.port, random.Random(chance.getrandbits(32)), _say)
            for lot in site.lots
        ]
        await asyncio.to_thread(site.open)
        _say(f"{len(site.lots)} lots are open")
        for traffic in traffics:
            await traffic.begin()
        await _passages(traffics, 2)
        struck: Counter[str] = Counter()
        for number in range(kills):
            names = await (_aimed(site, traffics) if careless else _struck(site, traffics, chance))
            struck.update(name.partition("-")[0] for name in names)
            _say(
                f"kill {number + 1} of {kills}: {' and '.join(names)}; {sum(len(t.passages) for t in traffics)} passed"
            )
        await asyncio.gather(*(traffic.end() for traffic in traffics))
        # What a careless lot has forgotten never comes: its books won't agree however long they are waited for.
        within = _CONTROL_WITHIN if careless else _AGREE_WITHIN
        books = [await _when_they_agree(site, lot.store, lot.id, within) for lot in site.lots]
        return _judged(kills, traffics, books, struck)
    finally:
        await asyncio.to_thread(site.__exit__, None, None, None)


async def _struck(site: Site, traffics: list[Traffic], chance: random.Random) -> list[str]:
    """Kill one or two at once, let cars come meanwhile, and start them again."""
    names = chance.sample(sorted(site.victims), chance.choice([1, 1, 1, 2]))
    await asyncio.gather(*(_killed(site, traffics, name, chance) for name in names))
    await asyncio.sleep(chance.uniform(0.05, 0.6))
    await asyncio.gather(*(_started(site, traffics, name) for name in names))
    await asyncio.sleep(chance.uniform(0.05, 0.8))
    return names


async def _aimed(site: Site, traffics: list[Traffic]) -> list[str]:
    """Ingest is away while facts are handed to the broker, and then the broker dies with them."""
    names = [name for name in site.victims if name.startswith("ingest")]
    for name in names:
        await asyncio.to_thread(site.victims[name].kill)
    await _passages(traffics, 2)
    await asyncio.to_thread(site.broker.kill)
    for name in ("broker", *names):
        await asyncio.to_thread(site.victims[name].start)
    return ["broker", *names]


async def _killed(site: Site, traffics: list[Traffic], name: str, chance: random.Random) -> None:
    if name == "postgres" and chance.random() < 0.5:
        await asyncio.to_thread(site.stop_at_once)
        return
    if name.startswith("edge"):
        traffics[int(name.partition("-")[2]) - 1].downs.kills.append(now_us())
    await asyncio.to_thread(site.victims[name].kill)


async def _started(site: Site, traffics: list[Traffic], name: str) -> None:
    await asyncio.to_thread(site.victims[name].start)
    if name.startswith("edge"):
        await traffics[int(name.partition("-")[2]) - 1].heard()


async def _passages(traffics: list[Traffic], more: int) -> None:
    passed = sum(len(traffic.passages) for traffic in traffics)
    until = time.monotonic() + _FIRST_CAR_WITHIN
    while sum(len(traffic.passages) for traffic in traffics) < passed + more:
        if time.monotonic() > until:
            raise TimeoutError(f"no {more} cars passed in {_FIRST_CAR_WITHIN:.0f} s: the lots don't work at all")
        await asyncio.sleep(0.1)


async def _when_they_agree(site: Site, store: Path, lot: str, within: float) -> tuple[Books, Books, list[Difference]]:
    until = time.monotonic() + within
    while True:
        at_lot, in_cloud = lot_books(store), await cloud_books(site.database_url, lot)
        different = differences(at_lot, in_cloud)
        if not different or time.monotonic() > until:
            return at_lot, in_cloud, different
        await asyncio.sleep(0.5)


def _judged(
    kills: int, traffics: list[Traffic], books: list[tuple[Books, Books, list[Difference]]], struck: Counter[str]
) -> Outcome:
    accepted = stored = applied = 0
    for traffic, (at_lot, in_cloud, _) in zip(traffics, books, strict=True):
        for passage in traffic.passages:
            accepted += 1
            known = [at_lot.tickets[id] for id in passage.tickets if id in at_lot.tickets]
            stored += bool(known)
            applied += bool(known) and all(_same(stay, in_cloud.tickets.get(stay["id"])) for stay in known)
    return Outcome(
        kills=kills,
        accepted=accepted,
        stored=stored,
        applied=applied,
        found=sum((traffic.found for traffic in traffics), NOTHING),
        different=tuple(str(one) for _, _, different in books for one in different),
        forgotten=sum(len(at_lot.acknowledged - in_cloud.rows["facts"].keys()) for at_lot, in_cloud, _ in books),
        stranded=sum(traffic.stranded for traffic in traffics),
        facts=sum(at_lot.facts for at_lot, _, _ in books),
        arrived=sum(len(in_cloud.rows["facts"]) for _, in_cloud, _ in books),
        victims=struck,
    )


def _same(at_lot: dict[str, object], in_cloud: dict[str, object] | None) -> bool:
    return in_cloud is not None and all(in_cloud.get(column) == value for column, value in at_lot.items())


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--n", type=int, default=20, help="how many times something is killed")
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    began = time.monotonic()
    outcome = run(options.n, options.seed)
    seconds = round(time.monotonic() - began)
    control = run(min(options.n, CONTROL_KILLS), options.seed, careless=True)
    print(
        json.dumps(
            {
                "chaos": "kills",
                "n": options.n,
                "accepted": outcome.accepted,
                "stored": outcome.stored,
                "applied": outcome.applied,
                "lost": outcome.lost,
                "twice": outcome.twice,
                "phantom_opens": outcome.found.phantom_opens,
                "seed": options.seed,
                "control": "failed as it must" if control.forgotten else "passed, though it must fail",
                "control_forgotten": control.forgotten,
                "forgotten": outcome.forgotten,
                "stranded": outcome.stranded,
                "facts": outcome.facts,
                "victims": dict(sorted(outcome.victims.items())),
                "seconds": seconds,
                "examples": [*outcome.found.examples, *outcome.different][:10],
            }
        )
    )
    sys.exit(0 if outcome.clean and control.forgotten else 1)


if __name__ == "__main__":
    main()
