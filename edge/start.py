"""`parkgate-edge`, as it is typed: the command line of a lot, sooner there on a small computer."""

from __future__ import annotations

import gc


def main() -> None:
    """What is imported stays for good: to look through it for garbage costs a quarter of the start, and later time in
    which an arm waits."""
    gc.disable()
    from edge.cli import main as command_line

    gc.freeze()
    gc.enable()
    command_line()
