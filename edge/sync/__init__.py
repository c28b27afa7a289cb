"""The link to the cloud: facts go up in windows and count as sent only when the cloud has applied them."""
