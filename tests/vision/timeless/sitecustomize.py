"""On PYTHONPATH: a vision process on a computer that no time server has told the time."""

import sys

if "edge.vision.process.child" in sys.orig_argv:
    from edge import clock

    clock.kernel_is_synced = lambda: False
