"""What the doctor finds: one verdict each, what was seen, and what to mend. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    OK = "ok"
    WARN = "warn"
    """Works, but not for long, or not well"""
    FAIL = "fail"
    SKIPPED = "skipped"
    """Nobody knows: it wasn't asked for, or it couldn't be looked at"""


@dataclass(frozen=True, slots=True)
class Finding:
    """`check` is a name that `--only` understands; `part` is a piece of the lot, such as `north-in.barrier`.

    `measured` holds the figures of it, for scripts.
    """

    check: str
    part: str
    verdict: Verdict
    said: str
    fix: str = ""
    measured: Mapping[str, float | int | str | bool | None] = field(default_factory=dict[str, Any])

    def as_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "check": self.check,
            "part": self.part,
            "verdict": self.verdict.value,
            "said": self.said,
            "fix": self.fix,
        }
        return {**told, "measured": dict(self.measured)} if self.measured else told


@dataclass(frozen=True, slots=True)
class About:
    """Writes findings of one check on one part."""

    check: str
    part: str

    def ok(self, said: str, **measured: Any) -> Finding:
        return Finding(self.check, self.part, Verdict.OK, said, "", measured)

    def warn(self, said: str, fix: str, **measured: Any) -> Finding:
        return Finding(self.check, self.part, Verdict.WARN, said, fix, measured)

    def fail(self, said: str, fix: str, **measured: Any) -> Finding:
        return Finding(self.check, self.part, Verdict.FAIL, said, fix, measured)

    def skipped(self, said: str, fix: str = "", **measured: Any) -> Finding:
        return Finding(self.check, self.part, Verdict.SKIPPED, said, fix, measured)


PASSIVE = (
    "configuration",
    "user",
    "passwords",
    "files",
    "disk",
    "clock",
    "computer",
    "devices",
    "gpio",
    "network",
    "brokers",
    "cloud",
    "daemon",
    "camera",
    "plates",
)
"""The checks that ask nobody, in the order in which their findings are best mended."""

WALKED = ("connect", "inputs", "relays", "sign", "printer", "scanner", "cards", "fire", "sensors")
"""What the walk does in a lane, in its order."""

_ORDER = {name: place for place, name in enumerate((*PASSIVE, "walk", *WALKED))}
_GRAVEST = (Verdict.FAIL, Verdict.WARN)

ALL_WELL, SOMETHING_TO_MEND, UNUSABLE = 0, 1, 2
"""Exit codes."""


def to_mend(findings: Iterable[Finding]) -> list[Finding]:
    """What has to be done, in the order in which it is best done: failures first, and each after what it rests on."""
    wrong = [finding for finding in findings if finding.verdict in _GRAVEST]
    return sorted(wrong, key=lambda finding: (_GRAVEST.index(finding.verdict), _ORDER.get(finding.check, len(_ORDER))))


def worst(findings: Iterable[Finding]) -> Verdict:
    verdicts = {finding.verdict for finding in findings}
    if verdicts == {Verdict.SKIPPED}:
        return Verdict.SKIPPED
    return next((verdict for verdict in _GRAVEST if verdict in verdicts), Verdict.OK)


def exit_code(findings: Iterable[Finding]) -> int:
    """0 when nothing is to be mended. What was skipped is nobody's fault."""
    return SOMETHING_TO_MEND if worst(findings) in _GRAVEST else ALL_WELL


def counted(findings: Iterable[Finding]) -> dict[str, int]:
    counts = Counter(finding.verdict for finding in findings)
    return {verdict.value: counts[verdict] for verdict in Verdict}


def report(findings: Sequence[Finding], **about: Any) -> dict[str, Any]:
    """The whole as one JSON object; `about` is what is known of the lot and of this look at it."""
    return {
        **about,
        "verdict": worst(findings).value,
        "counts": counted(findings),
        "findings": [finding.as_json() for finding in findings],
    }
