"""What performance is claimed: each figure beside the raw limit, measured in the same run."""
