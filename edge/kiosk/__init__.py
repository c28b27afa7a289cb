"""The screen at a lane: what it shows, what a driver can press on it, and who may talk to it."""
