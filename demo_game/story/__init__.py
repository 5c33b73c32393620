"""What is true in the village, and what may come of what people say and do."""
