"""The commands with which an operator says who may come into a lot, and whose word counts."""

from __future__ import annotations

import json
from typing import Annotated, TypeVar, cast

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.at_the_prompt import (
    AsJson,
    Tenant,
    known_tenant,
    settings_given,
    with_database,
)
from cloud.enrolment import new_id
from cloud.intents import lists, views
from cloud.intents.at_a_lot import By, From, NamedLot, Reason, Until, ended, issued, listed, plate_typed, say, with_lot
from cloud.intents.issue import Order
from cloud.intents.listed import permit_entry, policy_entry, policy_json
from cloud.intents.settling import ask_to_adopt, overrule
from cloud.intents.views import PolicyView
from cloud.listing import print_entries
from models.access.passing import Beyond, PermitKind
from models.cards import card_number
from models.ids import LotId, PermitId
from models.instants import Instant
from models.intents import Intent, PermitGrantedV1, PermitRevoked
from models.passback import Passback
from models.spots import Right

T = TypeVar("T")

permits_app = typer.Typer(no_args_is_help=True, help="Vehicles that may enter while others may not.")
policy_app = typer.Typer(
    invoke_without_command=True, help="How far each lot has taken its permits, reservations and tariffs."
)


@permits_app.command("add")
def add_permit(
    lot: NamedLot,
    plate: Annotated[
        list[str], typer.Option(help="May be given several times: any of them may enter.", parser=plate_typed)
    ],
    reason: Reason,
    by: By,
    card: Annotated[list[str] | None, typer.Option(help="Card of the first plate, as its reader says it.")] = None,
    right: Annotated[list[Right] | None, typer.Option(help="For spots that are kept back.")] = None,
    passback: Annotated[Passback | None, typer.Option(help="As the lot has it unless given.")] = None,
    valid_from: From = None,
    valid_until: Until = None,
    account: Annotated[str | None, typer.Option(help="What several permits belong to.")] = None,
    kind: Annotated[PermitKind, typer.Option(help="A courtesy is free of charge.")] = PermitKind.MONTHLY,
    hours: Annotated[list[str] | None, typer.Option(help='As "mon-fri 07:00 to 18:00"; always unless given.')] = None,
    in_at_a_time: Annotated[int | None, typer.Option(help="So many of its vehicles inside at once.", min=1)] = None,
    entries: Annotated[int | None, typer.Option(help="A pass: so often it lets in, in all.", min=1)] = None,
    beyond: Annotated[
        Beyond, typer.Option(help="What becomes of a vehicle that it doesn't cover at that moment.")
    ] = Beyond.TRANSIENT,
    zone: Annotated[list[str] | None, typer.Option(help="Where it may park; anywhere unless given.")] = None,
    rates: Annotated[str | None, typer.Option(help="Code of the tariff's rates that its stays are charged by.")] = None,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Grant a permit at a lot. Prints its id, which revokes it."""

    def granted(now: Instant) -> Intent:
        return lists.permit(
            now,
            permit=new_id(now),
            plates=plate,
            cards=tuple(card_number(number) for number in card or ()),
            rights=tuple(right or ()),
            passback=passback,
            valid_from=valid_from,
            valid_until=valid_until,
            account=account,
            kind=kind,
            hours=tuple(hours or ()),
            in_at_a_time=in_at_a_time,
            entries=entries,
            beyond=beyond,
            zones=tuple(zone or ()),
            rates=rates,
        )

    intent, revision = issued(lot, tenant, by, reason, granted)
    say({"permit": cast(PermitGrantedV1, intent).permit, "revision": revision}, "permit", as_json=as_json)


@permits_app.command("revoke")
def revoke_permit(
    permit: Annotated[str, typer.Argument(help="The id that `permits add` printed.")],
    lot: NamedLot,
    reason: Reason,
    by: By,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Take a permit back. Who is inside may leave."""
    ended(lot, tenant, by, reason, PermitRevoked(permit=PermitId(permit)), as_json=as_json)


@permits_app.command("list")
def list_permits(lot: NamedLot, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """List the permits that stand at a lot, and whether the lot has them yet."""
    listed(lot, tenant, views.permits, permit_entry, "No permit stands there.", as_json=as_json)


@policy_app.callback()
def policy(context: typer.Context, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """List the lots that have a policy: how far each is, and what it can't act on."""
    if context.invoked_subcommand is not None:
        return
    settings = settings_given()

    async def work(connection: AsyncConnection, now: Instant) -> list[PolicyView]:
        return await views.policies_of(connection, await known_tenant(connection, tenant or settings.tenant))

    found = with_database(settings, work)
    if as_json:
        typer.echo(json.dumps([policy_json(view) for view in found], indent=2))
        return
    print_entries(map(policy_entry, found), "No lot has permits or tariffs from here yet.")


@policy_app.command("overrule")
def overrule_lot(lot: NamedLot, reason: Reason, by: By, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """After a cloud was restored from a copy: what the cloud has now holds, not what was issued after the copy."""

    async def work(connection: AsyncConnection, owner: str, found: LotId, now: Instant) -> int:
        return await overrule(connection, owner, found, Order(by, reason, now))

    revision = with_lot(lot, tenant, work)
    say({"revision": revision}, "revision", as_json=as_json)


@policy_app.command("adopt")
def adopt_lot(lot: NamedLot, reason: Reason, by: By, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """After a cloud was restored from a copy: take over what was issued after the copy, from the lot that has it."""

    async def work(connection: AsyncConnection, owner: str, found: LotId, now: Instant) -> None:
        await ask_to_adopt(connection, owner, found, Order(by, reason, now))

    with_lot(lot, tenant, work)
    asked = "The lot is asked for what it has; `parkgate-cloud policy` shows when it is settled."
    typer.echo(json.dumps({"asked": True}) if as_json else asked)
