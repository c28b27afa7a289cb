"""The command line of a lot: `parkgate-edge`."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import structlog
import typer

from edge.config.cli import check, init
from edge.config.load import load_lot
from edge.config.settings import LotSettings
from edge.daemon import RELEASE, Daemon
from edge.doctor.cli import doctor
from edge.enrolment.cli import enroll
from edge.fee_cli import price_of_a_stay
from edge.journal_cli import journal_app
from edge.kiosk.passes import UnknownHost, link
from edge.kiosk.secret import secret_in
from edge.lockstep import LockstepError
from edge.money_cli import money_app
from edge.orders_cli import lane_app, passback_app
from edge.receipts_cli import receipt
from edge.report import look, show
from edge.spots_cli import spots_app
from edge.store import StoreTaken, StoreUnavailable
from edge.tickets_cli import tickets_app
from edge.valet_cli import valet_app
from edge.vision.files.cli import read, weights_app
from edge.vision.viewing.cli import view
from models.documents.problems import ConfigurationError
from models.ids import LaneName
from models.quiet_errors import hide_values

app = typer.Typer(
    name="parkgate-edge",
    help="The daemon at one parking lot, and its tools.",
    no_args_is_help=True,
    add_completion=False,
)
app.command()(check)
app.command()(init)
app.command()(read)
app.command()(view)
app.command("fee")(price_of_a_stay)
app.command()(doctor)
app.command()(receipt)
app.command()(enroll)
app.add_typer(weights_app, name="weights")
app.add_typer(lane_app, name="lane")
app.add_typer(passback_app, name="passback")
app.add_typer(spots_app, name="spots")
app.add_typer(journal_app, name="journal")
app.add_typer(tickets_app, name="tickets")
app.add_typer(money_app, name="money")
app.add_typer(valet_app, name="valet")

Config = Annotated[Path, typer.Option("--config", "-c", help="The lot's YAML file", envvar="PARKGATE_CONFIG")]


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"parkgate-edge {RELEASE}")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool, typer.Option("--version", help="Print the release and end", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """The daemon at one parking lot, and its tools."""


@app.command("kiosk-link")
def kiosk_link(lane: Annotated[str, typer.Argument(help="The lane's name")], config: Config) -> None:
    """Print the address that the screen at this lane opens. Whoever has it can press the lane's buttons."""
    try:
        settings = load_lot(config)
        kiosk, lanes = settings.kiosk, [lane.name for lane in settings.lanes]
        if kiosk is None:
            _fail(f"{config} has no section `kiosk:`, so there are no screens.", 2)
        if lane not in lanes:
            _fail(f"There is no lane {lane!r}; there are {', '.join(lanes)}.", 2)
        print(link(kiosk, LaneName(lane), secret_in(kiosk.secret_beside(settings.store.path))))
    except ConfigurationError as wrong:
        _fail(str(wrong), 2)
    except UnknownHost as wrong:
        _fail(str(wrong), 2)
    except OSError as wrong:
        _fail(f"The secret of the links can't be read: {wrong}", 1)


@app.command()
def run(
    config: Config,
    simulation: Annotated[bool, typer.Option(help="Allow fast time (`simulation:`); never at a real lot")] = False,
) -> None:
    """Run the lot until SIGTERM or Ctrl-C. No arm moves because the daemon starts or stops."""
    set_up_logs()
    damaged = ""
    try:
        settings = load_lot(config)
        if settings.simulation is not None and not simulation:
            _fail(f"{config} has a section `simulation:`: time would run fast. At a real lot, take it out.", 2)
        while damaged := _run_once(settings, damaged):
            pass
    except ConfigurationError as wrong:
        _fail(str(wrong), 2)
    except StoreTaken as wrong:
        _fail(f"{wrong}.", 1)
    except StoreUnavailable as wrong:
        _fail(
            f"The lot's store can't be opened: {wrong}\nCheck store.path in {config}, the disk and its permissions.", 1
        )
    except LockstepError as wrong:
        _fail(str(wrong), 3)


def _run_once(settings: LotSettings, damaged: str) -> str:
    """One run of the lot; what it found damaged in its store, if that is why it ended."""
    daemon = Daemon(settings, damaged)
    with asyncio.Runner(loop_factory=daemon.loop_factory) as runner:
        return runner.run(daemon.run())


@app.command()
def status(
    config: Config, as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of tables")] = False
) -> None:
    """Print the lot's lanes, open calls for help, spots, tickets and what the cloud hasn't got yet."""
    try:
        settings = load_lot(config)
        found = look(settings.store.path, linked=settings.link is not None)
    except ConfigurationError as wrong:
        _fail(str(wrong), 2)
    except StoreUnavailable as wrong:
        _fail(f"{wrong}", 1)
    if as_json:
        print(json.dumps(found.as_json()))
    else:
        show(settings.lot.name, found)


def set_up_logs() -> None:
    """Key-value lines on stderr: coloured on a terminal, JSON elsewhere."""
    on_terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            hide_values,
            structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _fail(text: str, code: int) -> NoReturn:
    print(text, file=sys.stderr)
    raise typer.Exit(code)


def main() -> None:
    app()
