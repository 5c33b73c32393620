"""The manners of talking that villagers are dealt."""

from __future__ import annotations

from dataclasses import dataclass

from demo_game.simulation.neighbours import Tongue


@dataclass(frozen=True, slots=True)
class Manner:
    """How somebody talks: the style, what people are called, how a talk begins, and a tongue for news."""

    style: str
    you: str
    traits: tuple[str, ...]
    greetings: tuple[str, ...]
    tongue: Tongue


MANNERS = (
    Manner(
        "grumbles first and helps afterwards; short sentences", "neighbour", ("grumpy", "loyal", "tired"),
        (
            "Still here, are you? So am I. Nobody asked us.",
            "Mind my foot, neighbour. It was there first.",
            "Don't ask how I slept.",
        ),
        Tongue(
            0.4,
            (
                "As if we hadn't trouble enough.",
                "You won't like this, neighbour.",
                "I'd keep it to myself, if I had any sense.",
            ),
            (
                "Oh, splendid. More news. As if the old sort were used up.",
                "I make nothing of it, neighbour. I'm only the one who'll have to mop.",
                "And you had to bring it to me, with my back.",
                "It was a strange day yesterday too, and I still had to work.",
                "My knee's been saying so since Tuesday.",
                "Slow, wet and badly paid. Ask me something cheerful.",
                "Somebody. That's always me. Fine. Where's my coat?",
            ),
        ),
    ),
    Manner(
        "chatters without a full stop and loses the thread", "my dear", ("chatty", "kind", "scattered"),
        (
            "There you are, my dear, I've been talking to myself for want of you!",
            "Don't go, my dear, I've only three things to say, four at most!",
            "Is that a new hat? It isn't? It ought to be, my dear!",
        ),
        Tongue(
            0.9,
            (
                "Oh, my dear, sit down, you will never guess!",
                "Now who was it that told me, never mind, listen!",
                "Have you a minute, my dear, or an hour?",
            ),
            (
                "I was about to tell that to you, my dear, only I'd the pot on!",
                "I said to myself this very morning, I said, and now I forget what I said.",
                "Well, whoever told you had it half right, and the other half is better!",
                "Strange isn't the word, my dear, and I do know a great many words.",
                "I went all over gooseflesh, look, and that was before breakfast!",
                "Busy, busy, my dear, I've not sat down since, well, since just now.",
                "I'll tell the others, my dear. That's doing something, isn't it?",
            ),
        ),
    ),
    Manner(
        "dry and exact; weighs every word", "friend", ("careful", "dry", "honest"),
        (
            "Good day, friend. It is one, so far.",
            "You are early, friend, or I am late. The shadow says late.",
            "I count you as the sixth person to pass. You walk the straightest.",
        ),
        Tongue(
            0.35,
            (
                "A fact, friend, for what it is worth.",
                "I repeat only what I would swear to.",
                "Write it down or forget it, friend.",
            ),
            (
                "Parts of it. The parts that were true, I hope.",
                "One thing is certain, friend. It happened to somebody else last time as well.",
                "By whom, and were they sober? I ask for the order of it.",
                "Stranger than some, friend. I keep a list.",
                "A feeling is a fact that has not been measured yet.",
                "It goes as it went. I should be surprised by more.",
                "Then let us say who, and when, and with what.",
            ),
        ),
    ),
    Manner(
        "whispers, sees omens everywhere", "dear heart", ("superstitious", "gentle", "nervous"),
        (
            "Did a heron cross your path, dear heart? Left or right?",
            "Hush. Oh, it's you. Come in under the lintel, where it's safe.",
            "I knew that you'd come. The spoon fell.",
        ),
        Tongue(
            0.6,
            (
                "Touch wood first, dear heart.",
                "Come away from the window, and listen.",
                "I did not want to know it either, dear heart.",
            ),
            (
                "I dreamed it, dear heart. Only in the dream it had teeth.",
                "Three crows on the well this morning, and now this. That makes four.",
                "Don't say it so loud. The river has ears, and reeds to put them in.",
                "It began with the bell, dear heart. It always begins with a bell.",
                "Turn your left stocking out. No, now, I'll look away.",
                "I do what I can, and I spit over my shoulder after.",
                "We should lay a pebble. Two, to be safe.",
            ),
        ),
    ),
    Manner(
        "boasts good-naturedly and has always seen bigger", "my friend", ("boastful", "jolly", "brave in company"),
        (
            "Ah, my friend! You've met the best part of your day!",
            "Make room, my friend, I need some to tell this properly!",
            "Look at that, I carried it alone. Two men said it couldn't be done.",
        ),
        Tongue(
            0.8,
            (
                "You'll want to hear this from me, my friend.",
                "Now, I don't exaggerate, my friend.",
                "Brace yourself, my friend.",
            ),
            (
                "My friend, I was very nearly there!",
                "I saw the like in Saltmarsh once, only three times the size.",
                "Told! I'd have wrestled it to the ground and asked it.",
                "Strange? You should have been here in the year of the two floods.",
                "Bad feeling? Stand next to me. I've a cousin in the watch.",
                "Best in the valley, my friend, and it isn't a wide valley.",
                "I'd do it this minute, if I had not lent my good boots.",
            ),
        ),
    ),
    Manner(
        "few words, long pauses, speaks of weather and beasts", "you there", ("quiet", "patient", "observant"),
        (
            "Mm. You.",
            "Wind's turning. You'll want a collar.",
            "Saw you from the hill. You walk like your father.",
        ),
        Tongue(
            0.25,
            ("Mm. There's this.", "Saw you coming. Thought I'd tell you.", "Mm. Walk with me a bit."),
            (
                "Dog told me. In his way.",
                "Wind's wrong for it. That's all I know.",
                "Mm. Told is told.",
                "Beasts won't drink at the ford. That's strange enough for me.",
                "Aye. Same here. Since the moon turned.",
                "It goes. Slow is a way of going.",
                "When it's time. It's near time.",
            ),
        ),
    ),
    Manner(
        "speaks in proverbs that nearly fit", "good soul", ("cheerful", "muddled", "generous"),
        (
            "A friend in need is worth two in the bush, good soul!",
            "Early to bed, and the worm gets up. Good to see you!",
            "Speak of the miller, as my mother said, and bring your own sack.",
        ),
        Tongue(
            0.7,
            (
                "As my mother said, good soul, a hot loaf won't keep.",
                "Where there's smoke, there's supper. Listen.",
                "My mother would have kept it, good soul, but she's dead.",
            ),
            (
                "News is like eggs, good soul. Best not to sit on it.",
                "A closed door has two sides, as my mother said. Or was it a fish?",
                "Well, many mouths make light work.",
                "Every fog has a silver mill, good soul.",
                "Better a bad feeling than no supper at all.",
                "One hand washes, and the other is in the bucket.",
                "He who digs a hole must sleep in it, good soul. Let them dig.",
            ),
        ),
    ),
    Manner(
        "suspects everybody politely, answers with questions", "friend of mine", ("suspicious", "clever", "proud"),
        (
            "You come from the mill side. No reason. I only notice.",
            "And where have you been, that your boots are so clean?",
            "How strange that we should meet just here. Again.",
        ),
        Tongue(
            0.5,
            (
                "You'll wonder why I tell you this.",
                "Let me see your face while I say it.",
                "Now tell me if your face knew this already.",
            ),
            (
                "And why do you tell me, of all people? Just asking.",
                "Who gains by it? Ask that, and the fog goes off nicely.",
                "Told by somebody with new silver in the pocket, I suppose?",
                "Strange that they should be strange for all of us at once.",
                "Where were you when it happened? I only ask to be thorough.",
                "Well enough. Who has been saying that it is not?",
                "Somebody is doing something. That is just what worries me.",
            ),
        ),
    ),
    Manner(
        "young and eager, everything is the greatest ever", "neighbour", ("eager", "hopeful", "restless"),
        (
            "There you are! Has anything happened? It must have, by now!",
            "I ran all the way, and I've forgotten what for!",
            "Guess how far I can throw a turnip. Go on!",
        ),
        Tongue(
            0.85,
            (
                "You won't believe it, listen!",
                "This is the best thing since the cow got into the shrine!",
                "Stop! Stand still! Listen!",
            ),
            (
                "No! Tell me all of it, and then tell me again!",
                "I think it's the start of something. I've been waiting for the start of something!",
                "I'd give my good knife to have seen it.",
                "I hope it gets stranger still. Don't look at me like that!",
                "Me too, but it's a good sort of bad, isn't it?",
                "Dull as mud, until you came round the corner just now.",
                "Let's go and look! Now! All right, after supper.",
            ),
        ),
    ),
    Manner(
        "tender and old-fashioned, remembers everyone's parents", "little one", ("old", "tender", "stubborn"),
        (
            "Come here and let me look at you, little one. Thin. As ever.",
            "Sit with me. My legs stopped at the last bench and I never noticed.",
            "You have your mother's ears. They were good ears.",
        ),
        Tongue(
            0.55,
            (
                "Give me your arm, little one, and your good ear.",
                "I've something for you, and it isn't a plum.",
                "Before I forget it, little one.",
            ),
            (
                "I may have, little one. I hear it all, and then I hear it again at supper.",
                "Your grandmother would have laughed. Then she would have barred the door.",
                "So was I, little one, and I was told it in the year of the flood as well.",
                "They were always strange. We were just quicker at forgetting.",
                "Then eat something warm. Fear sits in an empty stomach.",
                "My hands are slow, but they know the way without me.",
                "I'd go myself, if somebody would carry me back.",
            ),
        ),
    ),
)  # fmt: skip
