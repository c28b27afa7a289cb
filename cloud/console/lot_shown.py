"""Puts what was read of one lot into the words of its own page. Pure; times leave as milliseconds since 1970."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cloud.console.lot_reading import OpenTicket, Spot, Stay, Told, occupancy
from cloud.console.shown import TYPES, Sees, Shown, local, milliseconds
from models.instants import Instant
from models.money import written
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


def ticket(of: OpenTicket, timezone: str, sees: Sees, now: Instant) -> Shown:
    due = of.fee_at(now)
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
        "due": None if due is None else written(due, of.currency),
    }


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
