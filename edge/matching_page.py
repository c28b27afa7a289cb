"""Pages with two pictures side by side: the vehicle as it came in, and the one at the exit."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from edge.parking.matching.review import MayBe, UnsureExit
from edge.parking.stays.searching import Found
from edge.pictured import PAGE_MARK, Beside
from edge.store.pictures import Pictures
from edge.ticket_orders import VehicleThere
from edge.typed_times import shown

_HEAD = """<!doctype html>
<html lang="en"><meta charset="utf-8">{mark}<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.4 system-ui, sans-serif; margin: 1rem; max-width: 80rem; }}
article {{ border: 1px solid #999; border-radius: .4rem; overflow: hidden; margin: 0 0 1rem; }}
.pair {{ display: grid; grid-template-columns: 1fr 1fr; gap: 2px; background: #999; }}
figure {{ margin: 0; background: #fff; }}
img, .none {{ display: block; width: 100%; aspect-ratio: 4 / 3; object-fit: contain; background: #ddd; }}
img.plate {{ aspect-ratio: 4 / 1; border-top: 2px solid #999; }}
.none {{ display: grid; place-items: center; color: #555; }}
figcaption, p {{ margin: .5rem; }}
strong {{ font-size: 1.2em; letter-spacing: .05em; }}
.disputed {{ border-color: #b00020; border-width: 3px; }}
code {{ background: #eee; padding: .1rem .3rem; }}
@media print {{ article {{ break-inside: avoid; }} }}
</style>
<h1>{title}</h1>
"""


def _figure(beside: Beside, hash: str | None, what: str, said: str) -> str:
    """`said` is markup, `what` is plain. Two plates are compared best one above the other."""
    picture, plate = beside.picture(hash), beside.plate(hash)
    if picture is None:
        seen = f'<div class="none">no picture of {escape(what)}</div>'
    else:
        seen = f'<img src="{picture}" alt="{escape(what)}">'
    if plate is not None:
        seen += f'<img class="plate" src="{plate}" alt="the plate of {escape(what)}">'
    return f"<figure>{seen}<figcaption>{said}</figcaption></figure>"


def write_candidates(folder: Path, there: VehicleThere, may_be: Sequence[MayBe], pictures: Pictures, zone: str) -> Path:
    """The vehicle that stands there now, beside each stay that may be its own. Raises OSError."""
    beside = Beside(folder, pictures)
    exit_says = f"at {escape(there.lane)} now: <strong>{escape(there.plate or 'not read')}</strong>"
    pairs = [
        _pair(
            _figure(beside, one.stay.picture, "the entry", _entry(one.stay, zone)),
            _figure(beside, there.picture, "the vehicle at the exit", exit_says),
            f"{_likely(one)} If it is this one: <code>parkgate-edge tickets this-one {escape(there.lane)} "
            f"{escape(one.stay.code)} --vehicle {escape(there.vehicle)} --pictures --reason WHY</code>",
        )
        for one in may_be
    ]
    return _written(beside, f"Which stay is it, at {there.lane}?", pairs)


def write_matched(folder: Path, matched: Sequence[UnsureExit], pictures: Pictures, zone: str) -> Path:
    """Each stay that another vehicle may have ended. Raises OSError."""
    beside = Beside(folder, pictures)
    pairs = [
        _pair(
            _figure(beside, one.stay.picture, "the entry", _entry(one.stay, zone)),
            _figure(beside, one.picture, "the vehicle at the exit", _exit(one, zone)),
            ("<b>Its own vehicle has come to an exit since.</b> " if one.disputed else "")
            + ("A person let it out on this ticket. " if one.by_hand else "")
            + f"If it was another vehicle: <code>parkgate-edge tickets unmatch {escape(one.stay.code)} --reason WHY"
            "</code>",
            disputed=one.disputed,
        )
        for one in matched
    ]
    return _written(beside, "Exits that may have been another vehicle's", pairs)


def _written(beside: Beside, title: str, pairs: Sequence[str]) -> Path:
    return beside.page(_HEAD.format(mark=PAGE_MARK, title=escape(title)) + "".join(pairs) + "</html>\n")


def _pair(entry: str, exit: str, what_to_do: str, *, disputed: bool = False) -> str:
    marked = ' class="disputed"' if disputed else ""
    return f'<article{marked}><div class="pair">{entry}{exit}</div><p>{what_to_do}</p></article>\n'


def _entry(stay: Found, zone: str) -> str:
    plate = escape(stay.plate or "not read")
    spot = f", spot {escape(stay.spot)}" if stay.spot else ""
    return (
        f"came {shown(stay.entered, zone)} at {escape(stay.entry_lane)}: <strong>{plate}</strong><br>"
        f"ticket {escape(stay.code)}, no. {stay.serial or '-'}{spot}, by {escape(stay.entered_by)}"
    )


def _exit(one: UnsureExit, zone: str) -> str:
    left = "" if one.stay.left is None else shown(one.stay.left, zone)
    return f"left {left} at {escape(one.stay.exit_lane or '-')}: <strong>{escape(read_there(one))}</strong>"


def read_there(one: UnsureExit) -> str:
    """Whom a person let out had perhaps no plate that was read, or exactly the stay's."""
    return one.read or ("no other plate" if one.by_hand else "erased")


def _likely(one: MayBe) -> str:
    if one.odds is not None:
        return f"{round(100 * one.odds)} % likely."
    return "Its plate looks like it." if one.stay.plate is not None else "Its plate wasn't read."
