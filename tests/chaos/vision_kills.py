"""The vision process crashes, hangs and eats memory while vehicles come: do the lanes go on, and is reading soon back?

Cameras, boards, arms and drivers outlive it, and keep the account by which the lot is judged.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.chaos.sites import a_broker, all_at_once, each_in_its_turn, keep_evidence
from tests.chaos.vision_site import Blow, Keeping, Toll, VisionSite

SITES = 3
REST = (10.5, 14.0)
"""Seconds between being back and the next blow: a process that lives for less than ten has crashed at its beginning"""
SHORT_REST = (2.0, 3.0)
CONTROLS = {Keeping.ABANDONS: Blow.KILL, Keeping.PATIENT: Blow.STOP}


@dataclass(frozen=True, slots=True)
class Share:
    """What one site does of the whole."""

    blows: tuple[Blow, ...]
    seed: int
    broker: int
    keeping: Keeping = Keeping.SHIPPED
    rest: tuple[float, float] = REST


def play(share: Share) -> Toll:
    """One site with its own lot, in this process."""
    with tempfile.TemporaryDirectory(prefix="parkgate-vision-kills-") as name:
        toll = asyncio.run(_played(share, Path(name)))
        if not toll.clean and not share.keeping.careless:
            keep_evidence(Path(name), "vision-kills")
        return toll


async def _played(share: Share, folder: Path) -> Toll:
    async with VisionSite(folder, share.broker, random.Random(share.seed), _reader(), share.keeping) as site:
        return await site.play(share.blows, share.rest)


def _reader() -> dict[str, object]:
    """fast-alpr where its weights are to be had, else RapidOCR."""
    shared = Path(os.environ.get("PARKGATE_SHARED", Path(__file__).resolve().parents[3] / "shared"))
    weights = shared / "lpr/weights"
    return {"reader": "fast-alpr", "weights": str(weights)} if weights.is_dir() else {"reader": "rapidocr"}


def run(
    blows: Sequence[Blow],
    seed: int,
    sites: int = SITES,
    keeping: Keeping = Keeping.SHIPPED,
    rest: tuple[float, float] = REST,
    at_once: int | None = None,
) -> tuple[Toll, dict[Keeping, Toll]]:
    """The daemon that ships, at several lots at once, and daemons with a careless keeper."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="parkgate-vision-kills-") as name, a_broker(Path(name)) as broker:
        shares = [
            Share(tuple(blows[site::sites]), chance.getrandbits(32), broker.port, keeping, rest)
            for site in range(sites)
            if blows[site::sites]
        ]
        controls = [
            Share((blow,), chance.getrandbits(32), broker.port, careless, SHORT_REST)
            for careless, blow in CONTROLS.items()
        ]
        played = all_at_once(play, [*shares, *controls], at_once or sites)
    return sum(played[: len(shares)], Toll()), dict(zip(CONTROLS, played[len(shares) :], strict=True))


def caught(toll: Toll) -> bool:
    """Whether a careless keeper was found out: reading wasn't back in time."""
    return toll.not_back > 0


def report(toll: Toll, seed: int, controls: dict[Keeping, Toll]) -> dict[str, object]:
    """The line that `make chaos` prints. There is no cloud here: `applied` is `stored`."""
    passed = [keeping for keeping, found in controls.items() if not caught(found)]
    counted = asdict(toll)
    times = {name: _spread(counted.pop(name)) for name in list(counted) if name.endswith("_ms")}
    return {
        "chaos": "vision-kills",
        "n": counted.pop("blows"),
        "applied": toll.stored,
        **counted,
        **times,
        "seed": seed,
        "control": f"passed, though it must fail: {', '.join(passed)}" if passed else "failed as it must",
        "controls": {keeping.value: _spread(found.back_ms) for keeping, found in controls.items()},
    }


def _spread(times: Sequence[float]) -> dict[str, float]:
    if not times:
        return {"n": 0}
    ordered = sorted(times)
    return {
        "n": len(ordered),
        "median": round(statistics.median(ordered)),
        "p90": round(ordered[min(len(ordered) - 1, round(0.9 * len(ordered)))]),
        "worst": round(ordered[-1]),
    }


def failed(toll: Toll, asked: int, controls: dict[Keeping, Toll]) -> bool:
    """Anything found, blows that didn't happen, or a careless keeper that gets away with it."""
    return not (toll.clean and toll.blows == asked and all(caught(found) for found in controls.values()))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--n", type=int, default=24, help="how many blows")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--sites", type=int, default=SITES, help="how many lots at once")
    options = asked.parse_args()
    began = time.monotonic()
    blows = each_in_its_turn(Blow, options.n, random.Random(options.seed))
    toll, controls = run(blows, options.seed, options.sites)
    print(json.dumps({**report(toll, options.seed, controls), "seconds": round(time.monotonic() - began)}))
    sys.exit(failed(toll, options.n, controls))


if __name__ == "__main__":
    main()
