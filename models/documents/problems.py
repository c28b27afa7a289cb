"""What is wrong with a file that people write, and how it is shown to whoever wrote it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

WIDEST_EXCERPT = 110
WIDEST_MESSAGE = 130
_MARGIN = "      | "


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right. `line` and `column` count from 1; line 0 stands for the file as a whole.

    `value` is what was written there, `expected` says what belongs there, `hint` is the nearest right
    spelling; `source` is the line of the file, without secrets, and `width` how much of it is at fault.
    """

    file: str
    line: int
    column: int
    path: str
    value: str
    expected: str
    hint: str = ""
    source: str = ""
    width: int = 1
    warning: bool = False
    """The lot can be run all the same"""

    @property
    def message(self) -> str:
        said = f'{self.expected}; did you mean "{self.hint}"?' if self.hint else self.expected
        return f"warning: {said}" if self.warning else said

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class ConfigurationError(Exception):
    """A configuration that can't be used; its text shows every problem at its line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"{rendered(problems)}\n{counted(problems)}")
        self.problems = tuple(problems)


def in_order(problems: Sequence[Problem]) -> list[Problem]:
    """By line; what stands once in the file and is used by several sections is told once."""
    once: dict[tuple[int, int, str], Problem] = {}
    for problem in problems:
        once.setdefault((problem.line, problem.column, problem.message), problem)
    return sorted(once.values(), key=lambda problem: (problem.line, problem.column))


def counted(problems: Sequence[Problem], each: str = "problem") -> str:
    return f"1 {each}." if len(problems) == 1 else f"{len(problems)} {each}s."


def rendered(problems: Sequence[Problem]) -> str:
    """Each problem with its place, the line it stands on and a mark under what is wrong."""
    widest = max((len(problem.place) for problem in problems), default=0)
    return "\n".join(_shown(problem, widest) for problem in problems)


def _shown(problem: Problem, widest: int) -> str:
    if not problem.line:
        return f"{problem.place}  {problem.message}"
    before, excerpt, width = _excerpt(problem)
    return "\n".join(
        [
            f"{problem.place:<{widest}}  {problem.path}".rstrip(),
            f"{problem.line:>5} | {excerpt}",
            *_marked(f"{_MARGIN}{' ' * before}{'^' * width}", problem.message),
        ]
    )


def _marked(mark: str, message: str) -> list[str]:
    """The message beside the mark, or under it where it would run far to the right."""
    beside = f"{mark} {message}"
    if len(beside) <= WIDEST_MESSAGE:
        return [beside]
    under = textwrap.wrap(message, WIDEST_EXCERPT - len(_MARGIN), break_long_words=False, break_on_hyphens=False)
    return [mark, *(f"{_MARGIN}{line}" for line in under)]


def _excerpt(problem: Problem) -> tuple[int, str, int]:
    """What stands before the fault, the line (a window of it, when it is long), and the width of the mark."""
    line = problem.source.replace("\t", " ").rstrip()
    start = 0
    if len(line) > WIDEST_EXCERPT:
        start = max(0, min(problem.column - 1 - WIDEST_EXCERPT // 3, len(line) - WIDEST_EXCERPT))
    end = start + WIDEST_EXCERPT
    excerpt = ("…" if start else "") + line[start:end] + ("…" if end < len(line) else "")
    before = problem.column - 1 - start + (1 if start else 0)
    return before, excerpt, max(1, min(problem.width, len(excerpt) - before))


_LOGIN_IN_URL = re.compile(r"(?<=://)[^\s/@]+(?=@)")
_LOGIN_WITHOUT_SCHEME = re.compile(r"""(?<![^\s"'])[^\s/@"':]+:[^\s/@"']+(?=@)""")
_SECRET_IN_QUERY = re.compile(
    r"(?i)([?&;][\w.%-]*(?:user|usr|pass|pwd|pw|pin|code|token|secret|auth|key)[\w.%-]*=)([^&;\s\"']+)"
)
_BODY = re.compile(r"""(\bbody["']?\s*:\s*)([^|>\s].*)""")
"""Of an HTTP order: whatever stands in it may be a code"""
_SECRET_KEY = re.compile(
    r"""(?i)(\b\w*(?:password|passwd|passphrase|secret|token|api_?key)["']?\s*:\s*)([^\s#][^,}#]*)"""
)


def without_secrets(line: str) -> str:
    """The line with the value of any key that sounds like a secret, and any login in a URL, blotted out.

    Nothing moves: the marks under the line still point at the right place.
    """
    line = _LOGIN_IN_URL.sub(lambda found: "•" * len(found[0]), line)
    line = _LOGIN_WITHOUT_SCHEME.sub(lambda found: "•" * len(found[0]), line)
    line = _SECRET_IN_QUERY.sub(lambda found: found[1] + "•" * len(found[2]), line)
    line = _BODY.sub(lambda found: found[1] + "•" * len(found[2]), line)
    return _SECRET_KEY.sub(lambda found: found[1] + "•" * len(found[2]), line)
