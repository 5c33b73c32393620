"""Judging blind: sheets that show several models' lines side by side without their names, and their score."""
