"""Model runtimes behind one protocol; heavy libraries are imported here and nowhere else."""
