"""The people of the village: where they are, where they go, what they do."""
