"""Dynamic prices: by how much a tariff's rates are multiplied just now, and what a lane's sign goes on showing."""

from models.pricing.lane import Quote, lane_quote
from models.pricing.policy import DEFAULT, Policy
from models.pricing.price import Parts, Seen, Standing, next_price, parts, share, wanted

__all__ = [
    "DEFAULT",
    "Parts",
    "Policy",
    "Quote",
    "Seen",
    "Standing",
    "lane_quote",
    "next_price",
    "parts",
    "share",
    "wanted",
]
