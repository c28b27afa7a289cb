"""The command `parkgate-sim`: a lot, or one barrier, that exists only on the wire."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Coroutine, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import cv2
import typer

from models.ids import LaneName
from simulator.account import JsonAccount, Telling
from simulator.cars import Traffic
from simulator.clock import RealTime
from simulator.day.command import day
from simulator.demo.command import demo
from simulator.hardware import Broker
from simulator.lanes import Manners
from simulator.lone_arm import LoneArm
from simulator.lots import LotPlan, lanes_written, lot_file, range_written, seconds_written
from simulator.prices.command import prices
from simulator.run import Simulation, with_memory
from simulator.scenario import Scenario, scenario_file
from simulator.topics import DEFAULT_ROOT, LaneTopics, LotTopics
from simulator.twin.command import twin, words
from simulator.witness import Witness, obeyed_before
from simulator.world import a_world

PASSWORD_VARIABLE = "PARKGATE_SIM_MQTT_PASSWORD"
STUCK = 1

app = typer.Typer(
    no_args_is_help=True, help="Simulated lots: cars, cameras, loops and arms, spoken over MQTT and HTTP."
)

Mqtt = Annotated[str, typer.Option("--mqtt", metavar="HOST:PORT", help="The broker on which the devices speak.")]
MqttUser = Annotated[
    str | None, typer.Option(help=f"User name at the broker; the password is taken from ${PASSWORD_VARIABLE}.")
]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"parkgate-sim {version('parkgate')}")
        raise typer.Exit


@app.callback()
def about(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the release and end", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Simulated lots: cars, cameras, loops and arms, spoken over MQTT and HTTP."""


app.command()(demo)
app.command()(twin)
app.command()(day)
app.command()(prices)
app.command()(words)

WitnessFile = Annotated[
    Path | None,
    typer.Option("--witness", help="Append what arms and cars really do to this file, a JSON object a line."),
]


@app.command()
def run(
    lanes: Annotated[str, typer.Option(help="Lanes as NAME:entry or NAME:exit, separated by commas.")] = "",
    lot: Annotated[Path | None, typer.Option(help="An edge daemon's YAML, instead of --lanes.")] = None,
    mqtt: Mqtt = "",
    mqtt_user: MqttUser = None,
    topics: Annotated[str, typer.Option(help="Where a lane's topics begin, with --lanes.")] = DEFAULT_ROOT,
    vehicles: Annotated[
        int | None, typer.Option(min=1, help="End when so many have entered and left; without it, go on until Ctrl-C.")
    ] = None,
    rate: Annotated[float, typer.Option(min=0.01, help="Cars a minute.")] = 6.0,
    seed: Annotated[int, typer.Option(help="The same seed brings the same cars.")] = 1,
    stay: Annotated[str, typer.Option(help='How long they park, such as "20s..90s".')] = "20s..90s",
    patience: Annotated[str, typer.Option(help="How long a driver waits for the arm before turning back.")] = "2 min",
    back_out: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of drivers who change their mind at an entry.")
    ] = 0.0,
    tolerate: Annotated[int, typer.Option(min=0, help="How many cars may turn back before the run is given up.")] = 0,
    camera_port: Annotated[int, typer.Option(min=0, max=65535, help="HTTP port of the cameras; 0: any free.")] = 0,
    witness: WitnessFile = None,
    name: Annotated[str, typer.Option(help="The lot's name in its topics: sim/NAME/inject, fire, truth/...")] = "lot",
    scenario: Annotated[Path | None, typer.Option(help="A YAML file of what goes wrong when.")] = None,
    misbehaving: Annotated[float, typer.Option(min=0, max=1, help="Share of cars whose visit is unusual.")] = 0.0,
    json_events: Annotated[bool, typer.Option("--json-events", help="Tell as JSON lines on standard output.")] = False,
) -> None:
    """Let cars come, park and leave.

    Exit code 0: all of them came and left, or Ctrl-C. 1: cars were stuck, and it says where. 2: a wrong option.
    """
    with _complaining():
        plan = _plan(lot, lanes, topics)
        shortest, longest = range_written(stay)
        traffic = Traffic(seed, rate, shortest, longest, back_out, misbehaving)
        world = a_world(plan.lanes, traffic, vehicles, Manners(patience=seconds_written(patience)))
        broker = _broker(mqtt or plan.broker or "", mqtt_user)
        world = with_memory(world, obeyed_before(witness))
        wishes = [] if scenario is None else scenario_file(scenario, [lane for lane, _ in plan.lanes])
    cv2.setNumThreads(1)
    account = JsonAccount() if json_events else Telling(vehicles)
    with _complaining(), Witness(witness) as witnessing, contextlib.ExitStack() as telling:
        if isinstance(account, Telling):
            telling.enter_context(account)
        simulation = Simulation(
            *(world, broker, plan.topics, witnessing, account, RealTime(), camera_port),
            tolerated=tolerate,
            lot=LotTopics(name),
            scenario=Scenario(wishes),
        )
        asyncio.run(_until_interrupted(simulation.run()))
    for stuck in simulation.stuck:
        typer.echo(f"stuck at {stuck}", err=True)
    raise typer.Exit(STUCK if simulation.stuck and len(simulation.stuck) > tolerate else 0)


@app.command()
def barrier(
    lane: Annotated[str, typer.Option(help="The lane whose arm it is.")],
    mqtt: Mqtt,
    mqtt_user: MqttUser = None,
    topics: Annotated[str, typer.Option(help="Where the lane's topics begin.")] = DEFAULT_ROOT,
    open_for: Annotated[str, typer.Option(help="How long the arm stays up before it closes by itself.")] = "4s",
    until_vends: Annotated[int | None, typer.Option(min=1, help="End after so many vends.")] = None,
    witness: WitnessFile = None,
) -> None:
    """Only an arm, without loops: it rises on a vend, closes by itself, and counts."""
    with _complaining(), Witness(witness) as witnessing:
        obeyed = obeyed_before(witness).get(LaneName(lane), frozenset())
        arm = LoneArm(
            LaneTopics(LaneName(lane), topics.format(lane=lane)),
            _broker(mqtt, mqtt_user),
            witnessing,
            RealTime(),
            seconds_written(open_for),
            obeyed,
            typer.echo,
        )
        asyncio.run(_until_interrupted(arm.run(until_vends)))
        typer.echo(f"{lane}: {len(arm.vends)} vends obeyed")


def _plan(lot: Path | None, lanes: str, topics: str) -> LotPlan:
    if (lot is None) == (not lanes):
        raise ValueError("either --lot or --lanes is needed, such as --lanes north-in:entry,north-out:exit")
    return lot_file(lot) if lot is not None else lanes_written(lanes, topics)


def _broker(address: str, user: str | None) -> Broker:
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"--mqtt HOST:PORT is needed, such as 127.0.0.1:1883, not {address!r}")
    return Broker(host, int(port), user, os.environ.get(PASSWORD_VARIABLE))


@contextlib.contextmanager
def _complaining() -> Iterator[None]:
    """What is wrong with an option or a file ends the command with one line and exit code 2."""
    try:
        yield
    except (ValueError, OSError) as error:
        typer.echo(f"parkgate-sim: {error}", err=True)
        raise typer.Exit(2) from error


async def _until_interrupted(work: Coroutine[Any, Any, None]) -> None:
    """To its end, or to Ctrl-C or SIGTERM, which are an orderly end too."""
    running = asyncio.create_task(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


def main() -> None:
    app()


if __name__ == "__main__":
    main()
