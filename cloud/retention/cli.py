"""The command line of what is forgotten: for how many days, and what has gone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from sqlalchemy import Row, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.at_the_prompt import CANNOT_START, AsJson, Tenant, give_up, known_tenant, settings_given, with_database
from cloud.db.schema import deletions, parking_lots, tenants
from cloud.listing import print_entries, shown
from cloud.settings import CloudSettings
from models.instants import Instant, to_rfc3339

_SHOWN = 50
_MOST_DAYS = 3650

retention_app = typer.Typer(invoke_without_command=True, help="What is forgotten, and when.")


@retention_app.callback()
def show(context: typer.Context, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """Show for how many days plates are kept, and what was erased last, by the cloud and by the lots."""
    if context.invoked_subcommand is not None:
        return
    settings = settings_given()

    async def work(connection: AsyncConnection, now: Instant) -> tuple[dict[str, int], Sequence[Row[Any]]]:
        found = await known_tenant(connection, tenant or settings.tenant)
        return await _days(connection, found, settings), await _last(connection, found)

    days, erased = with_database(settings, work)
    if as_json:
        told = [{**row._mapping, "up_to": to_rfc3339(row.up_to), "at": to_rfc3339(row.at)} for row in erased]
        typer.echo(json.dumps({"days": days, "erased": told}, indent=2))
        return
    typer.echo(_kept(days))
    if erased:
        print_entries(map(_entry, erased), "")


@retention_app.command("set")
def set_days(
    plates: Annotated[int, typer.Option(help="Days after the end of a stay; 0: as PARKGATE_PLATE_DAYS says.")],
    debts: Annotated[int, typer.Option(help="For one that left unpaid; 0: as PARKGATE_DEBT_PLATE_DAYS says.")] = 0,
    tenant: Tenant = None,
) -> None:
    """Set the operator's own days, in place of PARKGATE_PLATE_DAYS and PARKGATE_DEBT_PLATE_DAYS."""
    if not (0 <= plates <= _MOST_DAYS and 0 <= debts <= _MOST_DAYS) or 0 < debts < plates:
        give_up(
            f"Days from 1 to {_MOST_DAYS} are expected, for debts at least as many; 0 stands for the setting.",
            CANNOT_START,
        )
    settings = settings_given()

    async def work(connection: AsyncConnection, now: Instant) -> dict[str, int]:
        found = await known_tenant(connection, tenant or settings.tenant)
        own = {"plate_days": plates or None, "debt_plate_days": debts or None}
        await connection.execute(update(tenants).where(tenants.c.id == found).values(own))
        return await _days(connection, found, settings)

    typer.echo(_kept(with_database(settings, work)))
    typer.echo("What is due by that goes within the hour, and doesn't come back.")


def _kept(days: dict[str, int]) -> str:
    return f"Plates are kept for {days['plates']} days, those of debts for {days['debts']}."


async def _days(connection: AsyncConnection, tenant: str, settings: CloudSettings) -> dict[str, int]:
    own = select(
        func.coalesce(tenants.c.plate_days, settings.plate_days).label("plates"),
        func.coalesce(tenants.c.debt_plate_days, settings.debt_plate_days).label("debts"),
    ).where(tenants.c.id == tenant)
    row = (await connection.execute(own)).one()
    return {"plates": row.plates, "debts": max(row.debts, row.plates)}


async def _last(connection: AsyncConnection, tenant: str) -> Sequence[Row[Any]]:
    lot = and_(parking_lots.c.id == deletions.c.lot_id, parking_lots.c.tenant_id == deletions.c.tenant_id)
    last = (
        select(
            parking_lots.c.name.label("lot"),
            *(deletions.c[name] for name in ("done_by", "disk_class", "what", "count", "up_to", "why", "at")),
        )
        .join(parking_lots, lot)
        .where(deletions.c.tenant_id == tenant)
        .order_by(deletions.c.at.desc())
        .limit(_SHOWN)
    )
    return (await connection.execute(last)).all()


def _entry(row: Row[Any]) -> tuple[str, ...]:
    done_by = "the cloud" if row.done_by == "cloud" else f"the {row.done_by}"
    return (
        f"{shown(row.at)}  {row._mapping['count']} {row.what}  {row.lot}",
        f"up to {shown(row.up_to)}, by {done_by}: {row.why}",
    )
