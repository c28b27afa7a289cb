"""How facts and acknowledgements travel: topics, envelopes, and the chain of hashes that joins them."""
