"""One plate for each vehicle: readings are followed, put together and decided. Pure."""
