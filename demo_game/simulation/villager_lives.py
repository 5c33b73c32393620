"""The names, the past and the ties of villagers, and what they say when no answer comes. `{me}` is the villager,
`{other}` an acquaintance, `{you}` how the villager calls people."""

from __future__ import annotations

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
