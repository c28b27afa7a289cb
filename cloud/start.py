"""`parkgate-cloud`, as it is typed: the command line of the cloud, sooner there."""

from __future__ import annotations

import gc


def main() -> None:
    """What is imported stays for good: nobody has to look through it for garbage, now or later."""
    gc.disable()
    from cloud.cli import main as command_line

    gc.freeze()
    gc.enable()
    command_line()
