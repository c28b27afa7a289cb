"""How a lot's permits, tariffs and policy are told at the prompt, in words and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from cloud.intents.views import PolicyView, Stands
from cloud.listing import shown
from models.access.passing import Beyond, PermitKind
from models.instants import Instant, to_rfc3339
from models.intents import AccountLimited, PermitGranted, PermitGrantedV1, TariffSet, VehicleBarred
from models.money import Minor, written
from models.tariff import Terms
from models.tariff.spoken import spoken


def permit_entry(stands: Stands) -> Sequence[str]:
    permit = stands.intent
    assert isinstance(permit, PermitGrantedV1)
    has = [f"{name} {', '.join(some)}" for name, some in (("cards", permit.cards), ("rights", permit.rights)) if some]
    has += [f"account {permit.account}"] if permit.account else []
    has += _reach(permit) if isinstance(permit, PermitGranted) else []
    times = _times(permit.valid_from, permit.valid_until)
    return f"{permit.permit}  {', '.join(permit.plates)}", "; ".join([*has, *times]), _whose(stands)


def account_entry(stands: Stands) -> Sequence[str]:
    account = stands.intent
    assert isinstance(account, AccountLimited)
    return account.account, f"{account.in_at_a_time} inside at a time", _whose(stands)


def barred_entry(stands: Stands) -> Sequence[str]:
    barred = stands.intent
    assert isinstance(barred, VehicleBarred)
    does = "; ".join([barred.action.replace("_", " "), barred.reason, *_times(None, barred.until)])
    return f"{barred.barred}  {', '.join(barred.plates)}", does, _whose(stands)


def tariff_entry(stands: Stands) -> Sequence[str]:
    tariff = stands.intent
    assert isinstance(tariff, TariffSet)
    begins = "; ".join(_times(tariff.valid_from, None))
    terms = None if tariff.dialect == 1 else _terms(tariff)
    if terms is None:
        return f"{tariff.tariff}  {tariff.name}", f"{_prices(tariff)}; {begins}", _whose(stands)
    head = "; ".join(filter(None, (begins, terms.version and f"version {terms.version}")))
    return f"{tariff.tariff}  {tariff.name}", head, *spoken(terms), _whose(stands)


def policy_entry(view: PolicyView) -> Sequence[str]:
    said = view.said
    return (
        f"{view.lot}  {view.name}",
        f"{view.state}: {view.acked} of {view.revision} at the lot",
        ""
        if said is None
        else f"{said.parked_in_all} parked, {len(said.withheld)} withheld; the lot runs {said.release}",
    )


def stands_json(stands: Stands) -> dict[str, Any]:
    times = {
        name: to_rfc3339(at)
        for name in ("valid_from", "valid_until", "until")
        if (at := getattr(stands.intent, name, None)) is not None
    }
    return {
        **stands.intent.model_dump(mode="json"),
        **times,
        **stands.issued(),
    }


def policy_json(view: PolicyView) -> dict[str, Any]:
    said = view.said
    return {
        "lot": view.lot,
        "name": view.name,
        "state": view.state,
        "revision": view.revision,
        "acked": view.acked,
        "forked": view.forked,
        "heard_at": None if view.said_at is None else to_rfc3339(view.said_at),
        "release": None if said is None else said.release,
        "understands": None if said is None else said.understands,
        "dialects": None if said is None else said.dialects,
        "parked": [] if said is None else [each.model_dump() for each in said.parked],
        "withheld": [] if said is None else said.withheld,
    }


def _reach(permit: PermitGranted) -> list[str]:
    """How far it reaches, where it does so not without end."""
    said = (
        (permit.kind is not PermitKind.MONTHLY, permit.kind.value),
        (bool(permit.hours), ", ".join(hours.said for hours in permit.hours)),
        (permit.in_at_a_time is not None, f"{permit.in_at_a_time} in at a time"),
        (permit.entries is not None, f"{permit.entries} entries"),
        (permit.beyond is Beyond.REFUSE, "refused beyond that"),
        (bool(permit.zones), f"zones {', '.join(permit.zones)}"),
        (permit.rates is not None, f"rates {permit.rates}"),
    )
    return [text for holds, text in said if holds]


def _terms(tariff: TariffSet) -> Terms | None:
    """None: in words that this release doesn't read."""
    try:
        read = tariff.read()
    except ValueError:
        return None
    return read if isinstance(read, Terms) else None


def _prices(tariff: TariffSet) -> str:
    """Of the first dialect, as on the sign; of one that nobody here reads as it was given."""
    terms = tariff.terms
    try:
        if tariff.dialect == 1:
            rate, most = (
                written(Minor(int(terms[name])), tariff.currency) for name in ("hourly_rate", "daily_maximum")
            )
            return f"{rate} an hour, {most} at most"
    except (KeyError, TypeError, ValueError):
        pass
    return f"{tariff.currency}, dialect {tariff.dialect}: {json.dumps(terms)}"


def _times(begins: Instant | None, ends: Instant | None) -> list[str]:
    return [f"{word} {shown(at)}" for word, at in (("from", begins), ("until", ends)) if at is not None]


def _whose(stands: Stands) -> str:
    return f"{'at the lot' if stands.at_the_lot else 'not at the lot yet'}; by {stands.issued_by}: {stands.reason}"
