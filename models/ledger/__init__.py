"""The books of a lot's money: accounts, and postings whose lines add up to nothing. Pure."""
