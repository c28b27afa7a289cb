"""Logs as key=value lines on standard error."""

from __future__ import annotations

import logging
import sys

import structlog

from models.quiet_errors import hide_values, without_values


class WithoutValues(logging.Formatter):
    """For what libraries log by themselves: uvicorn tells of a failed request with all that the error says."""

    def format(self, record: logging.LogRecord) -> str:
        return without_values(super().format(record))


def configure(level: int = logging.INFO) -> None:
    others = logging.StreamHandler(sys.stderr)
    others.setLevel(logging.WARNING)
    others.setFormatter(WithoutValues())
    logging.basicConfig(handlers=[others])
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            hide_values,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], bool_as_flag=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
