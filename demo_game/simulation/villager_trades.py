"""The trades that villagers live by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trade:
    """What somebody lives by, and what there is to know and to mutter about it."""

    role: str
    wants: str
    looks: str
    facts: tuple[tuple[str, str, tuple[str, ...]], ...]  # id, text, topics
    mutters: tuple[str, str]


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
