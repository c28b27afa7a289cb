"""The command `doctor` of parkgate-edge."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import structlog
import typer
from rich.console import Console

from edge.config.load import load_lot
from edge.config.settings import LotSettings
from edge.doctor.checks.configuration import problem
from edge.doctor.findings import SOMETHING_TO_MEND, UNUSABLE, WALKED, Finding, exit_code, report
from edge.doctor.machine import Machine
from edge.doctor.shown import Progress, line, listed, summary
from edge.doctor.subject import Subject
from edge.doctor.visit import EVERYTHING, Visit, run
from edge.doctor.walk.voice import Nobody, Terminal
from edge.local import ask
from models.documents.problems import ConfigurationError, counted, rendered
from models.instants import to_rfc3339

_UNATTENDED_SECONDS = 30.0
_OR_FOR_A_SCRIPT = "Run it on a terminal, or with --json --yes-pulse --lane NAME"


def doctor(
    config: Annotated[Path, typer.Option("--config", "-c", help="The lot's YAML file", envvar="PARKGATE_CONFIG")],
    lane: Annotated[str | None, typer.Option(help="Look at this lane only, and at the computer")] = None,
    only: Annotated[
        str | None, typer.Option(help=f"Only these, separated by commas: {', '.join(EVERYTHING)}", show_default=False)
    ] = None,
    yes_pulse: Annotated[
        bool, typer.Option("--yes-pulse", help="Raise arms and print without asking: nobody stands under them")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for scripts, and no questions")] = False,
    pictures: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the cameras' pictures are kept", show_default=False)
    ] = None,
    wait: Annotated[float, typer.Option(min=1, max=600, help="Seconds that a step of the walk waits for you")] = 60,
) -> None:
    """Look the lot over, and on a terminal walk with you through its lanes; says what to mend.

    0: all is well. 1: something is to be mended, or nothing could be looked at. 2: the configuration can't be used.
    Nothing moves without a yes.
    """
    _keep_logs_quiet()
    wanted = _wanted(only)
    settings = _settings(config, as_json)
    if lane is not None and lane not in [each.name for each in settings.lanes]:
        _wrong(f"There is no lane {lane!r}; there are {', '.join(each.name for each in settings.lanes)}.")
    if as_json and yes_pulse and lane is None:
        _wrong("--yes-pulse with --json raises an arm that nobody looks at: say which, with --lane NAME.")
    visit = Visit(Subject(settings, config, ask(settings.store.path), lane), wanted, pictures)
    if as_json:
        ended = run(_for_a_script(visit, yes_pulse))
        print(json.dumps(report(visit.findings, **_about(visit, ended and not visit.skipped)), ensure_ascii=False))
    else:
        console = Console(highlight=False)
        ended = run(_for_a_person(visit, console, wait, yes_pulse))
        if not ended:
            console.print("\n[bold]Broken off.[/] What was found so far:")
        summary(console, settings.lot.name, visit.findings)
    raise typer.Exit(exit_code(visit.findings) if ended and not visit.in_vain else SOMETHING_TO_MEND)


async def _for_a_script(visit: Visit, yes_pulse: bool) -> None:
    await visit.look(visit.round(), lambda _check, _found: None)
    if not _walks(visit):
        return
    if not yes_pulse:
        visit.skip_the_walk("nobody is asked with --json", _OR_FOR_A_SCRIPT)
    else:
        nobody = Nobody(visit.subject.machine.clock, _UNATTENDED_SECONDS)
        await visit.walk(nobody, _UNATTENDED_SECONDS, lambda _finding: None, pulses_allowed=True)


async def _for_a_person(visit: Visit, console: Console, patience: float, yes_pulse: bool) -> None:
    wanted = visit.round()
    with Progress(console, wanted) as progress:
        await visit.look(wanted, progress.told)
    if visit.findings:
        listed(console, visit.findings)
    if not _walks(visit):
        return
    if not (console.is_terminal and sys.stdin.isatty()):
        visit.skip_the_walk("there is no terminal to ask you at", _OR_FOR_A_SCRIPT)
    else:
        terminal = Terminal(console, visit.subject.machine.clock)
        await visit.walk(terminal, patience, lambda finding: console.print(line(finding), soft_wrap=True), yes_pulse)


def _walks(visit: Visit) -> bool:
    return any(name in WALKED for name in visit.only)


def _about(visit: Visit, complete: bool) -> dict[str, Any]:
    subject = visit.subject
    return {
        "lot": subject.settings.lot.name,
        "id": subject.settings.lot.id,
        "config": str(subject.config),
        "at": to_rfc3339(subject.machine.clock.read().wall),
        "lane": subject.lane,
        "daemon": None if subject.daemon is None else subject.daemon.pid,
        "complete": complete,
    }


def _wanted(only: str | None) -> list[str]:
    if only is None:
        return list(EVERYTHING)
    names = [name.strip() for name in only.split(",") if name.strip()]
    unknown = [name for name in names if name not in EVERYTHING]
    if unknown or not names:
        _wrong(f"--only knows no {', '.join(unknown) or 'nothing'}; there are: {', '.join(EVERYTHING)}.")
    return names


def _settings(config: Path, as_json: bool) -> LotSettings:
    try:
        return load_lot(config)
    except ConfigurationError as error:
        found: list[Finding] = [problem(each) for each in error.problems]
        if as_json:
            at = to_rfc3339(Machine().clock.read().wall)
            print(json.dumps(report(found, config=str(config), at=at, complete=False), ensure_ascii=False))
        else:
            print(f"{rendered(error.problems)}\n{counted(error.problems)}", file=sys.stderr)
        raise typer.Exit(UNUSABLE) from None


def _wrong(text: str) -> NoReturn:
    print(text, file=sys.stderr)
    raise typer.Exit(UNUSABLE)


def _keep_logs_quiet() -> None:
    """What parts log is in the findings; only what is wrong with the doctor itself goes to standard error."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
