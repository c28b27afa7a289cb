"""What is said to drivers, and in which languages."""
