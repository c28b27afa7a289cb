"""A page with the pictures of vehicles as they came in, for a person who looks for one of them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from edge.parking.stays.searching import Found
from edge.pictured import PAGE_MARK, Beside
from edge.store.pictures import Pictures
from edge.typed_times import shown

_HEAD = f"""<!doctype html>
<html lang="en"><meta charset="utf-8">{PAGE_MARK}<meta name="viewport" content="width=device-width">
<title>Stays</title>
<style>
body {{ font: 16px/1.4 system-ui, sans-serif; margin: 1rem; }}
ul {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); gap: 1rem; padding: 0; }}
li {{ list-style: none; border: 1px solid #999; border-radius: .4rem; overflow: hidden; }}
img, .none {{ display: block; width: 100%; aspect-ratio: 4 / 3; object-fit: cover; background: #ddd; }}
.none {{ display: grid; place-items: center; color: #555; }}
img.plate {{ aspect-ratio: 4 / 1; object-fit: contain; border-top: 1px solid #999; }}
p {{ margin: .5rem; }}
strong {{ font-size: 1.2em; }}
</style>
<h1>Stays</h1>
<ul>
"""


def write_page(folder: Path, found: Sequence[Found], pictures: Pictures, zone: str) -> Path:
    """`index.html` and the pictures beside it. Whoever may read them sees plates: they are for their owner alone.

    Raises OSError.
    """
    beside = Beside(folder, pictures)
    cards = [_card(one, beside.picture(one.picture), beside.plate(one.picture), zone) for one in found]
    return beside.page(_HEAD + "".join(cards) + "</ul>\n</html>\n")


def _card(one: Found, picture: str | None, plate: str | None, zone: str) -> str:
    seen = f'<img src="{picture}" alt="the vehicle at its entry">' if picture else '<div class="none">no picture</div>'
    if plate:
        seen += f'<img class="plate" src="{plate}" alt="its plate">'
    lines = [
        f"<strong>{escape(one.plate or 'plate not read')}</strong>{' (looks like it)' if one.why == 'alike' else ''}",
        f"came {shown(one.entered, zone)} at {escape(one.entry_lane)}",
        f"ticket {escape(one.code)}, no. {one.serial or '-'}, spot {escape(one.spot or '-')}",
        f"{one.status.lower()}{', lost' if one.lost else ''}",
    ]
    return f"<li>{seen}<p>{'<br>'.join(lines)}</p></li>\n"
