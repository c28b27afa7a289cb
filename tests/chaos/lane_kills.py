"""SIGKILLs of the daemon while vehicles are let through: what do the arms do, and what is on record of the vehicles?

The boards, arms, loops and drivers live through all of it, and keep the account by which the lot is judged.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import json
import math
import multiprocessing
import random
import shutil
import signal
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from simulator.servers import Mosquitto
from tests.chaos.lane_campaign import Campaign
from tests.chaos.lane_lot import PASSWORD, USER
from tests.chaos.lane_tally import Careless, Phase, Tally

SITES = 5
CONTROL_KILLS = 4
KILLS_AT_A_LOT = 25
"""At most, where no plates are read; then another lot is opened, so that no site is left with all the rest"""
PLATES_ONE_IN = 12
"""So many kills of which one happens while plates are read; a reader takes its time to start"""

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Share:
    """What one site does of the whole."""

    phases: tuple[Phase, ...]
    """One for each kill"""
    seed: int
    broker: int
    careless: Careless | None = None
    plates: bool = False


def play(share: Share) -> Tally:
    """One site with its own lot, in this process."""
    with tempfile.TemporaryDirectory(prefix="parkgate-lane-kills-") as name:
        tally = asyncio.run(_played(share, Path(name)))
        if not tally.clean and share.careless is None:
            kept = tempfile.mkdtemp(prefix="parkgate-lane-kills-evidence-")
            _say(f"the witness, the books and the daemon's log are kept in {kept}")
            for evidence in ("witness.jsonl", "lot.sqlite", "lot.sqlite-wal", "daemon.log"):
                if (Path(name) / evidence).exists():
                    shutil.copy(Path(name) / evidence, kept)
        return tally


async def _played(share: Share, folder: Path) -> Tally:
    async with Campaign(folder, share.broker, random.Random(share.seed), share.careless, share.plates) as campaign:
        for number, phase in enumerate(share.phases):
            await campaign.kill_once(phase)
            _say(f"{campaign.name}: kill {number + 1} of {len(share.phases)} ({phase}), {campaign.tally.found}")
            if share.careless is not None and share.careless.caught(campaign.tally.found):
                break
        return campaign.tally


def run(kills: int, seed: int, sites: int = SITES) -> tuple[Tally, dict[Careless, Tally]]:
    """The daemon that ships, at several lots at once, and daemons with one of their safeguards off."""
    chance = random.Random(seed)
    phases = _each_in_its_turn(kills, chance)
    with_plates = min(kills // 2, max(1, kills // PLATES_ONE_IN))
    buttons = phases[with_plates:]
    lots = max(sites, math.ceil(len(buttons) / KILLS_AT_A_LOT))
    dealt = [buttons[lot::lots] for lot in range(lots)]
    control = (Phase.CONTACT,) * CONTROL_KILLS
    with tempfile.TemporaryDirectory(prefix="parkgate-lane-kills-") as name, _broker(Path(name)) as broker:
        # The longest first: nobody waits for one lot at the end.
        shares = [Share(phases[:with_plates], chance.getrandbits(32), broker.port, plates=True)] if with_plates else []
        shares += [Share(phases, chance.getrandbits(32), broker.port) for phases in dealt if phases]
        controls = [Share(control, chance.getrandbits(32), broker.port, careless) for careless in Careless]
        played = _all_at_once([*shares, *controls], sites)
    return sum(played[: len(shares)], Tally()), dict(zip(Careless, played[len(shares) :], strict=True))


def _each_in_its_turn(kills: int, chance: random.Random) -> tuple[Phase, ...]:
    rounds = (chance.sample(list(Phase), len(Phase)) for _ in range(kills // len(Phase) + 1))
    return tuple(phase for one_round in rounds for phase in one_round)[:kills]


def _all_at_once(shares: list[Share], sites: int) -> list[Tally]:
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=sites, mp_context=fresh, initializer=_die_with_the_parent) as pool:
        return list(pool.map(play, shares))


def _die_with_the_parent() -> None:
    """Whoever kills the test leaves no lot behind."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _broker(folder: Path) -> Mosquitto:
    return Mosquitto(folder / "mosquitto", {USER: PASSWORD})


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def report(tally: Tally, seed: int, controls: dict[Careless, Tally]) -> dict[str, object]:
    """The line that `make chaos` prints. A lot applies its facts in the transaction that stores them: there's no
    cloud here, so `applied` is `stored`."""
    passed = [careless for careless, tally in controls.items() if not careless.caught(tally.found)]
    found = asdict(tally.found)
    examples = found.pop("examples")
    counted = {field.name: getattr(tally, field.name) for field in fields(tally) if field.name != "found"}
    kills = counted.pop("kills")
    stored = tally.accepted - tally.found.lost
    return {
        "chaos": "lane-kills",
        "n": kills,
        "accepted": counted.pop("accepted"),
        "stored": stored,
        "applied": stored,
        **found,
        **counted,
        "seed": seed,
        "control": f"passed, though it must fail: {', '.join(passed)}" if passed else "failed as it must",
        "controls": {careless.value: careless.what_was_found(tally.found) for careless, tally in controls.items()},
        "examples": examples,
    }


def failed(tally: Tally, asked: int, controls: dict[Careless, Tally]) -> bool:
    """Anything found, kills that didn't happen, or a careless daemon that gets away with it."""
    caught = all(careless.caught(found.found) for careless, found in controls.items())
    return not (tally.clean and tally.kills == asked and caught)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--n", type=int, default=25, help="how many kills")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--sites", type=int, default=SITES, help="how many lots at once")
    options = asked.parse_args()
    began = time.monotonic()
    tally, controls = run(options.n, options.seed, options.sites)
    said = report(tally, options.seed, controls)
    print(json.dumps({**said, "seconds": round(time.monotonic() - began)}))
    sys.exit(failed(tally, options.n, controls))


if __name__ == "__main__":
    main()
