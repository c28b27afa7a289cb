"""SIGKILLs of daemon, broker, cloud and PostgreSQL in random mixture, under steady traffic.

What was accepted is counted by the hardware: the simulated arms and loops live through all of it and keep an
account of every car that passed and every arm that moved.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from simulator.books import Books, Difference, cloud_books, differences, lot_books
from simulator.demo.stage import Options, Stage
from simulator.servers import Mosquitto, Postgres, Server
from simulator.witness import phantom_opens, witnessed

HOUSE = Path(__file__).resolve().parents[2]
_USER, _PASSWORD = "parkgate", "chaos"
_AGREE_WITHIN = 90.0
_CARELESS = ("python", str(HOUSE / "tests/chaos/careless_edge.py"))
CONTROL_KILLS = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run. `accepted`: passages that the hardware saw; `stored` and `applied`: those on record.

    `forgotten`: facts that the lot takes for applied though the cloud lacks them.
    """

    kills: int
    accepted: int
    stored: int
    applied: int
    lost: int
    twice: int
    phantom_opens: int
    forgotten: int
    examples: tuple[str, ...]

    @property
    def clean(self) -> bool:
        return (
            self.lost == self.twice == self.phantom_opens == self.forgotten == 0
            and self.accepted == self.stored == self.applied
        )


def run(kills: int, seed: int, *, careless: bool = False, weights: Path | None = None) -> Outcome:
    """One whole product under fire. With `careless` the daemon's safeguard is off."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="parkgate-chaos-") as name, Postgres() as postgres:
        folder = Path(name)
        with Mosquitto(folder / "mosquitto", {_USER: _PASSWORD}) as broker:
            options = Options(
                lot=HOUSE / "config/lots/simulated.yaml",
                rate=30,
                stay="3s..20s",
                seed=seed,
                http_port=0,
                weights=weights,
                mqtt=f"mqtt://{_USER}:{_PASSWORD}@127.0.0.1:{broker.port}",
                database=postgres.create_database("parkgate"),
                edge_program=_CARELESS if careless else ("parkgate-edge",),
            )
            with Stage(folder / "stage", options, _silent) as stage:
                cars = stage.let_cars_come()
                victims: dict[str, Server] = {
                    "edge": stage.edge,
                    "broker": broker,
                    "cloud": stage.cloud,
                    "postgres": postgres,
                }
                _wait_for_passages(stage.witness, 2)
                for number in range(kills):
                    _strike(victims, chance, stage.witness, number, kills, aimed=careless)
                cars.stop()
                lot, cloud, different = asyncio.run(_when_they_agree(stage))
                return _judge(kills, stage.witness, lot, cloud, different)


def _strike(
    victims: dict[str, Server], chance: random.Random, witness: Path, number: int, kills: int, *, aimed: bool
) -> None:
    """Kill one or two at once, let cars pass meanwhile, and start them again."""
    struck = ["cloud", "broker"] if aimed else chance.sample(sorted(victims), chance.choice([1, 1, 2]))
    print(f"kill {number + 1} of {kills}: {' and '.join(struck)}", file=sys.stderr)
    victims[struck[0]].kill()
    if aimed:
        # The cloud is away while facts are handed to the broker, and then the broker dies with them.
        _wait_for_passages(witness, 2)
    for victim in struck[1:]:
        victims[victim].kill()
    time.sleep(chance.uniform(0.2, 1.5))
    for victim in sorted(struck, key=["broker", "postgres", "cloud", "edge"].index):
        victims[victim].start()
    time.sleep(chance.uniform(0.5, 3.0))


def _wait_for_passages(witness: Path, more: int, within: float = 60.0) -> None:
    passed = len(_passages(witness))
    until = time.monotonic() + within
    while len(_passages(witness)) < passed + more:
        if time.monotonic() > until:
            raise TimeoutError(f"no {more} cars passed in {within:.0f} s: the lot doesn't work at all")
        time.sleep(0.2)


async def _when_they_agree(stage: Stage) -> tuple[Books, Books, list[Difference]]:
    until = time.monotonic() + _AGREE_WITHIN
    while True:
        lot, cloud = lot_books(stage.store), await cloud_books(stage.database_url, stage.lot_id)
        different = differences(lot, cloud)
        if not different or time.monotonic() > until:
            return lot, cloud, different
        await asyncio.sleep(0.5)


def _passages(witness: Path) -> list[tuple[str, str]]:
    """(entered or left, plate), as the hardware saw it."""
    return [
        (line["what"], line["plate"])
        for line in witnessed(witness)
        if line["event"] == "car" and line["what"] in ("entered", "left")
    ]


def _judge(kills: int, witness: Path, lot: Books, cloud: Books, different: list[Difference]) -> Outcome:
    passages = _passages(witness)
    stored = [passage for passage in passages if _on_record(lot, *passage)]
    applied = [passage for passage in passages if _on_record(cloud, *passage)]
    missing = [difference for difference in different if difference.column == "*" and difference.in_cloud == "missing"]
    return Outcome(
        kills=kills,
        accepted=len(passages),
        stored=len(stored),
        applied=len(applied),
        lost=len(passages) - len(stored) + len(missing),
        twice=_twice(lot, passages) + len(different) - len(missing),
        phantom_opens=phantom_opens(witnessed(witness)),
        forgotten=len(lot.acknowledged - cloud.rows["facts"].keys()),
        examples=tuple(
            [str(passage) for passage in passages if passage not in stored][:5] + [str(d) for d in different[:5]]
        ),
    )


def _on_record(books: Books, what: str, plate: str) -> bool:
    vehicles = {id for id, vehicle in books.rows["vehicles"].items() if vehicle["license_plate"] == plate}
    stays = [stay for stay in books.tickets.values() if stay["vehicle_id"] in vehicles and stay["status"] != "VOIDED"]
    if what == "entered":
        return bool(stays)
    return any(stay["exit_lane"] is not None and stay["settled_at"] is not None for stay in stays)


def _twice(lot: Books, passages: list[tuple[str, str]]) -> int:
    """Stays beyond the one that each car had, and payments beyond what was due."""
    stays = [stay for stay in lot.tickets.values() if stay["status"] != "VOIDED"]
    vehicles = {stay["vehicle_id"] for stay in stays}
    overpaid = sum(stay["amount_paid"] > (stay["amount_due"] or 0) for stay in stays if stay["amount_due"] is not None)
    references = [payment["reference"] for payment in lot.rows["payments"].values() if payment["status"] == "TAKEN"]
    return len(stays) - len(vehicles) + overpaid + len(references) - len(set(references))


def _silent(line: str) -> None: ...


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--n", type=int, default=20, help="how many kills")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--weights", type=Path, help="folder with fast-alpr's weights")
    options = asked.parse_args()
    outcome = run(options.n, options.seed, weights=options.weights)
    control = run(min(options.n, CONTROL_KILLS), options.seed, careless=True, weights=options.weights)
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
                "phantom_opens": outcome.phantom_opens,
                "seed": options.seed,
                "control": "failed as it must" if control.forgotten else "passed, though it must fail",
                "control_forgotten": control.forgotten,
                "examples": outcome.examples,
            }
        )
    )
    sys.exit(0 if outcome.clean and control.forgotten else 1)


if __name__ == "__main__":
    main()
