"""Faces at the size of a figure: a grid of 12 x 8 pixels for each emotion, from the brows down to the chin.

b brow, e pupil, w white of the eye, d eyelid, m mouth, k teeth, l tongue, r blush, t tear, . skin
"""

from __future__ import annotations

#: Rows 0..4: brows and eyes.
EYES = {
    "neutral": ("............", ".bb......bb.", "..we....ew..", "..we....ew..", "............"),
    "joy": (".bb......bb.", "............", "..ee....ee..", ".e..e..e..e.", "rr........rr"),
    "trust": (".bbb....bbb.", "............", "..we....ew..", "..we....ew..", "rr........rr"),
    "fear": ("...b....b...", ".bb......bb.", ".www....www.", ".wew....wewt", ".www....www."),
    "surprise": (".bbb....bbb.", "............", ".www....www.", ".wew....wew.", ".www....www."),
    "sadness": ("...b....b...", ".bb......bb.", "............", ".ddd....ddd.", "..et....te.."),
    "disgust": ("........bbb.", "............", ".bbbb...dd..", "..ddd...ew..", "............"),
    "anger": ("bb........bb", ".bbb....bbb.", "..wbb..bbw..", "..we....ew..", "r..........r"),
    "anticipation": (".......bbbb.", ".bbb........", ".ddd....ew..", "..ew....ew..", "..........r."),
}

#: The same rows while the eyes are closed.
BLINKS = {emotion: (rows[0], rows[1], "............", ".ddd....ddd.", rows[4]) for emotion, rows in EYES.items()} | {
    "anger": (EYES["anger"][0], EYES["anger"][1], "..bbb..bbb..", ".ddd....ddd.", "r..........r"),
    "fear": ("...b....b...", ".bb......bb.", "............", ".ddd....dddt", "............"),
    "surprise": (".bbb....bbb.", "............", "............", ".ddd....ddd.", "............"),
    "sadness": ("...b....b...", ".bb......bb.", "............", ".ddd....ddd.", "...t....t..."),
}

#: Rows 5..7: the mouth, closed and speaking.
MOUTHS = {
    "neutral": ("............", ".....mmm....", "............"),
    "joy": ("..mmmmmmmm..", "...mkkkkm...", "....mmmm...."),
    "trust": ("..m......m..", "...mmmmmm...", "............"),
    "fear": ("............", "...m.mm.m...", "....m..m...."),
    "surprise": ("............", ".....mm.....", ".....mm....."),
    "sadness": ("............", "....mmmm....", "...m....m..."),
    "disgust": ("............", "...mmm......", "..m...mmm..."),
    "anger": ("............", "...mmmmmm...", "..m......m.."),
    "anticipation": ("........m...", "....mmmm....", "............"),
}
SPEAKING = {
    "neutral": ("....mmmm....", "....mllm....", ".....mm....."),
    "joy": ("..mkkkkkkm..", "..mmmllmmm..", "...mllllm..."),
    "trust": ("...mmmmmm...", "....mllm....", ".....mm....."),
    "fear": ("...mmmmmm...", "...mkmkmm...", "...mmmmmm..."),
    "surprise": ("....mmmm....", "....mmmm....", "....mllm...."),
    "sadness": ("....mmmm....", "...mmllmm...", "...m....m..."),
    "disgust": ("...mmmm.....", "..mmllmmm...", "....ll......"),
    "anger": ("..mmmmmmmm..", "..mkmkmkkm..", "..mmmmmmmm.."),
    "anticipation": ("....mmmmm...", "....mklm....", ".....mm....."),
}
