"""On PYTHONPATH: a vision process whose decoder crashes over the pictures of any file that is called poison."""

import ctypes
import sys

if "edge.vision.process.child" in sys.orig_argv:
    from drivers import opencv_camera

    _decoded = opencv_camera._next_frame

    def _next_frame(capture: object, shown: str) -> object:
        if "poison" in shown:
            ctypes.string_at(0)
        return _decoded(capture, shown)

    opencv_camera._next_frame = _next_frame
