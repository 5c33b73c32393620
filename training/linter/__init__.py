"""The linter of the dialogue set: what is wrong with a turn, what is alike across turns, and the numbers of a set."""
