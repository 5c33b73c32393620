"""The dialogue set: conversations as their writers wrote them, and as the engine would have played them."""
