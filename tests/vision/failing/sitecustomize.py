"""On PYTHONPATH: a vision process that fails over the far camera's pictures, or in the thread of a camera that plays a
lapse; the error's text shows a plate."""

import sys

if "edge.vision.process.child" in sys.orig_argv:
    from drivers import opencv_camera
    from edge.vision.process import eyes

    _looked, _decoded = eyes.LoopEyes.look, opencv_camera._next_frame

    def _look(self: eyes.LoopEyes, shot: object, reader: object) -> object:
        if self._lane.endswith(".far"):
            raise RuntimeError("over the plate AB123CD")
        return _looked(self, shot, reader)

    def _next_frame(capture: object, shown: str) -> object:
        if "lapse" in shown:
            raise RuntimeError("over the plate AB123CD")
        return _decoded(capture, shown)

    eyes.LoopEyes.look, opencv_camera._next_frame = _look, _next_frame
