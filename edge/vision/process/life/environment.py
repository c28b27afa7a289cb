"""What a process that decodes pictures inherits of the daemon's environment: no password but its cameras' own. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

QUIET = {
    "OPENCV_FFMPEG_LOGLEVEL": "-8",
    "OPENCV_LOG_LEVEL": "SILENT",
    # A thread for each core that only waits: numpy starts them at import.
    "OPENBLAS_NUM_THREADS": "1",
}
_NEEDED = frozenset({"HOME", "LANG", "PARKGATE_WEIGHTS", "PATH", "TMPDIR", "TZ"})
_OF_THE_NETWORK = ("http_proxy", "no_proxy")
_OF_LIBRARIES = ("CUDA_", "GST_", "LC_", "LD_", "LIBVA_", "MALLOC_", "OMP_", "OPENBLAS_", "OPENCV_", "ORT_")
_OF_PYTHON = ("PYTHON", "VIRTUAL_ENV", "XDG_")


def environment(daemons: Mapping[str, str], named: Collection[str] = ()) -> dict[str, str]:
    """`named`: variables that this process needs besides. A lot's passwords may stand in variables of any name, so
    that those are told which go along, and not those which don't."""
    goes_along = {
        name: value
        for name, value in daemons.items()
        if name in _NEEDED or name in named or name.startswith((*_OF_LIBRARIES, *_OF_PYTHON))
    }
    return {**goes_along, **QUIET}


def variables_of(cameras: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """By which these cameras are reached: where their passwords stand, by their settings, and the network's own."""
    passwords = {variable for camera in cameras for key, variable in camera.items() if key.endswith("_env")}
    return frozenset({*_OF_THE_NETWORK, *(str(variable) for variable in passwords if variable)})
