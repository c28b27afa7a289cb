"""What the cloud wants of its lots: intents are issued here, numbered for each lot, and sent until the lot has them."""
