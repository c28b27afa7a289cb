"""The command `parkgate-sim prices`."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from models.documents.problems import ConfigurationError
from models.pricing import DEFAULT, Policy
from simulator.prices.files import PriceFile, ordinary_tariff, price_file
from simulator.prices.lot import Lived, Trial, lived
from simulator.prices.outcome import Figures, figures, gains, table
from simulator.prices.visitors import Crowd, Day, visitors

WRONG = 2
SPOTS_A_LANE = 150
FIXED = "fixed price"


def prices(
    tariff: Annotated[
        Path | None, typer.Option(help="A tariff's YAML file with a section `dynamic:`, to try both.")
    ] = None,
    policy: Annotated[Path | None, typer.Option(help="The same, by its other name.")] = None,
    compare: Annotated[Path | None, typer.Option(help="Another file, whose policy meets the same drivers.")] = None,
    spots: Annotated[int, typer.Option(min=1, help="How many the lot has.")] = 200,
    lanes: Annotated[
        int | None, typer.Option(min=1, help="Entry lanes.", show_default="one for each 150 spots, at least 2")
    ] = None,
    date: Annotated[str, typer.Option(help="The day: its weekday counts.")] = "2026-11-26",
    events: Annotated[int, typer.Option(min=0, max=9, help="Events nearby in the evening.")] = 1,
    demand: Annotated[float, typer.Option(min=0.01, help="So many times as many drivers as usual come.")] = 1.0,
    would_pay: Annotated[float, typer.Option(min=0.1, help="Drivers would pay so many times as much as usual.")] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed brings the same drivers.")] = 1,
    days: Annotated[
        int,
        typer.Option(min=1, help="Try so many days, with other drivers each: is the gain more than chance?"),
    ] = 1,
    out: Annotated[Path | None, typer.Option(help="A folder for prices.svg, prices.png and prices.json.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """Try a price policy on a day of made-up drivers, beside the same day without one.

    Exit code 0: tried. 1: a price changed before the eyes of a driver who waited, which must never happen. 2: a wrong
    option or file.
    """
    try:
        files, crowd = _files(tariff, policy, compare), Crowd(demand, would_pay, events)
        day = _day(date, files[0].tariff.timezone)
        lot = Lot(files, spots, lanes or max(2, -(-spots // SPOTS_A_LANE)), crowd)
        lives = lot.live(day, seed)
        each_day = [[figures(one) for one in lives]]
        each_day += [[figures(one) for one in lot.live(day, seed + later)] for later in range(1, days)]
        asked = {"spots": spots, "date": date, "seed": seed, "days": days, "events": events}
        said = _as_json(each_day, {**asked, "demand": demand, "would_pay": would_pay})
        paths = [] if out is None else _written(out, lives, each_day[0], said)
    except (ConfigurationError, ValueError, OSError) as error:
        typer.echo(f"parkgate-sim: {error}", err=True)
        raise typer.Exit(WRONG) from error
    _tell(each_day, said, paths, as_json)
    raise typer.Exit(any(one.broke_its_word for found in each_day for one in found))


@dataclass(frozen=True, slots=True)
class Lot:
    """Where the policies are tried, and who comes there."""

    files: Sequence[PriceFile]
    spots: int
    lanes: int
    crowd: Crowd

    def live(self, day: Day, seed: int) -> list[Lived]:
        """The same day under each of the policies."""
        who = visitors(seed, self.spots, day, self.crowd)
        return [
            lived(Trial(file.name, file.policy, file.tariff, self.spots, self.lanes, self.crowd.events), who, day)
            for file in self.files
        ]


def _day(date: str, zone: str) -> Day:
    try:
        return Day(dt.date.fromisoformat(date), ZoneInfo(zone))
    except ValueError:
        raise ValueError(f"--date {date}: a date is expected, such as 2026-11-26") from None


def _files(tariff: Path | None, policy: Path | None, compare: Path | None) -> list[PriceFile]:
    if tariff is not None and policy is not None:
        raise ValueError("either --tariff or --policy: a tariff's file holds its own policy")
    path = tariff or policy
    first = PriceFile("default policy", DEFAULT, ordinary_tariff()) if path is None else price_file(path)
    # The other policy is tried on the first one's tariff: only then the policy makes the difference.
    others = [] if compare is None else [replace(price_file(compare), tariff=first.tariff)]
    return [PriceFile(FIXED, Policy(), first.tariff), first, *others]


def _as_json(each_day: Sequence[Sequence[Figures]], options: dict[str, Any]) -> dict[str, Any]:
    found, over = each_day[0], gains(each_day)
    policies = [{**one.as_json(), "gain": asdict(gain)} for one, gain in zip(found, over, strict=True)]
    return {**options, "currency": found[0].currency, "policies": policies}


def _written(out: Path, lives: Sequence[Lived], found: Sequence[Figures], said: dict[str, Any]) -> list[Path]:
    try:
        from simulator.prices.picture import draw
    except ImportError as error:
        raise ValueError(f"the picture needs matplotlib ({error}); without --out there is the table alone") from error
    out.mkdir(parents=True, exist_ok=True)
    (out / "prices.json").write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    return [*draw(lives, found, _title(said), out), out / "prices.json"]


def _title(said: dict[str, Any]) -> str:
    weekday = dt.date.fromisoformat(said["date"]).strftime("%A")
    return f"The same {weekday} at {said['spots']} spots, under {len(said['policies'])} price policies"


def _tell(each_day: Sequence[Sequence[Figures]], said: dict[str, Any], paths: Sequence[Path], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(said))
        return
    title = f"{said['spots']} spots, {said['date']}, seed {said['seed']}"
    Console(highlight=False).print(table(each_day[0], gains(each_day), len(each_day), title))
    for path in paths:
        typer.echo(path)
