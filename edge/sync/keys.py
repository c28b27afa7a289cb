"""The keys of the cloud that this lot believes, from the file that came with its enrolment."""

from __future__ import annotations

from pathlib import Path

from drivers.contract import FaultReporter
from edge.sync.faults import NO_KEYS as NO_KEYS_FAULT
from models.wire.seals import NO_KEYS, Keyring


class NoKeys(OSError):
    """There is no file with keys that can be read. The text says which and why."""


def keys_in(path: Path) -> Keyring:
    """The public keys in a file: base64, one a line, beside comments that begin with #. Raises NoKeys."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as wrong:
        reason = getattr(wrong, "strerror", None) or "not a text file"
        raise NoKeys(f"the cloud's keys in {path} can't be read: {reason}") from None
    keys = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if not keys:
        raise NoKeys(f"there is no key in {path}: take the file that came with the lot's enrolment")
    try:
        return Keyring.of(keys)
    except ValueError as wrong:
        raise NoKeys(f"{path}: {wrong}") from None


class TrustedKeys:
    """The keys as they are now. A lot without any goes on working, and believes nothing from the cloud."""

    def __init__(self, path: Path, faults: FaultReporter) -> None:
        self._path, self._faults = path, faults
        self.keyring = NO_KEYS

    def reload(self) -> None:
        """Read the file anew. What was known stays known while it can't be read."""
        try:
            self.keyring = keys_in(self._path)
        except NoKeys as wrong:
            self._faults.raised(NO_KEYS_FAULT, str(wrong))
        else:
            self._faults.cleared(NO_KEYS_FAULT)
