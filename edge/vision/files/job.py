"""One call of `read`: every file is read, drawn and told in its turn, with what went wrong beside it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from drivers.contract import PlateReader
from edge.clock import SystemClock
from edge.vision.files.accuracy.truth import TrueFile
from edge.vision.files.keeping import Folder, why_not_written
from edge.vision.files.reading import UnreadableFile
from edge.vision.files.telling import as_json, print_file
from edge.vision.files.work import Done, draw_one, read_each

_BESIDE = Console(stderr=True, highlight=False)


class Job:
    """`failed`: a file couldn't be read, or a picture not written; the others are done all the same."""

    def __init__(
        self,
        files: Sequence[Path],
        truth: Sequence[TrueFile],
        drawn: Folder | None,
        json_wanted: bool,
        told_at_the_end: bool,
    ) -> None:
        self._files, self._truth, self.drawn = files, truth, drawn
        self._json, self._at_the_end = json_wanted, told_at_the_end
        self.failed = False

    def run(self, reader: PlateReader) -> list[Done]:
        all_done: list[Done] = []
        for done in self._watched(read_each(self._files, self._truth, reader, SystemClock())):
            all_done.append(self._drawn(done))
            self._tell(all_done[-1], reader.name)
        return all_done

    def _drawn(self, done: Done) -> Done:
        if self.drawn is None or done.why_not:
            return done
        try:
            return draw_one(done, self.drawn)
        except OSError as error:
            self._complain(f"{done.file}: not drawn: {why_not_written(error)}")
        except UnreadableFile as error:
            self._complain(f"{done.file}: not drawn: {error}")
        return done

    def _tell(self, done: Done, reader: str) -> None:
        if done.why_not:
            self._complain(f"{done.file}: {done.why_not}")
        elif self._json:
            typer.echo(json.dumps(as_json(done, reader)))
        elif not self._at_the_end:
            print_file(done, reader)

    def _complain(self, text: str) -> None:
        self.failed = True
        _BESIDE.print(text, style="red", markup=False, soft_wrap=True)

    def _watched(self, reading: Iterator[Done]) -> Iterator[Done]:
        """With a bar for whoever waits at a terminal on which nothing else appears meanwhile."""
        told_here = sys.stdout.isatty() and (self._json or not self._at_the_end)
        idle = len(self._files) < 2 or not sys.stderr.isatty() or told_here
        columns = TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        with Progress(*columns, console=_BESIDE, transient=True, redirect_stdout=False, disable=idle) as progress:
            yield from progress.track(reading, total=len(self._files))
