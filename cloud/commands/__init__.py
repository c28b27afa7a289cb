"""What operators tell the lots to do from afar, and how the lots follow the cloud's change of keys."""
