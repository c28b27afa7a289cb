"""On PYTHONPATH: a plate reader whose process dies as it starts, as with a broken library. Everything else works."""

import os
import sys

if "edge.vision.process.child" in sys.orig_argv:
    os._exit(1)
