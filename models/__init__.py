"""The words that a lot and the cloud share: values, rules, facts and envelopes. No I/O, no clock."""
