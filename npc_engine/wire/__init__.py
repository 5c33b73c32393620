"""The protocol: typed messages and the bounded codec that reads and writes them."""
