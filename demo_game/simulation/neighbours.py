"""How the eight of Oakhollow talk among themselves. Their own files teach them to talk to a stranger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: What a neighbour may say, one for each of the first replies below, and the feeling it is met with.
PROMPTS = (
    ("Would you have expected that?", "surprise"),
    ("What do you make of that?", "anticipation"),
    ("So my cousin claims.", "neutral"),
    ("Whatever comes after that, I wonder?", "surprise"),
)


@dataclass(frozen=True, slots=True)
class Tongue:
    """How readily somebody talks at all, 0 to 1, how they pass on news (`openers`), and what they may answer whatever
    they are told."""

    talkative: float
    openers: tuple[str, ...]
    replies: tuple[str, ...]


TONGUES: Mapping[str, Tongue] = {
    "marta": Tongue(
        0.8,
        (
            "Listen, love.",
            "Sit a moment, love.",
            "You'll want an ale for this, love.",
            "You never had it from me, love.",
        ),
        (
            "I hear everything twice, love. Once at the bar and once at the pump.",
            "Muddy water, love. Let it stand a night before you drink it.",
            "Told by whom, love? I like to know whose mouth a thing was in before mine.",
            "The heron saw it coming. She's been staring at that door all week.",
            "Keep your shutters closed tonight, love. It costs nothing.",
            "Soup's thin, guests are thinner. But the fire draws, so who am I to moan.",
            "Then somebody will. It's always the ones with the dishes still to do.",
        ),
    ),
    "bram": Tongue(
        0.35,
        ("Heard a thing.", "Not one to talk, but.", "Hold this a moment. And listen.", "Won't say it twice."),
        (
            "No. Hammer was louder.",
            "Bad iron. Rings wrong when you tap it.",
            "Told isn't seen. Still. Hm.",
            "Seen stranger. Not by daylight.",
            "So it should. Bolt's on the bench, if your door wants one.",
            "Hinges. More hinges. Could do it asleep.",
            "Aye. Somebody. Might be us, then.",
        ),
    ),
    "wenna": Tongue(
        0.9,
        (
            "Ho, neighbour, lend me an ear!",
            "Hear this, and don't fall in.",
            "Come closer, dry-foot.",
            "Put that down, dry-foot, and listen!",
        ),
        (
            "It was all over the landing before you'd your boots on!",
            "Rope and water, I make a knot of it, and I can't find the end.",
            "Then it has floated a good way, and picked up weed. Go on!",
            "The river goes down and the odd things come up. That's mud for you.",
            "Mine's had one for nine nights, and it can't even swim.",
            "She sits on the mud like a hen. I sing to her. She doesn't lay.",
            "Give me an oar and tell me who needs it, dry-foot.",
        ),
    ),
    "crake": Tongue(
        0.5,
        (
            "Strictly outside the roll:",
            "It falls to me to mention it.",
            "Noted this very day.",
            "Not for the roll, and yet for your ear:",
        ),
        (
            "I have not been notified. Nobody ever notifies me.",
            "I make a note of it. In pencil. Pencil is deniable.",
            "Hearsay, under rule six. Pray continue.",
            "The days are numbered correctly. I number them myself.",
            "Feelings are not admissible. I share it, however.",
            "Forty lines since breakfast, and a goose has walked on nine of them.",
            "There is a form. I am, alas, the one who has to sign it.",
        ),
    ),
    "ilse": Tongue(
        0.45,
        (
            "Something came downstream, child.",
            "Sit, child, and keep this dry.",
            "She brought me a tale today.",
            "Lend me your young ears, child.",
        ),
        (
            "She told me at dawn, child, but she mumbles.",
            "What do you make of a ripple, when you did not see the stone?",
            "Then it is a wet pebble, child. Let us see what it is when it dries.",
            "They are all strange, child. We only count the ones with fog on.",
            "Good. A bad feeling keeps the feet on the path.",
            "I listen, I sweep, I boil water. The saint does the rest, slowly.",
            "Somebody did, last time. I rang the bell for him.",
        ),
    ),
    "osric": Tongue(
        0.6,
        (
            "Friend, oh, friend, have I told you?",
            "I shouldn't say it, friend, but,",
            "One thing, friend, well, two.",
            "Have you counted your, no, listen, friend.",
        ),
        (
            "No! Yes. I mean, which news? How many are there?",
            "I've counted it over three times and it comes out different, friend.",
            "Ha! Ha. That's, no, that isn't funny at all, is it?",
            "Sixteen steps to the door and I ran nineteen of them.",
            "Oh, don't, friend. I have had mine since spring.",
            "Eleven sacks, and the torn one. It's always eleven and the torn one.",
            "Somebody brave, friend. I can hold the lamp. From behind.",
        ),
    ),
    "pip": Tongue(
        0.95,
        (
            "Guess what! Guess!",
            "I know something you don't!",
            "Duchess says I can tell you.",
            "It's worth a bun, but I can't wait.",
        ),
        (
            "I knew before you! I was on the wall!",
            "I think it's a secret with another secret inside. Like a bun.",
            "Who told you? I bet I told them first.",
            "Duchess hissed at nothing this morning. Twice. At the same nothing!",
            "My toes went cold. That's how I know it's true.",
            "Eleven geese, all here. Well, ten, and one's thinking.",
            "I could! I'm small and nobody looks down.",
        ),
    ),
    "vey": Tongue(
        0.2,
        (
            "How the village does talk.",
            "A trifle, dear neighbour, but you will enjoy it.",
            "In confidence, of course.",
            "You look as though you had not heard, dear neighbour.",
        ),
        (
            "I do hear so much, dear neighbour. I am told I have the ears for it.",
            "I make nothing of it at all. I advise you to do the same.",
            "How trusting of you, to repeat it where I stand.",
            "A village must have its wonders. Work would be so much healthier.",
            "Then do stay indoors. The towpath is so badly lit.",
            "Quietly. I find most things go quietly, if one is patient.",
            "Somebody will, dear neighbour. I should not wish to be that somebody.",
        ),
    ),
}

#: What somebody says to just this happening, by its id, and the feeling that goes with it.
REACTIONS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "marta": {
        "cellar": ("That was the cat, love. We have no cat? Then it was the pipes. Drink up.", "fear"),
        "heron": ("Tam hung that bird, love. He never told me what he put in it.", "sadness"),
        "horse": ("A bay, love? With a white foot? Sit down. No, I'd better sit down.", "fear"),
    },
    "bram": {
        "horse": ("That rein was cut with town steel. Saw the edge of it.", "anger"),
        "order": ("Chain for whom? No name, no chain.", "disgust"),
        "rope": ("Sawn. Then tarred over. That's a man who takes his time.", "anger"),
    },
    "pip": {
        "geese": ("She didn't eat it, she read it. Duchess reads with her mouth!", "joy"),
        "sack": ("I licked it. It was salt. Then I licked another one, to be sure.", "surprise"),
        "wheel": ("It winked at me! Wheels can wink, if you watch long enough.", "surprise"),
    },
    "wenna": {
        "hat": ("Give it here. I know that feather, I gave it to him. Rope and water, lad.", "sadness"),
        "rope": ("My rope? My rope! Show me the saw, and I'll show it the river!", "anger"),
        "boat": ("Nobody leaves a lantern burning who means to come back late.", "fear"),
    },
    "crake": {
        "geese": ("Half a page! The good half! Rule nine says nothing of geese. It will.", "anger"),
        "notice": ("Four nails are parish property. The notice I can write again. In larger letters.", "anger"),
        "purse": ("New silver? In the well? I have never seen it before. Any of it. Noted.", "fear"),
    },
    "ilse": {
        "bell": ("I was at the kettle, child. She rang it herself, and she never rings for nothing.", "fear"),
        "pebble": ("Scratched out again? Then somebody has forgiven, or somebody is afraid.", "anticipation"),
        "eels": ("They came as far as the last step and knew better. I wish that we did.", "anticipation"),
    },
    "osric": {
        "sack": ("Salt? No, no, friend. Chalk. Very salty chalk. I sweep it up, I don't ask.", "fear"),
        "wheel": ("She turned? She really turned? Oh, don't tell him that I smiled.", "joy"),
        "beam": ("I count over them, friend, as loud as I can. They always stop at nine.", "fear"),
    },
    "vey": {
        "beam": ("Old timber talks, dear neighbour. It would be kinder not to answer it.", "anger"),
        "horse": ("How sad, about the rider. I speak only in general, of course.", "anticipation"),
        "seal": ("It barked at my windows, I am told. Most things do, in the end.", "disgust"),
    },
}
