"""Training of a voice: text as it is served, the network it is taught to, and the adapter that comes of it."""
