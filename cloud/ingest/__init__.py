"""Takes the lots' facts from the broker into PostgreSQL: commit first, acknowledge afterwards."""
