"""Why something in the network failed, in the operating system's words."""

from __future__ import annotations


def plainly(error: BaseException) -> str:
    """What the operating system says; a library's own text may hold the address."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__
