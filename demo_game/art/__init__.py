"""What the village and its people look like, drawn in code."""
