"""The parts of the docs that are drawn from the code.

`python -m tests.house.catalogues` prints them (or those that are named); `--write` puts all of them into the docs,
between the marks `<!-- generated: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from drivers.product import product_table
from edge.config.retention_settings import RetentionSettings
from edge.config.timing import TimingSettings
from edge.known_faults import known_faults
from models.commands import CommandRefusal
from models.faults import Fault
from models.refusals import Refusal
from tests.house import keys, lane_diagram
from tests.house.keys import table
from tests.house.price_keys import price_keys
from tests.house.tree import HOUSE


def all_faults() -> list[Fault]:
    """Every fault that a lot can raise, by code."""
    return [fault for _, fault in sorted(known_faults().items())]


def fault_table() -> str:
    return table(
        ("code", "what it means", "what the lot does by itself", "it ends", "what to look at"),
        (
            (f"`{fault.code}`", fault.meaning, fault.does or "-", fault.ends or "by itself", fault.look_at)
            for fault in all_faults()
        ),
    )


def refusal_table() -> str:
    return table(
        ("reason", "the sign says", "what it means", "what to do"),
        ((refusal.name, refusal.driver, refusal.operator, refusal.remedy) for refusal in Refusal),
    )


def command_refusal_table() -> str:
    return table(
        ("reason", "what it means", "what to do"),
        ((refusal.name, refusal.value.meaning, refusal.value.remedy) for refusal in CommandRefusal),
    )


PARTS: Mapping[str, Callable[[], str]] = {
    "faults": fault_table,
    "refusals": refusal_table,
    "command refusals": command_refusal_table,
    "products": lambda: product_table().rstrip("\n"),
    "timing": lambda: keys.keys_of(TimingSettings),
    "retention": lambda: keys.keys_of(RetentionSettings),
    "price policy": price_keys,
    "drivers": keys.driver_table,
    "sections": keys.section_keys,
    "keys": keys.driver_keys,
    "lane diagram": lane_diagram.diagram,
    "lane table": lane_diagram.table,
    "lane faults": lane_diagram.faults,
}

_MARKED = re.compile(r"<!-- generated: (?P<name>[a-z ]+) -->\n(?:(?!<!--).)*<!-- end -->", re.DOTALL)


def papers() -> list[Path]:
    return [HOUSE / "README.md", *sorted((HOUSE / "docs").glob("*.md"))]


def renewed(text: str, names: set[str] | None = None) -> str:
    """The text with its generated parts as the code has them now; only those in `names`, if given."""

    def part(found: re.Match[str]) -> str:
        name = found["name"]
        if names is not None and name not in names:
            return found[0]
        return f"<!-- generated: {name} -->\n\n{PARTS[name]()}\n\n<!-- end -->"

    return _MARKED.sub(part, text)


def marked(text: str) -> list[str]:
    """The names of the generated parts of a document."""
    return [found["name"] for found in _MARKED.finditer(text)]


def main() -> None:
    parser = argparse.ArgumentParser(description="The generated parts of the docs.")
    parser.add_argument("names", nargs="*", choices=[[], *PARTS], help="which parts to print; all of them if none")
    parser.add_argument("--keys", action="store_true", help="print the key reference: the parts sections and keys")
    parser.add_argument("--write", action="store_true", help="put all of them into the docs")
    asked = parser.parse_args()
    if asked.write:
        for paper in papers():
            paper.write_text(renewed(paper.read_text()))
        return
    names: list[str] = ["sections", "keys"] if asked.keys else asked.names
    print("\n\n".join(PARTS[name]() for name in names or PARTS))


if __name__ == "__main__":
    main()
