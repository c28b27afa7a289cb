"""How lists look at the prompt: within 80 columns, and an id, which is for copying, is never cut or broken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import typer
from rich.console import Console
from rich.table import Table

from models.instants import HOUR, SECOND, Instant, to_rfc3339

NARROWEST = 80
MINUTE, DAY = 60 * SECOND, 24 * HOUR


def print_entries(entries: Iterable[Sequence[str]], nothing: str) -> None:
    """Each with its first line at the margin and the others below it; `nothing` where there is none. The terminal
    breaks what is too long."""
    none = True
    for first, *others in entries:
        none = False
        typer.echo(first)
        for line in filter(None, others):
            typer.echo(f"    {line}")
    if none:
        typer.echo(nothing)


def print_table(table: Table) -> None:
    Console(width=max(Console().width, NARROWEST)).print(table)


def narrow(*columns: str) -> Table:
    """A table whose first column holds an id."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for number, name in enumerate(columns):
        table.add_column(name, no_wrap=number == 0)
    return table


def shown(at: Instant) -> str:
    return to_rfc3339(at)[:19] + "Z"


def ago(then: Instant, now: Instant) -> str:
    """`3 min ago`: what one wants to know of the last sign of life."""
    passed = max(0, now - then)
    for unit, length in (("d", DAY), ("h", HOUR), ("min", MINUTE)):
        if passed >= 2 * length:
            return f"{passed // length} {unit} ago"
    return f"{passed // SECOND} s ago"


def as_of(then: Instant, now: Instant) -> str:
    """The time of today, or the day."""
    text = to_rfc3339(then)
    return text[:10] if now - then >= DAY else f"{text[11:16]}Z"
