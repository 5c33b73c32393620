"""How well a model speaks in different settings: rules that judge a line, rates, and what they say."""
