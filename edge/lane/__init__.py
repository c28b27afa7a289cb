"""One lane: what it does when a loop, an arm, a camera or the parking service says something."""
