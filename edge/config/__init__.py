"""The YAML that a technician writes, as typed settings; errors carry the line and the nearest right spelling."""
