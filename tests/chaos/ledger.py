"""Payments that time out, come late or never, in part or too large, are given back while nobody answers, the daemon
SIGKILLed in between: does every ticket's ledger agree with the provider's own record in the end?

The provider outlives the lot's process, and its record is what the books are judged by.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import sys
import tempfile
import traceback
from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from models.ledger.accounts import RECEIVABLE, UNALLOCATED, UNCOLLECTED, provider
from tests.chaos import ledger_lot
from tests.chaos.ledger_lot import TERMINAL, Careless
from tests.chaos.ledger_provider import Provider

BATCH = 40
"""Vehicles at most in one life of the lot's process"""
CONTROL = 60
_CONTROLS = (Careless.FORGETS_TO_POST, Careless.CHARGES_AGAIN, Careless.REFUNDS_AGAIN)


@dataclass
class Found:
    """What a campaign came to. `wrong` says what doesn't agree, in words."""

    accepted: int = 0
    stored: int = 0
    applied: int = 0
    lost: int = 0
    twice: int = 0
    kills: int = 0
    refunds: int = 0
    debts: int = 0
    manners: dict[str, int] = field(default_factory=dict[str, int])
    wrong: list[str] = field(default_factory=list[str])

    @property
    def clean(self) -> bool:
        return not (self.wrong or self.lost or self.twice)


def play(vehicles: int, seed: int, careless: str = Careless.NOTHING) -> Found:
    """A lot in its own folder, until so many vehicles have come and gone."""
    with tempfile.TemporaryDirectory(prefix="parkgate-ledger-") as name:
        folder = Path(name)
        far_end = Provider(folder / "provider.sock", random.Random(seed))
        try:
            _live(folder, far_end, vehicles, seed, careless)
            return judged(folder / "lot.sqlite", far_end, vehicles)
        finally:
            far_end.close()


def _live(folder: Path, far_end: Provider, vehicles: int, seed: int, careless: str) -> None:
    done = boot = 0
    while True:
        span = (done, min(done + BATCH, vehicles))
        far_end.honest = done >= vehicles
        boot += 1
        ended = _one_life(folder, far_end, boot, span, seed, careless, last=done >= vehicles)
        if ended is None:
            continue  # killed: the next life goes on where it was
        if ended:
            raise SystemExit("the lot's process failed; see above")
        if done >= vehicles:
            return
        done = span[1]
        print(f"{done} of {vehicles} vehicles, {far_end.kills} kills {careless}", file=sys.stderr)


def _one_life(
    folder: Path, far_end: Provider, boot: int, span: tuple[int, int], seed: int, careless: str, *, last: bool
) -> int | None:
    leaves, held = os.pipe()
    lot = os.fork()
    if not lot:
        os.close(leaves)
        failed = 1
        try:
            ledger_lot.run(folder, boot, span, seed * 1000 + boot, careless, last=last)
            failed = 0
        finally:
            if failed:
                traceback.print_exc()
            os._exit(failed)
    os.close(held)
    try:
        return far_end.serve(lot, leaves)
    finally:
        os.close(leaves)


def judged(store: Path, far_end: Provider, vehicles: int) -> Found:
    """The books beside the provider's record, ticket by ticket."""
    found = Found(kills=far_end.kills, manners=dict(far_end.manners))
    with closing(sqlite3.connect(store)) as books:
        books.row_factory = sqlite3.Row
        whose = dict(books.execute("SELECT id, ticket_id FROM payments").fetchall())
        net: dict[str, int] = defaultdict(int)
        took: dict[str, int] = defaultdict(int)  # but for what it had no change for
        for line in far_end.report:
            ticket = whose.get(str(line.payment), "")
            found.lost += not ticket
            net[ticket] += line.amount if line.kind == "charge" else -line.amount
            took[ticket] += line.amount - far_end.excess[str(line.payment)] if line.kind == "charge" else 0
        found.accepted = len(far_end.taken) + len(far_end.given_back)
        found.refunds = len(far_end.given_back)
        found.wrong += _each_posting_adds_up_to_nothing(books)
        for stay in books.execute("SELECT * FROM tickets WHERE status <> 'VOIDED'"):
            found.stored += 1
            wrong = list(_ticket_wrong(books, stay, net[stay["id"]]))
            found.applied += not wrong
            found.wrong += wrong
            found.twice += took[stay["id"]] > stay["amount_due"]
        found.debts = books.execute("SELECT count(*) FROM payments WHERE status <> 'TAKEN'").fetchone()[0]
        found.wrong += _left_over(books)
    if found.stored != vehicles:
        found.wrong.append(f"{found.stored} stays of {vehicles} vehicles")
    return found


def _each_posting_adds_up_to_nothing(books: sqlite3.Connection) -> Iterable[str]:
    for row in books.execute(
        "SELECT posting_id, sum(amount) AS off FROM ledger_entries GROUP BY posting_id HAVING sum(amount) <> 0"
    ):
        yield f"posting {row['posting_id']} is off by {row['off']}"


def _ticket_wrong(books: sqlite3.Connection, stay: sqlite3.Row, net: int) -> Iterable[str]:
    found = "SELECT account, sum(amount) FROM ledger_entries WHERE ticket_id = ? GROUP BY account"
    held = dict(books.execute(found, (stay["id"],)).fetchall())
    debts = books.execute(
        "SELECT coalesce(sum(amount), 0) FROM payments WHERE ticket_id = ? AND status = 'UNCOLLECTED'", (stay["id"],)
    ).fetchone()[0]
    if stay["status"] != "COMPLETED":
        yield f"{stay['id']} is {stay['status']}"
    if held.get(provider(TERMINAL), 0) != net:
        yield f"{stay['id']}: {held.get(provider(TERMINAL), 0)} by the books, the provider has {net}"
    if held.get(RECEIVABLE, 0):
        yield f"{stay['id']}: {held[RECEIVABLE]} neither paid nor a debt"
    if held.get(UNCOLLECTED, 0) != debts:
        yield f"{stay['id']}: debts of {held.get(UNCOLLECTED, 0)} by the books, {debts} on record"
    if stay["amount_paid"] != net:
        yield f"{stay['id']}: the ticket says {stay['amount_paid']} was paid, the provider has {net}"


def _left_over(books: sqlite3.Connection) -> Iterable[str]:
    due = books.execute("SELECT count(*) FROM refunds_due").fetchone()[0]
    if due:
        yield f"{due} refunds are still due"
    nobodys = books.execute("SELECT sum(amount) FROM ledger_entries WHERE account = ?", (UNALLOCATED,)).fetchone()[0]
    if nobodys:
        yield f"{-nobodys} belong to nobody"
    for what, wanted in (("ledger_totals", "ledger_entries"), ("ledger_entries", "ledger_totals")):
        sums = [f"SELECT account, sum(amount) FROM {table} GROUP BY account" for table in (what, wanted)]
        for account, _ in books.execute(" EXCEPT ".join(sums)):
            yield f"the totals of {account} aren't the sum of its entries"


def report(found: Found, vehicles: int, seed: int, controls: dict[str, Found]) -> dict[str, object]:
    passed = [careless for careless, control in controls.items() if control.clean]
    return {
        "chaos": "ledger",
        "n": vehicles,
        "accepted": found.accepted,
        "stored": found.stored,
        "applied": found.applied,
        "lost": found.lost,
        "twice": found.twice,
        "phantom_opens": 0,
        "seed": seed,
        "control": f"passed: {', '.join(passed)}" if passed else "failed as it must",
        "kills": found.kills,
        "refunds": found.refunds,
        "debts": found.debts,
        "provider": found.manners,
        "wrong": found.wrong[:10],
    }


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--n", type=int, default=2000, help="vehicles")
    asked.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    options = asked.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    found = play(options.n, options.seed)
    controls = {careless: play(CONTROL, options.seed, careless) for careless in _CONTROLS}
    print(json.dumps(report(found, options.n, options.seed, controls)))
    if not found.clean or any(control.clean for control in controls.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
