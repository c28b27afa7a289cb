"""The commands with which an operator limits accounts and bars vehicles at a lot."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from cloud.at_the_prompt import AsJson, Tenant
from cloud.enrolment import new_id
from cloud.intents import lists, views
from cloud.intents.at_a_lot import By, NamedLot, Reason, Until, ended, issued, listed, plate_typed, say
from cloud.intents.listed import account_entry, barred_entry
from models.access.barred import BarredAction
from models.instants import Instant
from models.intents import AccountLimited, AccountUnlimited, Intent, VehicleBarred, VehicleUnbarred

accounts_app = typer.Typer(no_args_is_help=True, help="How many vehicles of an account may be inside at once.")
barred_app = typer.Typer(no_args_is_help=True, help="Vehicles that aren't let in, permit or not.")

Account = Annotated[str, typer.Argument(help="As its permits have it under --account.")]


@accounts_app.command("set")
def set_account(
    account: Account,
    lot: NamedLot,
    in_at_a_time: Annotated[int, typer.Option(help="Of all its permits together; 0: none.", min=0)],
    reason: Reason,
    by: By,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Limit an account: the next vehicle is a transient or refused, as its permit says."""
    wanted = lambda now: AccountLimited(account=account, in_at_a_time=in_at_a_time)  # noqa: E731
    _, revision = issued(lot, tenant, by, reason, wanted)
    say({"account": account, "revision": revision}, "revision", as_json=as_json)


@accounts_app.command("unset")
def unset_account(
    account: Account, lot: NamedLot, reason: Reason, by: By, tenant: Tenant = None, as_json: AsJson = False
) -> None:
    """End an account's own limit; its permits keep theirs."""
    ended(lot, tenant, by, reason, AccountUnlimited(account=account), as_json=as_json)


@accounts_app.command("list")
def list_accounts(lot: NamedLot, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """List the accounts that have a limit at a lot."""
    listed(lot, tenant, views.accounts, account_entry, "No account has a limit there.", as_json=as_json)


@barred_app.command("add")
def bar(
    lot: NamedLot,
    plate: Annotated[
        list[str], typer.Option(help="May be given several times: exactly these are barred.", parser=plate_typed)
    ],
    reason: Reason,
    by: By,
    action: Annotated[BarredAction, typer.Option(help="What is done when one of them comes.")] = BarredAction.REFUSE,
    until: Until = None,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Bar vehicles from a lot. Prints the entry's id, which takes it off the list. Who is inside may leave."""

    def barred(now: Instant) -> Intent:
        return lists.barring(now, barred=new_id(now), plates=plate, reason=reason, action=action, until=until)

    intent, revision = issued(lot, tenant, by, reason, barred)
    say({"barred": cast(VehicleBarred, intent).barred, "revision": revision}, "barred", as_json=as_json)


@barred_app.command("remove")
def unbar(
    entry: Annotated[str, typer.Argument(help="The id that `barred add` printed.")],
    lot: NamedLot,
    reason: Reason,
    by: By,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Take an entry off the list."""
    ended(lot, tenant, by, reason, VehicleUnbarred(barred=entry), as_json=as_json)


@barred_app.command("list")
def list_barred(lot: NamedLot, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """List the vehicles that are barred from a lot."""
    listed(lot, tenant, views.barred, barred_entry, "No vehicle is barred there.", as_json=as_json)
