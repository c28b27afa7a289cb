"""The lane machine as it really behaves: every phase it can reach and what leads there, drawn for docs/lane.md.

`python -m tests.house.lane_diagram` prints the document's generated parts. Nothing is written by hand: a walk over
the machine with every kind of signal finds the edges.
"""

from __future__ import annotations

import functools
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import replace

from drivers.contract import Position, PrintedTicket
from edge.lane.actions import Confirm, Count, Unresolve, Withdraw
from edge.lane.faults import CATALOGUE
from edge.lane.lane import Fitted, Lane, WhenUnread, a_lane
from edge.lane.machine import step
from edge.lane.signals import (
    Allowed,
    Arm,
    Blind,
    Button,
    Card,
    Code,
    Fire,
    Guess,
    Order,
    Ordered,
    Phase,
    Presence,
    Pressed,
    Read,
    Refused,
    Signal,
    TimeUp,
    UnderArm,
    Vend,
    VendFailed,
)
from models.ids import TicketId
from models.instants import SECOND, Monotonic
from models.lanes import LaneState, OrderKind
from models.plates import Plate
from models.refusals import Refusal

_TICKET = TicketId("t")
_TOLD = {Vend: "vend", Confirm: "confirm", Withdraw: "void", Unresolve: "unresolved", Count: "count"}
_STEPS = 7
_SETTINGS = (Arm, Fire, Blind, Guess, Card, Pressed, Ordered)
"""Looked at from every state that the others lead to, but not walked on from: they only multiply what is found."""

_REMEMBERED = (Refusal.LANE_CLOSED, Refusal.ARM_UNREACHABLE, Refusal.LOT_FULL)
"""The other refusals lead to nothing else than one of these."""

_PAPER = PrintedTicket("", "", "", "")


def _signals(lane: Lane) -> Iterator[tuple[str, Signal]]:
    yield "arming loop on", Presence(True)
    yield "arming loop off", Presence(False)
    yield "arming loop unknown", Presence(None)
    yield "closing loop on", UnderArm(True)
    yield "closing loop off", UnderArm(False)
    yield "closing loop unknown", UnderArm(None)
    yield "plate read", Read(Plate("AB12CDE"), 0.99)
    yield "another plate read", Read(Plate("XY99ZZZ"), 0.99)
    yield "plate guessed", Guess(Plate("AB12CDE"), 0.5)
    yield "code or card shown", Code("PG1:X")
    yield "code or card shown", Card("17-04711")
    for button in (Button.TICKET, Button.CONFIRM, Button.DENY):
        yield f"{button} pressed", Pressed(button)
    yield "plate reader down", Blind(True)
    if lane.phase is Phase.DECIDING:
        yield "allowed", Allowed(_TICKET, "", _PAPER)
        yield "refused", Refused(Refusal.LOT_FULL)
        yield "refused", Refused(Refusal.NO_TICKET)
    if lane.phase is Phase.VENDED:
        yield "barrier can't be told", VendFailed()
    yield "arm up", Arm(Position.OPEN)
    yield "arm down", Arm(Position.CLOSED)
    yield "fire", Fire(True)
    for kind in (OrderKind.OPEN, OrderKind.KEEP_OPEN, OrderKind.RELEASE):
        yield f"order: {kind.replace('_', ' ')}", Ordered(Order("o", kind, "b", "r"))
    for state in (LaneState.CLOSED, LaneState.OPEN):
        yield f"order: lane {state}", Ordered(Order("o", OrderKind.SET_STATE, "b", "r", state))
    yield "time is up", TimeUp(lane.timer)


@functools.cache
def edges() -> dict[tuple[Phase, Phase], dict[str, set[str]]]:
    """What leads from phase to phase, and what the lane then asks for: found by walking the machine."""
    found: dict[tuple[Phase, Phase], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    unwatched = Fitted(when_unread=WhenUnread.BUTTON)
    start = replace(a_lane(unwatched), near_watch=None, closing_watch=None)
    seen, waiting = {_essence(start)}, deque([(start, 0)])
    while waiting:
        lane, depth = waiting.popleft()
        for name, signal in _signals(lane):
            stepped = step(lane, signal, Monotonic(1000 * SECOND))
            told = [_TOLD[type(action)] for action in stepped.actions if type(action) in _TOLD]
            if stepped.lane.phase is not lane.phase or told:
                found[lane.phase, stepped.lane.phase][name].update(told)
            if depth < _STEPS and not isinstance(signal, _SETTINGS) and _essence(stepped.lane) not in seen:
                seen.add(_essence(stepped.lane))
                waiting.append((stepped.lane, depth + 1))
    return found


def _essence(lane: Lane) -> Lane:
    """Two lanes that differ only by clocks and counters are one."""
    bare = a_lane(lane.fitted).arm_watch
    return replace(
        lane,
        timer=0,
        arm_watch=replace(bare, position=lane.arm),
        recorded=frozenset(),
        called=frozenset(),
        risen=False,
        asked=lane.asked and replace(lane.asked, plate=None),
        refusal=lane.refusal if lane.refusal in _REMEMBERED else None,
    )


def diagram() -> str:
    """Mermaid: one arrow for each pair of phases, with everything that takes it."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> idle"]
    for (before, after), why in sorted(edges().items()):
        if before is after:
            continue
        lines.append(f"    {before} --> {after}: {', '.join(sorted(why))}")
    return "\n".join([*lines, "```"])


def table() -> str:
    """Everything that changes a phase or asks for something that is put on record."""
    rows = ["| in | when | the lane | then |", "| --- | --- | --- | --- |"]
    for (before, after), why in sorted(edges().items()):
        for name, told in sorted(why.items()):
            rows.append(f"| {before} | {name} | {', '.join(sorted(told)) or '-'} | {after} |")
    return "\n".join(rows)


def faults() -> str:
    rows = ["| code | it means | the lane | it ends when | look at |", "| --- | --- | --- | --- | --- |"]
    for fault in CATALOGUE.values():
        rows.append(f"| `{fault.code}` | {fault.meaning} | {fault.does} | {fault.ends} | {fault.look_at} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(diagram(), table(), faults(), sep="\n\n")
