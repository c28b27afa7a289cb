"""Who may pass: permits and lists, and what the cloud has set of them."""
