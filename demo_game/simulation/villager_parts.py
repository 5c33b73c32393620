"""The hand-written parts that villagers are put together from. `{me}` is the villager, `{other}` an acquaintance,
`{you}` how the villager calls people."""

from __future__ import annotations

from dataclasses import dataclass

from demo_game.simulation.neighbours import Tongue


@dataclass(frozen=True, slots=True)
class Trade:
    """What somebody lives by, and what there is to know and to mutter about it."""

    role: str
    wants: str
    looks: str
    facts: tuple[tuple[str, str, tuple[str, ...]], ...]  # id, text, topics
    mutters: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Manner:
    """How somebody talks: the style, what people are called, how a talk begins, and a tongue for news."""

    style: str
    you: str
    traits: tuple[str, ...]
    greetings: tuple[str, ...]
    tongue: Tongue


FIRST_NAMES = (
    "Agnes", "Alder", "Anselm", "Avis", "Barnaby", "Beck", "Brida", "Cade", "Cecily", "Corin", "Dag", "Dorrit",
    "Edda", "Edric", "Elspet", "Emmot", "Fay", "Finch", "Gerda", "Gil", "Godwin", "Greta", "Hale", "Hazel", "Hew",
    "Hobb", "Ida", "Isolde", "Ivo", "Jenet", "Joss", "Kester", "Kit", "Lettice", "Lorcan", "Mabel", "Magda", "Merrin",
    "Milo", "Nan", "Ned", "Nessa", "Odo", "Olwen", "Perrin", "Piers", "Quill", "Rafe", "Rowena", "Rufus", "Sabin",
    "Sif", "Tace", "Thom", "Tilda", "Ulric", "Ursel", "Wat", "Wilmot", "Yara",
)  # fmt: skip

LAST_NAMES = (
    "Alewick", "Barrow", "Birch", "Bramble", "Coldwell", "Crowfoot", "Dunnock", "Elder", "Farrow", "Fenwick", "Garth",
    "Greave", "Harrow", "Hedge", "Ketteridge", "Larkin", "Marl", "Mossop", "Nettle", "Oxley", "Pender", "Quarrel",
    "Reed", "Rushby", "Sallow", "Sparrow", "Stile", "Tallow", "Thatcher", "Underhill", "Wick", "Yarrow",
)  # fmt: skip

TRADES = (
    Trade(
        "eel-catcher", "fill a barrel before the frost", "in waders, with a wet basket",
        (
            ("eels", "The eels have left the weir pool and lie thick below the ferry.", ("eel", "eels", "fish")),
            ("traps", "Eel traps cost two silver, and one of them was cut open this week.", ("trap", "traps", "cost")),
        ),
        ("Nine traps, and four eels in all of them.", "They go upstream when they ought to go down."),
    ),
    Trade(
        "weaver", "finish the reeve's cloak and be paid for it", "with blue thumbs and thread on every sleeve",
        (
            ("cloth", "An ell of grey cloth costs one silver, and dyed blue it costs three.", ("cloth", "wool")),
            ("glove", "A gentleman asked for one grey glove, and would not hear of a pair.", ("glove", "grey", "man")),
        ),
        ("Over, under, over. Who sneezed on this?", "Blue thumbs again. They will bury me with blue thumbs."),
    ),
    Trade(
        "chandler", "have two hundred candles ready for Lantern Night", "shiny with tallow to the elbows",
        (
            ("candles", "There will be two hundred candles on Lantern Night, if the tallow lasts.", ("candle",)),
            ("buyer", "The mill buys forty candles a week and grinds no flour by them.", ("mill", "candles", "light")),
        ),
        ("A hundred and twelve. Eighty-eight to go.", "The mill burns more light than the shrine these days."),
    ),
    Trade(
        "beekeeper", "bring nine hives through the winter", "with smoke in the hair and a swollen eye",
        (
            ("honey", "A crock of honey costs two silver, and the buns are made with it.", ("honey", "bun", "buns")),
            ("hives", "The bees stopped flying over the mill when the wheel stood still.", ("bees", "hive", "mill")),
        ),
        ("They are humming low today. They know something.", "Nine hives. Say it slowly, then it sounds like plenty."),
    ),
    Trade(
        "thatcher", "have six roofs tight before the snow", "with straw everywhere and a ladder over one shoulder",
        (
            ("roof", "Six roofs in Oakhollow leak, and the inn's is not the worst of them.", ("roof", "leak", "straw")),
            ("view", "From the inn's roof one can see a lamp at the weir at midnight.", ("lamp", "weir", "midnight")),
        ),
        ("From up here everybody looks guilty.", "Straw's wet. Reed's wet. I'm wet."),
    ),
    Trade(
        "charcoal burner", "sell the smith a full cart", "black from hat to heel, with very white teeth",
        (
            ("charcoal", "A sack of charcoal costs one silver, and Bram takes three a week.", ("charcoal", "bram")),
            ("woods", "Somebody made camp in the Grey Hills woods and buried the ashes.", ("woods", "camp", "hills")),
        ),
        ("Smoke goes down to the river. Rain, then.", "I washed on Sunday. Nobody noticed."),
    ),
    Trade(
        "midwife", "see two babies safely through the month", "brisk, with rolled sleeves and a heavy bag",
        (
            ("babies", "Two babies are due before the frost, and both will come at night.", ("baby", "babies")),
            ("linen", "Marta borrowed clean linen nine nights ago and has not said what for.", ("marta", "linen")),
        ),
        ("Boiled water, clean linen, and husbands outside.", "I have seen half this village upside down."),
    ),
    Trade(
        "pedlar", "sell the last of the needles and move on", "under a pack that rattles at every step",
        (
            ("needles", "Needles are three for a silver, and a ribbon comes with them.", ("needle", "needles")),
            ("road", "The river road is busier than in summer, and nobody on it says good day.", ("road", "wagons")),
        ),
        ("Pins, ribbons, and a good word. The word's free.", "One more rainy day and I sell the pack as well."),
    ),
    Trade(
        "cooper", "find out who ordered nine salt casks", "broad and bald, with a mallet in the belt",
        (
            ("casks", "Nine casks were ordered in spring, pitched for salt and not for ale.", ("cask", "casks")),
            ("barrel", "The barrel over Marta's trapdoor is empty, for all that it looks heavy.", ("barrel", "marta")),
        ),
        ("A stave too few. There's always a stave too few.", "Round things I understand."),
    ),
    Trade(
        "shepherd", "bring the flock down in time", "wind-burnt, wrapped in a fleece, with a silent dog",
        (
            ("flock", "Forty ewes graze above the weir, and one comes down lame each week.", ("sheep", "ewes")),
            ("rider", "A rider waited on the hill the night that the courier vanished.", ("rider", "courier", "hill")),
        ),
        ("Thirty-nine. The dog says forty. I trust the dog.", "Quiet up there. You can hear a lie from a mile off."),
    ),
    Trade(
        "laundress", "get one dry day in the week", "red-handed, under a mountain of sheets",
        (
            ("sheets", "A basket of washing costs one silver, and stains are extra.", ("washing", "sheets", "stain")),
            ("cuffs", "The steward's cuffs came to the wash with rust on them that was not rust.", ("steward",)),
        ),
        ("Folk forget that I see their linen.", "One dry day. I would marry a dry day."),
    ),
    Trade(
        "bargeman without a barge", "hear of any boat that will float", "in a striped shirt, looking at the water",
        (
            ("barge", "No barge has passed the mill for two weeks, and three lie stuck upstream.", ("barge", "river")),
            ("depth", "At the ford a grown man wets no more than his knees now.", ("ford", "depth", "water")),
        ),
        ("I could walk across. I've never hated anything more.", "Left bank, right bank, and mud to choose from."),
    ),
    Trade(
        "baker", "bake good bread from bad flour", "floury, pink and short of sleep",
        (
            ("bread", "A loaf costs one copper, and it is smaller since the wheel stopped.", ("bread", "loaf")),
            ("night", "Two men with a cart pass the bakery at three every morning.", ("cart", "night", "men")),
        ),
        ("Up at two, and what for? For grey loaves.", "That cart again, this morning. No lamp on it."),
    ),
    Trade(
        "schoolmistress with five pupils", "teach Pip to read", "upright, with chalk on a black dress",
        (
            ("school", "There are five pupils, and a sixth who sits outside with a goose.", ("school", "pip", "read")),
            ("deeds", "A deed without a name is no deed in any book of the school.", ("deed", "name", "mill", "law")),
        ),
        ("Sit up straight. Oh, there is nobody here.", "If seven geese eat nine buns, whose fault is it?"),
    ),
    Trade(
        "gravedigger", "have a quiet week", "long and cheerful, with clay to the knees",
        (
            ("graves", "Somebody paid for one grave ten nights ago, and nobody has died.", ("grave", "paid", "dead")),
            ("ground", "The ground by the river has dried out as deep as a man.", ("ground", "river", "dry")),
        ),
        ("Business is slow. I don't complain.", "Lovely soil, this. You'll like it."),
    ),
    Trade(
        "net-mender", "be paid by anybody at all", "bent over knots, with a needle behind one ear",
        (
            ("nets", "A mended net costs one silver, and nobody has needed one in two weeks.", ("net", "nets", "fish")),
            ("knot", "The ferry rope is tied with a Saltmarsh knot now, and Wenna ties no such thing.", ("knot",)),
        ),
        ("Loop, pull, and swear. That's the craft of it.", "A net is only holes that somebody was careful about."),
    ),
)  # fmt: skip

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

BACKGROUNDS = (
    "Born two doors from the green and never further away than Saltmarsh, once, for a tooth.",
    "Came up the river nine years ago for one night, and is still paying for the room in favours.",
    "Lost a brother at the weir, and lights the largest candle of all on Lantern Night.",
    "Was to marry, but the ring fell into the Wend, and so did the other's patience.",
    "Served three years on the salt barges and will not say what was under the salt.",
    "Raised by Ilse at the shrine after the great fever, and rings like a bell when laughing.",
    "Won a cow at the inn and lost it at the same table, and tells it as a victory.",
    "Inherited a good name, a leaking cottage and a quarrel about a fence.",
)

GOSSIP = (
    ("owes", "{other} owes {me} three silver, and crosses the green so as not to be asked.", ("silver", "owe", "debt")),
    ("fence", "{other} moved the fence by one hand last winter, and thinks nobody measured.", ("fence", "garden")),
    ("song", "{other} sings at night when the wind is from the river, and sings well.", ("song", "sing", "night")),
    ("sweet", "{me} leaves a bun on {other}'s sill each Sunday and has never owned up.", ("bun", "sunday", "sill")),
    ("letters", "{other} gets letters from Saltmarsh and burns them unread.", ("letter", "letters", "saltmarsh")),
    ("dog", "{other}'s dog growls at one man only, and he wears a grey glove.", ("dog", "glove", "growl")),
    ("flood", "{other} pulled {me} out of the river as a child, and neither speaks of it.", ("river", "saved")),
    ("cheat", "{other} weighs with a thumb on the scale on market days.", ("market", "scale", "weigh")),
    ("window", "{other}'s candle burns until two, in the window towards the mill.", ("candle", "window", "mill")),
    ("pie", "{other} won the pie prize with {me}'s plums.", ("pie", "plums", "prize")),
)

TIES = (
    (75, 70, "a friend since school"),
    (60, 50, "good company at market"),
    (25, 20, "they quarrel about a fence and greet each other all the more politely"),
    (50, 65, "would never say how dear"),
    (35, 30, "talks too much, and to the wrong people"),
    (65, 40, "as honest as rain"),
)

STAND_INS = {
    "late": (
        "Wait, it was on the tip of my tongue.",
        "Hm. Let me chew on that.",
        "One moment. I am thinking, and it takes room.",
        "Ah, now. How shall I put it?",
    ),
    "busy": (
        "Not now, I've my hands full.",
        "Later, {you}. This won't do itself.",
        "Ask me at supper.",
        "Can't stop. Walk along or wait.",
    ),
    "refuse": (
        "I'd sooner not say.",
        "That stays at home, {you}.",
        "Ask somebody with less to lose.",
        "No. And no offence.",
    ),
    "cut_off": (
        "... no, leave that.",
        "... somebody's coming.",
        "... well. Another time.",
        "... I've said enough.",
    ),
    "offline": (
        "Bless me, I lost the thread.",
        "A moment. Something in my throat.",
        "Wait until the wind drops, I can't hear you.",
        "Hold that thought. I dropped mine.",
    ),
}
