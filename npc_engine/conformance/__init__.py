"""Whether a client keeps the protocol: scenarios that any client is driven through.

How a client is driven: protocol/conformance/DRIVER.md.
"""
