"""A receipt printer as far as a ticket needs one: what it has on paper, what it still holds, and what it answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import cv2
import numpy as np

_QUESTION = re.compile(rb"\x10\x04([\x02\x03\x04])")
_CLEAR = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
_CUT = b"\x1dV"


@dataclass
class ReceiptPrinter:
    """Real-time questions are answered as they arrive; all else waits in `held` while the printer can't print."""

    answers: bool = True
    answers_in_turn: bool = True
    cover_open: bool = False
    paper_out: bool = False
    paper_low: bool = False
    error: int = 0
    paper_left: int | None = None
    """So many pictures more can be printed."""
    on_paper: bytearray = field(default_factory=bytearray)
    held: bytearray = field(default_factory=bytearray)
    pictures: list[np.ndarray] = field(default_factory=list)
    cuts: int = 0
    clears: int = 0

    def takes(self, words: bytes) -> bytes:
        answers = bytearray()
        for question in _QUESTION.finditer(words):
            answers.append(self._status(question[1][0]))
        words = _QUESTION.sub(b"", words)
        if _CLEAR in words:
            self.clears += 1
            self.held.clear()
            words = words.partition(_CLEAR)[2]
        self.held += words
        answers += self.prints()
        return bytes(answers) if self.answers else b""

    def prints(self) -> bytes:
        """As far as it can; what it answers in its turn."""
        answers = b""
        while self.held and not (self.paper_out or self.cover_open):
            taken = self._take()
            if taken is None:
                break
            if taken == b"\x1dr\x01" and self.answers_in_turn:
                answers += b"\x00"
        return answers

    def _take(self) -> bytes | None:
        """One command or letter; None while the rest of it has yet to come."""
        if self.held.startswith(b"\x1dv0"):
            return self._picture()
        length = 3 if self.held[:1] in (b"\x1d", b"\x1b") else 1
        length = 2 if self.held[:2] == b"\x1b@" else length
        if len(self.held) < length:
            return None
        taken = bytes(self.held[:length])
        del self.held[:length]
        self.on_paper += taken
        self.cuts += taken.startswith(_CUT)
        return taken

    def _picture(self) -> bytes | None:
        if len(self.held) < 8:
            return None
        width, height = (int.from_bytes(self.held[at : at + 2], "little") for at in (4, 6))
        if len(self.held) < 8 + width * height:
            return None
        if self.paper_left is not None:
            self.paper_left -= 1
            self.paper_out = self.paper_left < 0
            if self.paper_out:
                return None
        dots = np.frombuffer(bytes(self.held[8 : 8 + width * height]), np.uint8).reshape(height, width)
        self.pictures.append(np.where(np.unpackbits(dots, axis=1), 0, 255).astype(np.uint8))
        del self.held[: 8 + width * height]
        return b"picture"

    def _status(self, what: int) -> int:
        flags = {
            2: self.cover_open * 0x04 | self.paper_out * 0x20 | bool(self.error) * 0x40,
            3: self.error,
            4: self.paper_low * 0x0C | self.paper_out * 0x60,
        }
        return 0x12 | flags[what]

    def scanned(self) -> list[str]:
        """What a scanner reads on the paper."""
        return [cv2.QRCodeDetector().detectAndDecode(picture)[0] for picture in self.pictures]

    def letters(self) -> str:
        """What a person reads on the paper."""
        plain = re.sub(rb"\x1b@|[\x1b\x1d][^@].|[\x00-\x09\x0b-\x1f]", b"", bytes(self.on_paper))
        return plain.decode("cp437")
