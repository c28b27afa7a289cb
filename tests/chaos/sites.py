"""Campaigns at several lots at once, each in a process of its own: what they share."""

from __future__ import annotations

import ctypes
import multiprocessing
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from enum import Enum
from pathlib import Path
from typing import TypeVar

from simulator.servers import Mosquitto
from tests.chaos.lane_lot import PASSWORD, USER

_PR_SET_PDEATHSIG = 1
_EVIDENCE = ("witness.jsonl", "lot.sqlite", "lot.sqlite-wal", "daemon.log")

Share = TypeVar("Share")
Result = TypeVar("Result")
Kind = TypeVar("Kind", bound=Enum)


def all_at_once(play: Callable[[Share], Result], shares: Sequence[Share], sites: int) -> list[Result]:
    """What each share came to, in their order. `sites` are played at a time."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=sites, mp_context=fresh, initializer=_die_with_the_parent) as pool:
        return list(pool.map(play, shares))


def each_in_its_turn(kinds: type[Kind], count: int, chance: random.Random) -> tuple[Kind, ...]:
    """`count` of them, shuffled, and each before any comes again."""
    rounds = (chance.sample(list(kinds), len(kinds)) for _ in range(count // len(kinds) + 1))
    return tuple(kind for one_round in rounds for kind in one_round)[:count]


def a_broker(folder: Path) -> Mosquitto:
    return Mosquitto(folder / "mosquitto", {USER: PASSWORD})


def keep_evidence(folder: Path, campaign: str) -> None:
    """What a lot in which something was found leaves behind, for whoever looks for the reason."""
    kept = tempfile.mkdtemp(prefix=f"parkgate-{campaign}-evidence-")
    say(f"the witness, the books and the daemon's log are kept in {kept}")
    for evidence in _EVIDENCE:
        if (folder / evidence).exists():
            shutil.copy(folder / evidence, kept)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _die_with_the_parent() -> None:
    """Whoever kills the test leaves no lot behind."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
