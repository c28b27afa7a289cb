"""SIGKILLs of the daemon while vehicles are let through: what do the arms do, and what is on record of the vehicles?

The boards, arms, loops and drivers live through all of it, and keep the account by which the lot is judged.
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
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from tests.chaos.lane_campaign import Campaign
from tests.chaos.lane_tally import Careless, Phase, Tally
from tests.chaos.sites import a_broker, all_at_once, each_in_its_turn, keep_evidence, say

SITES = 5
CONTROL_KILLS = 4
KILLS_AT_A_LOT = 25
"""At most, where no plates are read; then another lot is opened, so that no site is left with all the rest"""
PLATES_ONE_IN = 12
"""So many kills of which one happens while plates are read; a reader takes its time to start"""


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
            keep_evidence(Path(name), "lane-kills")
        return tally


async def _played(share: Share, folder: Path) -> Tally:
    async with Campaign(folder, share.broker, random.Random(share.seed), share.careless, share.plates) as campaign:
        for number, phase in enumerate(share.phases):
            await campaign.kill_once(phase)
            say(f"{campaign.name}: kill {number + 1} of {len(share.phases)} ({phase}), {campaign.tally.found}")
            if share.careless is not None and share.careless.caught(campaign.tally.found):
                break
        return campaign.tally


def run(kills: int, seed: int, sites: int = SITES) -> tuple[Tally, dict[Careless, Tally]]:
    """The daemon that ships, at several lots at once, and daemons with one of their safeguards off."""
    chance = random.Random(seed)
    phases = each_in_its_turn(Phase, kills, chance)
    with_plates = min(kills // 2, max(1, kills // PLATES_ONE_IN))
    buttons = phases[with_plates:]
    lots = max(sites, math.ceil(len(buttons) / KILLS_AT_A_LOT))
    dealt = [buttons[lot::lots] for lot in range(lots)]
    control = (Phase.CONTACT,) * CONTROL_KILLS
    with tempfile.TemporaryDirectory(prefix="parkgate-lane-kills-") as name, a_broker(Path(name)) as broker:
        # The longest first: nobody waits for one lot at the end.
        shares = [Share(phases[:with_plates], chance.getrandbits(32), broker.port, plates=True)] if with_plates else []
        shares += [Share(phases, chance.getrandbits(32), broker.port) for phases in dealt if phases]
        controls = [Share(control, chance.getrandbits(32), broker.port, careless) for careless in Careless]
        played = all_at_once(play, [*shares, *controls], sites)
    return sum(played[: len(shares)], Tally()), dict(zip(Careless, played[len(shares) :], strict=True))


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
