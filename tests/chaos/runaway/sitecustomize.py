"""On PYTHONPATH: a vision process that begins to eat memory at SIGUSR1, in native code that nothing in Python sees."""

import ctypes
import signal
import sys
import threading
import time

_MORE = 16 << 20


def _eat() -> None:
    """As a library with a leak does it: what it is refused it asks for again."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
    while True:
        taken = libc.malloc(_MORE)
        if taken:
            libc.memset(taken, 1, _MORE)
        time.sleep(0.002)


if "edge.vision.process.child" in sys.orig_argv:
    signal.signal(signal.SIGUSR1, lambda *_: threading.Thread(target=_eat, daemon=True).start())
