"""Code scanners on a serial line, one code a line. Tested against: a pty peer; hardware: none yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

from drivers.contract import CodeScanner, DriverContext
from drivers.over_serial.lines import LineReader, LineReaderSettings
from models.faults import Fault

UNREACHABLE = Fault(
    code="scanner.unreachable",
    meaning="The code scanner isn't there",
    look_at="Its cable and power; that it stands in /dev/serial/by-id/ or /dev/input/by-id/ as its settings say; "
    "that the daemon's user is in the groups dialout and input",
    does="Codes can't be scanned; plates, cards and buttons work on, and the scanner is looked for all the time",
    ends="The scanner is there again",
)
GARBLED = Fault(
    code="scanner.garbled",
    meaning="The scanner said something that isn't a code",
    look_at="Speed and framing of the line; prefix and suffix; a long or damaged cable",
    does="What was said is ignored",
    ends="The next code that can be understood",
)


class SerialScannerSettings(LineReaderSettings):
    """A scanner that ends each code with CR, LF or both, as most do from the factory or by a code in their manual."""

    contract: ClassVar[type] = CodeScanner
    faults: ClassVar[tuple[Fault, ...]] = (UNREACHABLE, GARBLED)

    driver: Literal["serial_scanner"] = "serial_scanner"

    def build(self, context: DriverContext) -> SerialScanner:
        return SerialScanner(self, context)


class SerialScanner(LineReader):
    """Reads the codes on tickets and telephones."""

    def __init__(self, settings: SerialScannerSettings, context: DriverContext) -> None:
        super().__init__(settings.way(), settings.code_lines(), settings.repeat_after, UNREACHABLE, context)

    def on_code(self, heard: Callable[[str], None]) -> None:
        self._hearers.add(heard)

    def understood(self, line: str | None) -> str | None:
        if line is None:
            self._context.faults.raised(GARBLED, "a line that is too long, isn't text, or lacks its prefix or suffix")
        else:
            self._context.faults.cleared(GARBLED)
        return line
