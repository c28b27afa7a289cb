"""What a lot forgets, and when: plates, old records, telemetry, pictures. Each deletion is on record."""
