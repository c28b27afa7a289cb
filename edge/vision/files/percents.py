"""Shares as people read them, rounded down everywhere: what isn't all is never 100 %. Pure."""

_DUST = 1e-9
"""0.29 times a hundred is a little less than 29."""


def percent(share: float) -> str:
    return f"{percents(share)} %"


def percents(share: float) -> int:
    return _down(share, 100)


def percent_with_tenths(share: float) -> str:
    tenths = _down(share, 1000)
    return "100 %" if tenths == 1000 else f"{tenths / 10:.1f} %"


def to_digits(share: float, digits: int) -> float:
    """For programmes."""
    return _down(share, 10**digits) / 10**digits


def _down(share: float, parts: int) -> int:
    return int(share * parts + _DUST)
