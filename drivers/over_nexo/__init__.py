"""The nexo Retailer protocol between a till and a card terminal: JSON messages over a TCP connection. Pure."""
