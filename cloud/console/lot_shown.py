"""Puts what was read of one lot into the words of its own page. Pure; times leave as milliseconds since 1970."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cloud.console.lot_reading import OpenTicket, Spot, Stay, Told, occupancy
from cloud.console.shown import TYPES, Sees, Shown, local, milliseconds
from models.instants import Instant
from models.money import written
from models.tariff import Fee, Line, Terms
from models.tickets import TicketStatus

_STANDING = {
    TicketStatus.ADMITTED: "Admitted",
    TicketStatus.ACTIVE: "Inside",
    TicketStatus.UNRESOLVED: "Unresolved",
}


def plan(spots: Iterable[Spot], tickets: Iterable[OpenTicket], sees: Sees) -> list[Shown]:
    """The levels with their spots, each with the vehicle that has it."""
    held = {ticket.spot: ticket for ticket in tickets if ticket.spot is not None}
    levels: dict[tuple[int, str], list[Shown]] = {}
    for spot in spots:
        holder = held.get(spot.id)
        levels.setdefault((spot.floor, spot.level), []).append(
            {
                "id": spot.id,
                "number": spot.number,
                "type": spot.type,
                "typeName": TYPES[spot.type],
                "status": spot.status,
                "plate": sees(holder.plate) if holder else None,
                "since": milliseconds(holder.entered) if holder else None,
            }
        )
    return [{"floor": floor, "name": name, "spots": shown} for (floor, name), shown in levels.items()]


def ticket(of: OpenTicket, bill: Fee | None, timezone: str, sees: Sees) -> Shown:
    return {
        "id": of.id,
        "code": of.code,
        "plate": sees(of.plate),
        "type": of.vehicle_type.capitalize(),
        "spot": of.spot_number,
        "level": of.level,
        "lane": of.lane,
        "since": milliseconds(of.entered),
        "time": local(of.entered, timezone, "%d %b %H:%M"),
        "standing": _STANDING[of.status],
        "settled": of.status is TicketStatus.ACTIVE,
        "due": None if bill is None else written(of.due(bill), of.currency),
    }


def bill(of: OpenTicket, bill: Fee, timezone: str) -> Shown:
    """How the fee of one stay came about, line by line."""
    tariff = of.tariff
    return {
        "ticket": of.id,
        "tariff": f"{tariff.tariff} {tariff.version}".strip() if isinstance(tariff, Terms) else None,
        "lines": [_line(each, of.currency, timezone) for each in bill.lines],
        "total": written(bill.total, of.currency),
        "taxes": [f"{name} {written(amount, of.currency)}" for name, amount in bill.taxes],
        "paid": written(of.paid, of.currency) if of.paid else None,
        "due": written(of.due(bill), of.currency),
        "person": bill.needs_person,
    }


def _line(of: Line, currency: str, timezone: str) -> Shown:
    times = _times(of.since, of.until, timezone)
    return {"what": of.what, "text": of.text, "times": times, "amount": written(of.amount, currency)}


def _times(since: Instant | None, until: Instant | None, timezone: str) -> str:
    """`Wed 25 Nov 01:54 – 02:54`; of a period that goes on, only when it began."""
    if since is None:
        return ""
    begun = local(since, timezone, "%a %d %b %H:%M")
    if until is None:
        return f"from {begun}"
    ended = local(until, timezone, "%a %d %b %H:%M")
    return f"{begun} – {ended.removeprefix(begun[:-5])}"


def told(of: Told, timezone: str, sees: Sees) -> Shown:
    return {
        "at": milliseconds(of.line.at),
        "time": local(of.line.at, timezone),
        "sign": of.line.sign,
        "said": of.line.said,
        "where": of.line.where,
        "plate": sees(of.line.plate or of.plate),
        "spot": of.spot if of.line.sign == "in" else None,
        "code": of.code,
    }


def chart(stays: Sequence[Stay], total: int, timezone: str, now: Instant) -> Shown:
    """The options of the chart: vehicles inside over the last day, against the lot's spots."""
    points = [[local(at, timezone, "%H:%M"), count] for at, count in occupancy(stays, now)]
    ink = "#7f90a3"
    return {
        "animation": False,
        "textStyle": {"fontFamily": "Roboto, sans-serif"},
        "grid": {"left": 34, "right": 12, "top": 14, "bottom": 24},
        "tooltip": {"trigger": "axis", "confine": True},
        "xAxis": {
            "type": "category",
            "boundaryGap": False,
            "data": [time for time, _ in points],
            "axisLabel": {"color": ink, "interval": 15, "hideOverlap": True},
            "axisLine": {"lineStyle": {"color": "#7f90a355"}},
            "axisTick": {"show": False},
        },
        "yAxis": {
            "type": "value",
            "min": 0,
            "max": max(total, max(count for _, count in points), 1),
            "minInterval": 1,
            "splitNumber": 4,
            "axisLabel": {"color": ink, "showMaxLabel": False},
            "splitLine": {"lineStyle": {"color": "#7f90a326"}},
        },
        "series": [
            {
                "name": "Vehicles inside",
                "type": "line",
                "step": "end",
                "showSymbol": False,
                "data": [count for _, count in points],
                "lineStyle": {"width": 2, "color": "#3d8bfd"},
                "itemStyle": {"color": "#3d8bfd"},
                "markLine": {
                    "silent": True,
                    "symbol": "none",
                    "data": [{"yAxis": total}] if total else [],
                    "lineStyle": {"color": ink, "type": "dashed", "width": 1},
                    "label": {"position": "insideEndBottom", "formatter": "{c} spots", "color": ink},
                },
                "areaStyle": {"color": "#3d8bfd", "opacity": 0.16},
            }
        ],
    }
