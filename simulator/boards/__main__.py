"""Entry of `python -m simulator.boards`."""

from simulator.boards.cli import app

app()
