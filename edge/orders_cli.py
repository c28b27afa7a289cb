"""The commands with which a person at the lot tells a lane what to do: `parkgate-edge lane ...`."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from edge.config.load import load_lot
from edge.config.settings import LotSettings
from edge.local import Asked, LaneOrder, NoDaemon, Obeyed, PassbackOrder, give
from models.documents.problems import ConfigurationError
from models.documents.spelling import nearest
from models.lanes import LaneState, OrderKind

REFUSED = 3
"""Exit code for an order that the lane doesn't obey."""
NOT_TOLD = 4
"""Exit code for an order that the lane obeys, but of which the barrier wasn't told for certain."""


_STATES = "|".join(LaneState)


def _state(written: str) -> LaneState:
    """Dashes and letter case don't matter."""
    plain = written.lower().replace("-", "_")
    if plain in list(LaneState):
        return LaneState(plain)
    near = nearest(written, LaneState)
    hint = f'; did you mean "{near}"?' if near else ""
    raise typer.BadParameter(
        f"{written!r} is no state of a lane; there are {', '.join(LaneState)}{hint}", param_hint="state"
    )


def _worded(reason: str) -> str:
    if not reason.strip():
        raise typer.BadParameter("a reason is needed: it stands in the records")
    return reason.strip()


def _named(by: str) -> str:
    if not by.strip():
        raise typer.BadParameter("a name is needed: it stands in the records")
    return by.strip()


lane_app = typer.Typer(
    help="Tell a lane of the running daemon what to do. Each order needs a reason and stands in the lot's records.",
    no_args_is_help=True,
)

passback_app = typer.Typer(help="Anti-passback of the running daemon's lot.", no_args_is_help=True)

_Lane = Annotated[str, typer.Argument(metavar="LANE", help="The lane's name in the configuration")]
Config = Annotated[Path, typer.Option("--config", "-c", help="The lot's YAML file", envvar="PARKGATE_CONFIG")]
Reason = Annotated[str, typer.Option("--reason", "-r", help="Why; it stands in the records", callback=_worded)]
By = Annotated[str, typer.Option("--by", help="Who you are", default_factory=lambda: _somebody(), callback=_named)]


@lane_app.command("open")
def open_(lane: _Lane, config: Config, reason: Reason, by: By) -> None:
    """Raise the arm once. A vehicle that is known is put on record; another one is counted."""
    _tell(config, lane, OrderKind.OPEN, by, reason)


@lane_app.command()
def close(lane: _Lane, config: Config, reason: Reason, by: By) -> None:
    """Bring the arm down, if the barrier can be told to and nothing is under it."""
    _tell(config, lane, OrderKind.CLOSE, by, reason)


@lane_app.command("keep-open")
def keep_open(lane: _Lane, config: Config, reason: Reason, by: By) -> None:
    """Raise the arm and keep it up, over restarts too, until `release`."""
    _tell(config, lane, OrderKind.KEEP_OPEN, by, reason)


@lane_app.command()
def release(lane: _Lane, config: Config, reason: Reason, by: By) -> None:
    """End keep-open."""
    _tell(config, lane, OrderKind.RELEASE, by, reason)


@lane_app.command("state")
def state_(
    lane: _Lane,
    state: Annotated[LaneState, typer.Argument(help="Whom the lane lets in", parser=_state, metavar=_STATES)],
    config: Config,
    reason: Reason,
    by: By,
) -> None:
    """Set whom the lane lets in: everybody, only permits and reservations, or nobody."""
    _tell(config, lane, OrderKind.SET_STATE, by, reason, state)


@lane_app.command("reset-fire")
def reset_fire(lane: _Lane, config: Config, reason: Reason, by: By) -> None:
    """Let the arm down after a fire alarm. Refused while the contact still says fire."""
    _tell(config, lane, OrderKind.RESET_FIRE, by, reason)


@lane_app.command("reset-faults")
def reset_faults(lane: _Lane, config: Config, reason: Reason, by: By) -> None:
    """End the faults that only a person can end, and hold nobody's last passage against them."""
    _tell(config, lane, OrderKind.RESET_FAULTS, by, reason)


@passback_app.command("reset")
def reset_passback(
    config: Config,
    reason: Reason,
    by: By,
    plate: Annotated[str | None, typer.Option(help="One permit's plate; left out: all permits")] = None,
) -> None:
    """Hold no last passage against a permit (or any of them): its next one, in or out, isn't checked."""
    give_or_fail(config, "anti-passback", PassbackOrder(plate=plate, by=by, reason=reason))


def _tell(config: Path, lane: str, kind: OrderKind, by: str, reason: str, state: LaneState | None = None) -> None:
    give_or_fail(config, lane, LaneOrder(lane=lane, kind=kind, by=by, reason=reason, state=state))


def give_or_fail(config: Path, whom: str, order: Asked, within: float | None = None) -> None:
    """Tell the running daemon, and the person what came of it. `within`: seconds, where an order takes longer."""
    store = lot_or_fail(config).store.path
    try:
        obeyed = give(store, order) if within is None else give(store, order, within)
    except NoDaemon as wrong:
        fail(f"No daemon answers: {wrong}", 1)
    if obeyed.why_not and not isinstance(order, LaneOrder | PassbackOrder):
        fail(f"Nothing was done: {obeyed.why_not}.", REFUSED)
    if obeyed.why_not:
        fail(f"{whom} doesn't obey: {obeyed.why_not}{'' if obeyed.why_not.endswith('?') else '.'}", REFUSED)
    if obeyed.failed:
        fail(_in_vain(whom, obeyed), NOT_TOLD)
    typer.echo(f"{whom}: {obeyed.said}.")


def _in_vain(whom: str, obeyed: Obeyed) -> str:
    """For a person at the arm: that it wasn't told, why, and where to look."""
    lines = [f"{whom}: {obeyed.said}. The order is on record."]
    if obeyed.trouble is not None:
        trouble = obeyed.trouble
        lines += [f"  {trouble.code}: {trouble.meaning} ({trouble.detail})", f"  Look at: {trouble.look_at}."]
    return "\n".join(lines)


def _somebody() -> str:
    return os.environ.get("SUDO_USER") or getpass.getuser()


def lot_or_fail(config: Path) -> LotSettings:
    """The lot that the file describes; where it's wrong, every mistake in it is told."""
    try:
        return load_lot(config)
    except ConfigurationError as wrong:
        fail(str(wrong), 2)


def written_or_fail(page: Callable[[], Path]) -> Path:
    """The page that is written so."""
    try:
        return page()
    except OSError as wrong:
        fail(f"The page can't be written: {wrong}", 2)


def fail(text: str, code: int) -> NoReturn:
    """End with that exit code, and say why."""
    typer.echo(text, err=True)
    raise typer.Exit(code)
