"""How the voices of small models are trained: a set of dialogues, its linter, the training, the adapter it ends in."""

import os

# Read by OpenMP when torch is loaded. Threads that wait for each other spin by default: on two cores that others use as
# well, training took twice as long for it (46 to 63 tokens a second of processor time, against 95).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
