"""`python -m simulator.boards`: one relay board as a process of its own, which outlives the daemon that uses it."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from simulator.boards.cores import CORES
from simulator.boards.pty_board import EVER, PtyBoard
from simulator.boards.witness import RelayWitness

HELP = """Commands on stdin, a line each: unplug [power], plug, garble [N], halve [N], slow SECONDS, mute on|off,
deaf on|off, freeze on|off, stick CHANNEL, free CHANNEL, well, state, quit. Each is answered with one line."""

app = typer.Typer(help=HELP)


@app.command(help=HELP)
def board(
    board: Annotated[str, typer.Option(help=f"One of {', '.join(CORES)}.")],
    link: Annotated[Path, typer.Option(help="Where the port is to be found, such as /tmp/x/ttyLCUS.")],
    witness: Annotated[Path, typer.Option(help="Append each switching of a relay to this file.")],
    channels: Annotated[
        int | None, typer.Option(help="How many relays it has, if not its maker's usual number.")
    ] = None,
) -> None:
    if board not in CORES:
        raise typer.BadParameter(f"one of {', '.join(CORES)} is expected", param_hint="--board")
    core = CORES[board]() if channels is None else CORES[board](channels)
    told_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: told_to_stop.set())
    with PtyBoard(core, link, RelayWitness(board, witness)) as peer:
        print(f"ready {link}", flush=True)
        threading.Thread(target=_listen, args=(peer, told_to_stop), daemon=True).start()
        told_to_stop.wait()


def _listen(peer: PtyBoard, told_to_stop: threading.Event) -> None:
    """Until `quit`. The end of stdin means nothing: whoever started the board may be gone."""
    for line in sys.stdin:
        words = line.split()
        if words == ["quit"]:
            told_to_stop.set()
            return
        try:
            print(obey(peer, words), flush=True)
        except BrokenPipeError:
            return


def obey(peer: PtyBoard, words: list[str]) -> str:
    """One command to a running board, and what is answered."""
    try:
        return _obeyed(peer, words)
    except ValueError as error:
        return f"no: {error}"


def _obeyed(peer: PtyBoard, words: list[str]) -> str:
    faults = peer.faults
    match words:
        case ["unplug", *power] if power in ([], ["power"]):
            peer.unplug(power_cut=bool(power))
        case ["plug"]:
            peer.plug_in()
        case ["garble", *count]:
            faults.garbled = _count(count)
        case ["halve", *count]:
            faults.halved = _count(count)
        case ["slow", seconds]:
            faults.slow = float(seconds)
        case ["mute", "on" | "off" as state]:
            faults.mute = state == "on"
        case ["deaf", "on" | "off" as state]:
            faults.deaf = state == "on"
        case ["freeze", "on" | "off" as state]:
            faults.frozen = state == "on"
        case ["stick", channel]:
            peer.core.stuck.add(int(channel))
        case ["free", channel]:
            peer.core.stuck.discard(int(channel))
        case ["well"]:
            faults.garbled, faults.halved, faults.slow = 0, 0, 0.0
            faults.mute = faults.deaf = faults.frozen = False
            peer.core.stuck.clear()
        case ["state"]:
            return json.dumps({"relays": {str(channel): on for channel, on in peer.core.relays.items()}})
        case _:
            return f"no: {' '.join(words)!r} isn't known"
    return "ok"


def _count(words: list[str]) -> int:
    return int(words[0]) if words else EVER
