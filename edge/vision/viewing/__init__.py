"""Shows a technician what a lane's camera sees, which part of it counts, and what would be kept of it."""
