"""A day at a lot whose network is down: every way in, every way out, and the books compared when it is back."""
