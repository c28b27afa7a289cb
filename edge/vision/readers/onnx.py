"""How ONNX Runtime shall work on a small, shared processor."""

from __future__ import annotations

import importlib
from typing import Any

PROVIDERS = ("CPUExecutionProvider",)
_ERRORS_ONLY = 3
# Neither has type stubs.
_RUNTIME: Any = importlib.import_module("onnxruntime")
_STATE: Any = importlib.import_module("onnxruntime.capi.onnxruntime_pybind11_state")

# ONNX Runtime's exceptions have no common base but Exception.
BROKEN_MODEL: tuple[type[Exception], ...] = tuple(
    getattr(_STATE, name)
    for name in (
        "Fail",
        "InvalidArgument",
        "InvalidGraph",
        "InvalidProtobuf",
        "NoModel",
        "NoSuchFile",
        "NotImplemented",
    )
)


def session_options(threads: int) -> Any:
    """`threads` cores, and no spinning: threads that spin while they wait made the detector take half as long again."""
    options = _RUNTIME.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    return options
