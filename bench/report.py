"""How a bench prints what it measured: one JSON object a line, ours beside the limit."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """Alternating runs of the two. Figures in `unit`, a run each."""

    bench: str
    unit: str
    what_limit_is: str
    ours: Sequence[float]
    limit: Sequence[float]
    goal: str

    def line(self) -> str:
        """The median of each, the median of the pairs' ratios, and how far the runs spread."""
        ratios = [ours / limit for ours, limit in zip(self.ours, self.limit, strict=True)]
        return json.dumps(
            {
                "bench": self.bench,
                "ours": _rounded(statistics.median(self.ours)),
                "limit": _rounded(statistics.median(self.limit)),
                "ratio": _rounded(statistics.median(ratios)),
                "unit": self.unit,
                "what_limit_is": self.what_limit_is,
                "runs": len(ratios),
                "spread": {"ours": _spread(self.ours), "limit": _spread(self.limit), "ratio": _spread(ratios)},
                "goal": self.goal,
            }
        )


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _spread(values: Sequence[float]) -> list[float]:
    return [_rounded(min(values)), _rounded(max(values))]


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0..1) of the values don't exceed."""
    ordered = sorted(values)
    return ordered[min(round(share * (len(ordered) - 1)), len(ordered) - 1)]
