"""The lot's books as tables on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.table import Table

from edge.parking.money.cases import Case, CaseKind
from edge.parking.money.refunds import Due
from edge.parking.money.statement import Closing, Entry, Statement
from edge.typed_times import shown
from models.ledger.accounts import DISPUTED, RECEIVABLE, REFUNDS_OWED, UNCOLLECTED
from models.money import Minor, written

_MEANS: dict[str, tuple[str, str]] = {
    RECEIVABLE: ("still to pay", "paid before it is due"),
    UNCOLLECTED: ("owed by the driver", "paid twice"),
    REFUNDS_OWED: ("given back beyond what is owed", "owed to the driver"),
    DISPUTED: ("disputed", "disputed"),
}
_KINDS = {
    CaseKind.MISSING_THERE: "the provider knows nothing of it",
    CaseKind.MISSING_HERE: "the books know nothing of it",
    CaseKind.AMOUNT: "another amount",
    CaseKind.CURRENCY: "another currency",
    CaseKind.TWICE: "taken more than once",
    CaseKind.REFUND_DECLINED: "refund declined",
}

_COUNTED = ("expected", "counted", "left")


def show_statement(found: Statement, zone: str) -> None:
    """What happened to its money, posting by posting, and what stands in the end."""
    currency = found.stay.tariff.currency
    console = Console()
    if not found.entries:
        console.print(f"The books have nothing of ticket {found.stay.code}: it has cost and paid nothing yet.")
        return
    table = _table("when", "what", "account", "debit", "credit", "by", "reason", right=("debit", "credit"))
    for _, lines in groupby(found.entries, key=lambda entry: entry.posting):
        for place, entry in enumerate(lines):
            heads = (shown(entry.at, zone), entry.kind) if place == 0 else ("", "")
            table.add_row(*heads, entry.account, *_sides(entry, currency), entry.by, entry.reason)
    console.print(f"Ticket {found.stay.code}, {found.stay.status.lower()}, amounts in {currency}", highlight=False)
    console.print(table)
    console.print("What stands in the accounts:")
    for account, amount in sorted(found.balances.items()):
        console.print(f"  {account:<24} {_plain(amount, currency):>10}{_meaning(account, amount)}", highlight=False)
    for due in found.due:
        console.print(f"{written(due.amount, currency)} are promised; {due.provider} hasn't given them back yet.")
    for case in found.cases:
        console.print(f"Case {case.number}: {_KINDS[case.difference.kind]}; `parkgate-edge money cases` shows it.")


def show_refunds(found: Sequence[Due], zone: str) -> None:
    if not found:
        Console().print("No refund waits to be paid.")
        return
    table = _table("promised", "amount", "provider", "by", "reason", right=("amount",))
    for due in found:
        table.add_row(shown(due.at, zone), written(due.amount, due.currency), due.provider, due.by, due.reason)
    Console().print(table)


def show_cases(found: Sequence[Case], zone: str) -> None:
    if not found:
        Console().print("Nothing has to be seen to.")
        return
    table = _table(
        "no.", "found", "provider", "what", "of", "ticket", "ours", "theirs", "settled", right=("ours", "theirs")
    )
    for case in found:
        said = case.difference
        what = f"{_KINDS[said.kind]} ({said.detail})" if said.detail else _KINDS[said.kind]
        sides = [("-" if side is None else written(side, said.currency)) for side in (said.ours, said.theirs)]
        settled = "" if case.settled is None else f"{shown(case.settled, zone)} {case.settled_by or 'by itself'}"
        of = f"{said.moved} {said.payment}"
        row = (str(case.number), shown(case.found, zone), case.provider, what, of, case.ticket or "-")
        table.add_row(*row, *sides, settled)
    Console().print(table)


def show_closings(found: Sequence[Closing], zone: str) -> None:
    if not found:
        Console().print("No day and no shift was closed yet.")
        return
    table = _table("closed", "what", "by", "expected", "counted", "left", right=("expected", "counted", "left"))
    for one in found:
        of = f" of {one.drawer}" if one.drawer else ""
        sums = [written(Minor(one.report[key]), one.report["currency"]) for key in _COUNTED if key in one.report]
        table.add_row(shown(one.at, zone), f"{one.what} {one.number}{of}", one.by, *sums)
    Console().print(table)


def show_day(day: Closing, zone: str) -> None:
    """All that was posted in it, and what lay where when it was closed."""
    console = Console()
    console.print(f"Day {day.number}, closed {shown(day.at, zone)} by {day.by}", highlight=False)
    table = _table("what", "account", "amount", "lines", right=("amount", "lines"))
    for total in day.report["totals"]:
        table.add_row(total["kind"], total["account"], _sum(total), str(total["lines"]))
    console.print(table)
    console.print("Money that lay there then:")
    for total in day.report["held"]:
        console.print(f"  {total['account']:<24} {_sum(total):>14}", highlight=False)


def _table(*columns: str, right: Sequence[str] = ()) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return table


def _sides(entry: Entry, currency: str) -> tuple[str, str]:
    amount = _plain(abs(entry.amount), currency)
    return (amount, "") if entry.amount > 0 else ("", amount)


def _plain(amount: int, currency: str) -> str:
    return written(Minor(amount), currency).partition(" ")[0]


def _sum(total: Mapping[str, Any]) -> str:
    return written(Minor(total["amount"]), total["currency"])


def _meaning(account: str, amount: int) -> str:
    meanings = _MEANS.get(account)
    return "" if meanings is None else f"  {meanings[0] if amount > 0 else meanings[1]}"
