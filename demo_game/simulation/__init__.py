"""The village without a window: days of schedules, meetings and rumours, faster than real time."""
