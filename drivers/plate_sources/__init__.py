"""What cameras and recorders that read plates themselves have in common."""
