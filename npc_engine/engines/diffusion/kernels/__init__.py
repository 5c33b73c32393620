"""What takes the time of a step: plain versions in torch, and in `device` those in Triton. See README.md here."""
