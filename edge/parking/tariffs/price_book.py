"""The lot's price and those on its signs, as the store keeps them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import structlog

from edge.store import Transaction
from models.ids import LaneName
from models.instants import Instant
from models.pricing import Policy, Quote, Standing
from models.tariff import Tariff, read_pinned

_LOG = structlog.get_logger("edge.prices")


@dataclass(frozen=True, slots=True)
class OnSign:
    """What one lane's sign shows, and the tariff (`pinned`: as JSON) by which a ticket is charged there."""

    quote: Quote
    line: str
    pinned: str
    tariff: Tariff = field(compare=False)


@dataclass(frozen=True, slots=True)
class Moved:
    """The price of a lot whose price moves, and by which policy it did."""

    standing: Standing
    policy: Policy


@dataclass(frozen=True, slots=True)
class Book:
    moved: Moved | None = None
    lanes: Mapping[LaneName, OnSign] = field(default_factory=dict[LaneName, OnSign])


def occupancy(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many spots are taken, and how many there are; those out of service are none."""
    rows = connection.execute(
        """SELECT count(*) AS spots, sum(status = 'AVAILABLE' AND blocked IS NULL) AS free FROM spots
           WHERE removed = 0 AND blocked IS NOT 'maintenance'"""
    ).fetchall()
    return rows[0]["spots"] - (rows[0]["free"] or 0), rows[0]["spots"]


def read(connection: sqlite3.Connection) -> Book:
    """What can't be read any more (an earlier release knows less of tariffs) is forgotten: the price begins anew."""
    moved: Moved | None = None
    lanes: dict[LaneName, OnSign] = {}
    try:
        for row in connection.execute("SELECT * FROM price_now"):
            standing = Standing(Decimal(row["factor"]), Instant(row["since"]), row["level"])
            moved = Moved(standing, Policy.model_validate_json(row["policy"]))
        for row in connection.execute("SELECT * FROM lane_prices"):
            quote = Quote(Decimal(row["factor"]), Instant(row["since"]))
            lanes[row["lane"]] = OnSign(quote, row["line"], row["tariff"], read_pinned(row["tariff"]))
    except ValueError as wrong:
        _LOG.warning("prices.forgotten", why=str(wrong).splitlines()[0])
    return Book(moved, lanes)


def write(tx: Transaction, before: Book, now: Book) -> None:
    if now.moved != before.moved:
        tx.connection.execute("DELETE FROM price_now")
        if now.moved is not None:
            standing = now.moved.standing
            row = (str(standing.factor), standing.since, standing.level, now.moved.policy.model_dump_json())
            tx.connection.execute("INSERT INTO price_now VALUES (?, ?, ?, ?)", row)
    for lane in before.lanes.keys() - now.lanes.keys():
        tx.connection.execute("DELETE FROM lane_prices WHERE lane = ?", (lane,))
    for lane, sign in now.lanes.items():
        if before.lanes.get(lane) != sign:
            row = (lane, str(sign.quote.factor), sign.quote.since, sign.line, sign.pinned)
            tx.connection.execute("INSERT OR REPLACE INTO lane_prices VALUES (?, ?, ?, ?, ?)", row)
