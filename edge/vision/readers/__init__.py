"""The engines that find and spell the plates in one picture, and their weights."""
