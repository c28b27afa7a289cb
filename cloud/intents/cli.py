"""The commands with which an operator sets what holds at a lot: permits, tariffs, and whose word counts."""

from __future__ import annotations

import getpass
import json
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

import typer
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.at_the_prompt import (
    CANNOT_START,
    FAILED,
    AsJson,
    Tenant,
    give_up,
    known_lot,
    known_tenant,
    settings_given,
    with_database,
)
from cloud.enrolment import new_id
from cloud.intents import views
from cloud.intents.issue import Order, Unacceptable, issue
from cloud.intents.listed import permit_entry, policy_entry, policy_json, stands_json, tariff_entry
from cloud.intents.settling import ask_to_adopt, overrule
from cloud.intents.views import PolicyView, Stands
from cloud.listing import print_entries, shown
from models.cards import card_number
from models.ids import LotId, PermitId, TariffId
from models.instants import Instant, from_rfc3339
from models.intents import Intent, PermitGranted, PermitRevoked, TariffSet, TariffWithdrawn
from models.money import Minor, from_major
from models.passback import Passback
from models.plates import normalised
from models.spots import Right

T = TypeVar("T")

permits_app = typer.Typer(no_args_is_help=True, help="Vehicles that may enter while others may not.")
tariffs_app = typer.Typer(no_args_is_help=True, help="What a stay costs that begins from some moment on.")
policy_app = typer.Typer(
    invoke_without_command=True, help="How far each lot has taken its permits, reservations and tariffs."
)


def _moment(text: str) -> int:
    try:
        return from_rfc3339(text)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None


def _plate(text: str) -> str:
    try:
        return normalised(text)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None


def _worded(reason: str) -> str:
    if not reason.strip():
        raise typer.BadParameter("a reason is needed: it stands in the records")
    return reason.strip()


_Lot = Annotated[str, typer.Option("--lot", help="The lot's id, or its name where only one has it.")]
_Reason = Annotated[str, typer.Option("--reason", "-r", help="Why; it stands in the records.", callback=_worded)]
_By = Annotated[str, typer.Option("--by", help="Who you are.", default_factory=getpass.getuser)]
_TIME = "As 2026-12-01T00:00:00+01:00."
_From = Annotated[Any, typer.Option("--from", help=f"From when on; at once unless given. {_TIME}", parser=_moment)]
_Until = Annotated[Any, typer.Option("--until", help=f"Until just before when. {_TIME}", parser=_moment)]


@permits_app.command("add")
def add_permit(
    lot: _Lot,
    plate: Annotated[list[str], typer.Option(help="May be given several times: any of them may enter.", parser=_plate)],
    reason: _Reason,
    by: _By,
    card: Annotated[list[str] | None, typer.Option(help="Card of the first plate, as its reader says it.")] = None,
    right: Annotated[list[Right] | None, typer.Option(help="For spots that are kept back.")] = None,
    passback: Annotated[Passback | None, typer.Option(help="As the lot has it unless given.")] = None,
    valid_from: _From = None,
    valid_until: _Until = None,
    account: Annotated[str | None, typer.Option(help="What several permits belong to.")] = None,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Grant a permit at a lot. Prints its id, which revokes it."""

    def granted(now: Instant) -> Intent:
        if valid_until is not None and valid_until <= now:
            raise Unacceptable(f"--until {shown(valid_until)} is past: the permit would let nobody in")
        return PermitGranted.model_validate(
            {
                "permit": new_id(now),
                "plates": plate,
                "cards": tuple(card_number(number) for number in card or ()),
                "rights": tuple(right or ()),
                "passback": passback,
                "valid_from": valid_from,
                "valid_until": valid_until,
                "account": account,
            }
        )

    intent, revision = _issued(lot, tenant, by, reason, granted)
    _say({"permit": cast(PermitGranted, intent).permit, "revision": revision}, "permit", as_json=as_json)


@permits_app.command("revoke")
def revoke_permit(
    permit: Annotated[str, typer.Argument(help="The id that `permits add` printed.")],
    lot: _Lot,
    reason: _Reason,
    by: _By,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Take a permit back. Who is inside may leave."""
    _ended(lot, tenant, by, reason, PermitRevoked(permit=PermitId(permit)), views.permits, as_json=as_json)


@permits_app.command("list")
def list_permits(lot: _Lot, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """List the permits that stand at a lot, and whether the lot has them yet."""
    _listed(lot, tenant, views.permits, permit_entry, "No permit stands there.", as_json=as_json)


@tariffs_app.command("set")
def set_tariff(
    lot: _Lot,
    name: Annotated[str, typer.Option(help="What people call it, such as `2027`.")],
    currency: Annotated[str, typer.Option(help="Three letters as in ISO 4217.")],
    reason: _Reason,
    by: _By,
    hourly_rate: Annotated[str | None, typer.Option(help="For each started hour, such as 2.50.")] = None,
    daily_maximum: Annotated[str | None, typer.Option(help="No stay costs more.")] = None,
    terms: Annotated[
        Path | None, typer.Option(help="JSON with the terms in another dialect, instead of the two prices.")
    ] = None,
    dialect: Annotated[int, typer.Option(help="Version of the tariff language that the terms are written in.")] = 1,
    valid_from: _From = None,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Set a tariff for who enters from some moment on. Who is inside keeps what was pinned to the ticket."""
    data = _terms(terms, currency, hourly_rate, daily_maximum)

    def wanted(now: Instant) -> Intent:
        return TariffSet.model_validate(
            {
                "tariff": new_id(now),
                "name": name,
                "currency": currency,
                "dialect": dialect,
                "terms": data,
                "valid_from": now if valid_from is None else valid_from,
            }
        )

    intent, revision = _issued(lot, tenant, by, reason, wanted)
    _say({"tariff": cast(TariffSet, intent).tariff, "revision": revision}, "tariff", as_json=as_json)


@tariffs_app.command("withdraw")
def withdraw_tariff(
    tariff: Annotated[str, typer.Argument(help="The id that `tariffs set` printed.")],
    lot: _Lot,
    reason: _Reason,
    by: _By,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Take a tariff back: the one before holds for who enters from now on."""
    _ended(lot, tenant, by, reason, TariffWithdrawn(tariff=TariffId(tariff)), views.tariffs, as_json=as_json)


@tariffs_app.command("list")
def list_tariffs(lot: _Lot, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """List the tariffs that stand at a lot; of several that have begun the last holds."""
    _listed(lot, tenant, views.tariffs, tariff_entry, "No tariff stands there.", as_json=as_json)


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
def overrule_lot(lot: _Lot, reason: _Reason, by: _By, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """After a cloud was restored from a copy: what the cloud has now holds, not what was issued after the copy."""

    async def work(connection: AsyncConnection, owner: str, found: LotId, now: Instant) -> int:
        return await overrule(connection, owner, found, Order(by, reason, now))

    revision = _with_lot(lot, tenant, work)
    _say({"revision": revision}, "revision", as_json=as_json)


@policy_app.command("adopt")
def adopt_lot(lot: _Lot, reason: _Reason, by: _By, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """After a cloud was restored from a copy: take over what was issued after the copy, from the lot that has it."""

    async def work(connection: AsyncConnection, owner: str, found: LotId, now: Instant) -> None:
        await ask_to_adopt(connection, owner, found, Order(by, reason, now))

    _with_lot(lot, tenant, work)
    asked = "The lot is asked for what it has; `parkgate-cloud policy` shows when it is settled."
    typer.echo(json.dumps({"asked": True}) if as_json else asked)


# --- what the commands share ---


def _with_lot(
    named: str, tenant: str | None, work: Callable[[AsyncConnection, str, LotId, Instant], Awaitable[T]]
) -> T:
    """One transaction's work on one lot; what can't be meant ends in one sentence."""
    settings = settings_given()

    async def found(connection: AsyncConnection, now: Instant) -> T:
        owner = await known_tenant(connection, tenant or settings.tenant)
        return await work(connection, owner, await known_lot(connection, owner, named), now)

    try:
        return with_database(settings, found)
    except Unacceptable as wrong:
        give_up(f"Nothing was changed: {wrong}.", FAILED)
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        give_up(f"Nothing was changed: {where + ': ' if where else ''}{first['msg']}.", CANNOT_START)


def _issued(
    named: str, tenant: str | None, by: str, reason: str, wanted: Callable[[Instant], Intent]
) -> tuple[Intent, int]:
    async def work(connection: AsyncConnection, owner: str, lot: LotId, now: Instant) -> tuple[Intent, int]:
        intent = wanted(now)
        [revision] = await issue(connection, owner, lot, [intent], Order(by, reason, now))
        return intent, revision

    return _with_lot(named, tenant, work)


def _ended(
    named: str,
    tenant: str | None,
    by: str,
    reason: str,
    end: Intent,
    standing: Callable[[AsyncConnection, LotId], Awaitable[list[Stands]]],
    *,
    as_json: bool,
) -> None:
    async def work(connection: AsyncConnection, owner: str, lot: LotId, now: Instant) -> int:
        if all(stands.intent.subject != end.subject for stands in await standing(connection, lot)):
            raise Unacceptable(f"{end.subject.replace(':', ' ')} doesn't stand at this lot")
        [revision] = await issue(connection, owner, lot, [end], Order(by, reason, now))
        return revision

    _say({"revision": _with_lot(named, tenant, work)}, "revision", as_json=as_json)


def _listed(
    named: str,
    tenant: str | None,
    standing: Callable[[AsyncConnection, LotId], Awaitable[list[Stands]]],
    entry: Callable[[Stands], Sequence[str]],
    nothing: str,
    *,
    as_json: bool,
) -> None:
    async def work(connection: AsyncConnection, owner: str, lot: LotId, now: Instant) -> list[Stands]:
        return await standing(connection, lot)

    found = _with_lot(named, tenant, work)
    if as_json:
        typer.echo(json.dumps([stands_json(stands) for stands in found], indent=2))
        return
    print_entries(map(entry, found), nothing)


def _terms(file: Path | None, currency: str, hourly_rate: str | None, daily_maximum: str | None) -> dict[str, Any]:
    if file is not None:
        try:
            return json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as wrong:
            give_up(f"{file}: {wrong}", CANNOT_START)
    if hourly_rate is None or daily_maximum is None:
        give_up("Give --hourly-rate and --daily-maximum, or a file with --terms.", CANNOT_START)
    return {
        "hourly_rate": _price("--hourly-rate", hourly_rate, currency),
        "daily_maximum": _price("--daily-maximum", daily_maximum, currency),
    }


def _price(option: str, text: str, currency: str) -> Minor:
    try:
        price = from_major(Decimal(text), currency)
    except (InvalidOperation, OverflowError):
        give_up(f"{option}: a price is expected as 2.50, not {text!r}.", CANNOT_START)
    except ValueError as wrong:
        give_up(f"{option}: {wrong}.", CANNOT_START)
    if price < 0:
        give_up(f"{option}: a price is 0 or more, not {text}.", CANNOT_START)
    return price


def _say(said: dict[str, Any], plain: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(said) if as_json else said[plain])
