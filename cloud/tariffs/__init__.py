"""What a stay costs at a lot, as its manager sets it: from a file, checked, and held against what holds today."""
