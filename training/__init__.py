"""How the voices of small models are trained: a set of dialogues, its linter, the training, the adapter it ends in."""
