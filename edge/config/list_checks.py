"""Whether permits, accounts and barred vehicles agree with each other. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edge.config.list_settings import AccountSettings, BarredSettings, PermitSettings
from models.cards import card_number
from models.documents.document import Path
from models.documents.finding import Finding


def list_disagreements(
    permits: Mapping[int, PermitSettings], accounts: Mapping[int, AccountSettings], barred: Mapping[int, BarredSettings]
) -> Iterator[Finding]:
    """Everything that doesn't agree, in the order of the file's sections."""
    yield from _plates_twice("permits", permits)
    yield from _names_twice("permits", {i: permit.name for i, permit in permits.items() if permit.name is not None})
    yield from _cards_twice(permits)
    yield from _names_twice("accounts", {i: account.name for i, account in accounts.items()})
    yield from _plates_twice("barred", barred)


def _plates_twice(
    section: str, items: Mapping[int, PermitSettings] | Mapping[int, BarredSettings]
) -> Iterator[Finding]:
    first: dict[str, tuple[int, int]] = {}
    for index, item in items.items():
        for place, plate in enumerate(item.all_plates):
            holder = first.setdefault(plate, (index, place))
            if holder != (index, place):
                path: Path = (section, index, "plate") if item.plate else (section, index, "plates", place)
                key = "plate" if item.plate and holder[0] != index else f"plate {plate}"
                yield Finding(path, f"{section}[{holder[0]}] has this {key} already")


def _names_twice(section: str, names: Mapping[int, str]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, name in names.items():
        holder = first.setdefault(name, index)
        if holder != index:
            yield Finding((section, index, "name"), f"{section}[{holder}] has this name already")


def _cards_twice(permits: Mapping[int, PermitSettings]) -> Iterator[Finding]:
    cards: dict[str, int] = {}
    for index, permit in permits.items():
        for place, card in enumerate(permit.cards):
            holder = cards.setdefault(card_number(card), index)
            if holder != index:
                yield Finding(("permits", index, "cards", place), f"permits[{holder}] has the card {card} already")
