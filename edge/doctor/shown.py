"""The findings on a terminal: a table that grows while the doctor looks, all of them, a summary in plain words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from edge.doctor.findings import Finding, Verdict, counted, to_mend, worst
from edge.doctor.rounds import Check

_MARKS = {Verdict.OK: ("✓", "green"), Verdict.WARN: ("!", "yellow"), Verdict.FAIL: ("✗", "red")}
_NO_MARK = ("·", "dim")
_MARGIN = " " * 5


class Progress:
    """The round of checks as it goes. Draws only on a terminal; elsewhere the table at the end is enough."""

    def __init__(self, console: Console, wanted: Sequence[Check]) -> None:
        self._console, self._left = console, [_named(check) for check in wanted]
        self._all, self._now, self._found = len(wanted), list[str](), list[Finding]()
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()

    def told(self, check: Check, found: Sequence[Finding] | None) -> None:
        name = _named(check)
        if found is None:
            self._now.append(name)
        else:
            self._now.remove(name)
            self._left.remove(name)
            self._found += found
        if self._live is not None:
            self._live.update(Group(self._line(), table(self._recent())), refresh=True)

    def _line(self) -> Text:
        done = self._all - len(self._left)
        return Text(f"{done} of {self._all} looked at; now: {', '.join(self._now) or 'done'}", style="bold")

    def _recent(self) -> list[Finding]:
        """As many as fit."""
        return self._found[-max(3, (self._console.height - 6) // 2) :]


def listed(console: Console, findings: Sequence[Finding]) -> None:
    """The whole table, also where it isn't a terminal. Paths stay whole on one line, so that they can be opened."""
    named = max((len(finding.check) for finding in findings), default=0) + 2
    for finding in findings:
        mark, style = _MARKS.get(finding.verdict, _NO_MARK)
        console.print(Text(f"{mark}  {finding.check:<{named}}{finding.part}"), soft_wrap=True)
        said = textwrap.fill(
            finding.said,
            console.width,
            initial_indent=_MARGIN,
            subsequent_indent=_MARGIN,
            break_long_words=False,
            break_on_hyphens=False,
        )
        console.print(Text(said, style=style), soft_wrap=True)


def table(findings: Iterable[Finding]) -> Table:
    """What fits, while the doctor looks."""
    drawn = Table("", "Check", "Part", "What is found", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    drawn.columns[1].no_wrap = True
    for finding in findings:
        mark, style = _MARKS.get(finding.verdict, _NO_MARK)
        cells = (mark, finding.check, finding.part, finding.said)
        drawn.add_row(*(Text(cell, style=style if place in (0, 3) else "") for place, cell in enumerate(cells)))
    return drawn


def line(finding: Finding) -> Text:
    """One finding of the walk, as it is found."""
    mark, style = _MARKS.get(finding.verdict, _NO_MARK)
    return Text(f"{mark} {finding.part}: {finding.said}", style=style)


def summary(console: Console, name: str, findings: Sequence[Finding]) -> None:
    """What is right, and what to mend in which order."""
    counts, wrong = counted(findings), to_mend(findings)
    console.print()
    right = [check for check in _in_order(findings) if worst(_of(findings, check)) is Verdict.OK]
    if right:
        console.print(Text(f"In order: {', '.join(right)}.", style="green"), soft_wrap=True)
    for finding in findings:
        if finding.verdict is Verdict.SKIPPED:
            fix = f" {finding.fix}." if finding.fix else ""
            console.print(Text(f"Not looked at: {finding.part}: {finding.said}.{fix}", style="dim"), soft_wrap=True)
    if worst(findings) is Verdict.SKIPPED:
        console.print(Text(f"{name}: nothing was looked at.", style="bold yellow"))
        return
    if not wrong:
        looks = f"{counts['ok']} finding{'' if counts['ok'] == 1 else 's'}"
        console.print(Text(f"{name}: nothing to mend ({looks}).", style="bold green"))
        return
    console.print(Text(f"{name}: to mend, in this order:", style="bold"))
    for number, finding in enumerate(wrong, 1):
        style = _MARKS[finding.verdict][1]
        console.print(Text(f"{number:>3}. {finding.part}: {finding.said}", style=style), soft_wrap=True)
        console.print(Text(f"     {finding.fix}"), soft_wrap=True)


def _in_order(findings: Iterable[Finding]) -> list[str]:
    """The checks that found something right, each once."""
    return list(dict.fromkeys(finding.check for finding in findings if finding.verdict is Verdict.OK))


def _of(findings: Iterable[Finding], check: str) -> list[Finding]:
    return [finding for finding in findings if finding.check == check]


def _named(check: Check) -> str:
    return f"{check.name} {check.part}".strip()
