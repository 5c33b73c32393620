"""Who the characters are, where they live and what they have lived through."""
