"""Untrusted text made fit for a prompt: what players type, names, and what the game tells of its world.

Untrusted segments are tokenised with control tokens off; this is the second wall. It works on single characters, so
there is no clever spelling of a forbidden sequence to miss: without `<`, `>`, `[` and `]` no chat format known to us
can be forged, and without line breaks nobody can begin a line in another's name.
"""

from __future__ import annotations

import unicodedata

#: Characters in which control tokens, markup and the engine's own bracketed notes are written, and what stands for
#: them. The wide forms are here because some tokenisers fold them into the narrow ones (Unicode NFKC).
_LOOKALIKES = str.maketrans(
    {
        "<": "\u2039",
        ">": "\u203a",
        "\uff1c": "\u2039",
        "\uff1e": "\u203a",
        "\ufe64": "\u2039",
        "\ufe65": "\u203a",
        "[": "(",
        "]": ")",
        "\uff3b": "(",
        "\uff3d": ")",
        # The journal writes speech between straight quotes.
        '"': "\u201d",
        "\uff02": "\u201d",
    }
)
#: Invisible characters no script needs: bidi embeddings, overrides and isolates (they reorder a game's interface),
#: deprecated format controls, fillers, and the tag block, in which text can hide from the eye but not from a model.
#: Marks of direction (U+200E, U+200F, U+061C) and joiners (U+200C, U+200D) belong to real spelling and stay.
_INVISIBLE = frozenset(
    chr(code)
    for first, last in (
        (0x00AD, 0x00AD),
        (0x180E, 0x180E),
        (0x200B, 0x200B),
        (0x202A, 0x202E),
        (0x2060, 0x206F),
        (0xFEFF, 0xFEFF),
        (0xFFF9, 0xFFFB),
        (0xE0000, 0xE007F),
    )
    for code in range(first, last + 1)
)


def clean(text: str, limit: int) -> str:
    """`text` as one harmless line of at most `limit` code points, in NFC. Cleaning twice changes nothing."""
    visible = "".join(character for character in text if _is_kept(character))
    harmless = unicodedata.normalize("NFC", visible).translate(_LOOKALIKES)
    return " ".join(harmless.split())[:limit].rstrip()


def _is_kept(character: str) -> bool:
    if character in _INVISIBLE:
        return False
    # Cc: control characters, of which white space is folded later; Cs: halves of a surrogate pair, not encodable.
    return character.isspace() or unicodedata.category(character) not in ("Cc", "Cs")
