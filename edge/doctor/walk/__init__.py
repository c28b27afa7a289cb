"""The walk through a lane with a technician: what moves, moves after a yes."""
