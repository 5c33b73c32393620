"""From a character and a moment to a prompt, and from a draft to a line that may be shown."""
