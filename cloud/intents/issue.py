"""Issues intents: numbered, chained and standing in one transaction, so that no lot ever sees a gap that isn't one."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import INTENTS_ISSUED, intents, parking_lots, policies, standing_intents
from models.ids import LotId
from models.instants import Instant
from models.intents import Intent, TariffSet
from models.tariff import Terms, runs
from models.wire.bounds import LONGEST_TARIFF
from models.wire.chain import canonical
from models.wire.intents import chained, digest, sealed_text

_SALT_BYTES = 16


class Unacceptable(ValueError):
    """The intent can't be meant: no lot could act by it. The text says why."""


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants it, and why: both stand in the cloud's record."""

    by: str
    reason: str
    at: Instant


async def issue(
    connection: AsyncConnection, tenant: str, lot: LotId, wanted: Sequence[Intent], order: Order
) -> list[int]:
    """The revisions of these intents, which count once the caller's transaction has committed.

    The row lock on the lot's policy lets one issue at a time: revisions follow each other without a gap, in the order
    of the commits. Raises Unacceptable, or LookupError for a lot that isn't this tenant's; then nothing was changed.
    """
    await refuse_nonsense(connection, tenant, lot, wanted)
    first_time = postgresql.insert(policies).values(tenant_id=tenant, lot_id=lot).on_conflict_do_nothing()
    await connection.execute(first_time)
    found = select(policies.c.revision, policies.c.hash).where(policies.c.lot_id == lot).with_for_update()
    revision, hash = (await connection.execute(found)).one()
    written = [_row(tenant, lot, number, intent, order) for number, intent in enumerate(wanted, revision + 1)]
    for row in written:
        hash = row["hash"] = chained(hash, row["digest"])
    if written:
        await connection.execute(insert(intents), written)
        await _stand(
            connection, tenant, lot, {row["subject"]: None if row["ends"] else row["revision"] for row in written}
        )
        revision = written[-1]["revision"]
    await connection.execute(update(policies).where(policies.c.lot_id == lot).values(revision=revision, hash=hash))
    await connection.execute(select(func.pg_notify(INTENTS_ISSUED, lot)))
    return [row["revision"] for row in written]


async def refuse_nonsense(connection: AsyncConnection, tenant: str, lot: LotId, wanted: Sequence[Intent]) -> None:
    """Raises Unacceptable, or LookupError, as `issue` does."""
    lots = parking_lots.c
    mine = select(lots.currency, lots.timezone).where(lots.id == lot, lots.tenant_id == tenant)
    row = (await connection.execute(mine)).first()
    if row is None:
        raise LookupError(f"there is no lot {lot}")
    for intent in wanted:
        if isinstance(intent, TariffSet):
            # A lot that hasn't declared itself has a zone that nobody gave it.
            _refuse_nonsense_of_tariff(intent, row.currency, None if row.currency is None else row.timezone)


def _refuse_nonsense_of_tariff(tariff: TariffSet, currency: str | None, timezone: str | None) -> None:
    if currency is not None and tariff.currency != currency:
        raise Unacceptable(f"the lot takes {currency}, the tariff is in {tariff.currency}")
    length = len(canonical(tariff.terms).encode())
    if length > LONGEST_TARIFF:
        raise Unacceptable(
            f"the terms are {length:,} bytes long, and {LONGEST_TARIFF:,} are the most, for they stand on every ticket:"
            " write runs of dates as spans (2026-12-24 to 2026-12-26), and leave out what is past"
        )
    if not runs(tariff.dialect):
        return  # a lot of a later release may run it; to others it isn't sent
    try:
        terms = tariff.read()
    except ValueError as wrong:
        raise Unacceptable(f"the terms aren't a tariff of dialect {tariff.dialect}: {_plainly(wrong)}") from None
    if isinstance(terms, Terms) and timezone is not None and terms.timezone != timezone:
        raise Unacceptable(f"the lot goes by the clock of {timezone}, the tariff by that of {terms.timezone}")


def _plainly(wrong: ValueError) -> str:
    """Without what pydantic adds for programmers."""
    if not isinstance(wrong, ValidationError):
        return str(wrong)
    found = wrong.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(": ".join(filter(None, (".".join(map(str, one["loc"])), _worded(one["msg"])))) for one in found)


def _worded(message: str) -> str:
    return message.removeprefix("Value error, ")


def _row(tenant: str, lot: LotId, revision: int, intent: Intent, order: Order) -> dict[str, Any]:
    """All but the hash, which takes that of the one before."""
    body, salt, personal = sealed_text(intent, secrets.token_hex(_SALT_BYTES))
    return {
        "tenant_id": tenant,
        "lot_id": lot,
        "revision": revision,
        "type": intent.type,
        "version": intent.version,
        "subject": intent.subject,
        "ends": intent.ends,
        "at": order.at,
        "body": body,
        "salt": salt,
        "personal": None if personal is None else json.dumps(personal),
        "digest": digest(lot, revision, intent.type, intent.version, intent.subject, intent.ends, order.at, body),
        "issued_by": order.by,
        "reason": order.reason,
    }


async def _stand(connection: AsyncConnection, tenant: str, lot: LotId, last: Mapping[str, int | None]) -> None:
    """Of each subject its last intent stands; one that ends it (None) leaves none."""
    ended = [subject for subject, revision in last.items() if revision is None]
    if ended:
        own = standing_intents.c.lot_id == lot, standing_intents.c.subject.in_(ended)
        await connection.execute(standing_intents.delete().where(*own))
    rows = [
        {"tenant_id": tenant, "lot_id": lot, "subject": subject, "revision": revision}
        for subject, revision in last.items()
        if revision is not None
    ]
    if rows:
        stand = postgresql.insert(standing_intents)
        newest = {"revision": stand.excluded.revision}
        await connection.execute(stand.on_conflict_do_update(index_elements=["lot_id", "subject"], set_=newest), rows)
