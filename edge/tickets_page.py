"""A page with the pictures of vehicles as they came in, for a person who looks for one of them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

from edge.parking.stays.searching import Found
from edge.store.pictures import Pictures
from models.instants import to_datetime

_HEAD = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Stays</title>
<style>
body { font: 16px/1.4 system-ui, sans-serif; margin: 1rem; }
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); gap: 1rem; padding: 0; }
li { list-style: none; border: 1px solid #999; border-radius: .4rem; overflow: hidden; }
img, .none { display: block; width: 100%; aspect-ratio: 4 / 3; object-fit: cover; background: #ddd; }
.none { display: grid; place-items: center; color: #555; }
img.plate { aspect-ratio: 4 / 1; object-fit: contain; border-top: 1px solid #999; }
p { margin: .5rem; }
strong { font-size: 1.2em; }
</style>
<h1>Stays</h1>
<ul>
"""


def write_page(folder: Path, found: Sequence[Found], pictures: Pictures, zone: str) -> Path:
    """`index.html` and the pictures beside it. Whoever may read the folder sees plates: it is made for its owner alone.

    Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    shown = [(one, _kept(folder, one.picture, pictures), _plate(folder, one, pictures)) for one in found]
    page = folder / "index.html"
    page.write_text(_HEAD + "".join(_card(*each, zone) for each in shown) + "</ul>\n</html>\n")
    return page


def _plate(folder: Path, one: Found, pictures: Pictures) -> str | None:
    """The file of the plate's own picture."""
    return None if one.picture is None else _kept(folder, pictures.plate_of(one.picture), pictures)


def _kept(folder: Path, hash: str | None, pictures: Pictures) -> str | None:
    """The picture's file beside the page; None where there is none, or none any more."""
    picture = None if hash is None else pictures.get(hash)
    if picture is None:
        return None
    name = f"{hash}.jpg"
    (folder / name).write_bytes(picture)
    return name


def _card(one: Found, picture: str | None, plate: str | None, zone: str) -> str:
    came = to_datetime(one.entered).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
    seen = f'<img src="{picture}" alt="the vehicle at its entry">' if picture else '<div class="none">no picture</div>'
    if plate:
        seen += f'<img class="plate" src="{plate}" alt="its plate">'
    lines = [
        f"<strong>{escape(one.plate or 'plate not read')}</strong>{' (looks like it)' if one.why == 'alike' else ''}",
        f"came {came} at {escape(one.entry_lane)}",
        f"ticket {escape(one.code)}, no. {one.serial or '-'}, spot {escape(one.spot or '-')}",
        f"{one.status.lower()}{', lost' if one.lost else ''}",
    ]
    return f"<li>{seen}<p>{'<br>'.join(lines)}</p></li>\n"
