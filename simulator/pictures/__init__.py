"""What a lane's camera sees, drawn."""
