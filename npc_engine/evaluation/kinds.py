"""What a line of dialogue may be about: the kinds of turns that are taught, and of scenarios that are tried."""

KINDS = (
    "greeting", "small_talk", "fact", "unknown", "secret", "insult", "bribe", "threat", "injection", "modern",
    "memory", "event", "tone", "action", "refusal", "npc", "bark", "description",
)  # fmt: skip
