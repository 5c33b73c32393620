"""The numbers of a set: how much there is of what, how long lines are, and how rich their words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from npc_engine.evaluation.kinds import KINDS
from npc_engine.world.keywords import keywords
from training.linter.lines import Spoken

#: So many of the most frequent words and openings are shown.
SHOWN = 20


def statistics(lines: Sequence[Spoken]) -> dict[str, Any]:
    """Counts by setting, speaker, subject and emotion; lengths; words; openings; all of it plain data."""
    said = [word for line in lines for word in line.words]
    telling = Counter(word for line in lines for word in keywords(line.turn.reply))
    lengths = sorted(len(line.words) for line in lines if line.turn.about not in ("bark", "description"))
    about: Counter[str] = Counter(line.turn.about for line in lines)
    by_setting: dict[str, Counter[str]] = {}
    for line in lines:
        by_setting.setdefault(line.setting.id, Counter())[line.speaker.partition("/")[2]] += 1
    return {
        "turns": len(lines),
        "settings": len(by_setting),
        "speakers": sum(name != "narrator" for own in by_setting.values() for name in own),
        "conversations": len({(line.setting.id, line.written.conversation.name) for line in lines}),
        "by_setting": {name: dict(counts) for name, counts in by_setting.items()},
        "about": {kind: about[kind] for kind in KINDS},
        "emotion": dict(Counter(line.turn.emotion for line in lines).most_common()),
        "words": {
            "median": lengths[len(lengths) // 2] if lengths else 0,
            "shortest": lengths[0] if lengths else 0,
            "longest": lengths[-1] if lengths else 0,
            "tenth": lengths[len(lengths) // 10] if lengths else 0,
            "ninetieth": lengths[len(lengths) * 9 // 10] if lengths else 0,
        },
        "vocabulary": {
            "words": len(said),
            "different": len(set(said)),
            "frequent": {
                word: round(count / len(lines), 4) for word, count in telling.most_common(SHOWN)
            },  # share of lines
        },
        "openings": {
            "first": _share(Counter(line.words[0] for line in lines if line.words), len(lines)),
            "first_three": _share(Counter(" ".join(line.words[:3]) for line in lines), len(lines)),
        },
    }


def as_text(numbers: dict[str, Any]) -> str:
    """The same to be read in a terminal."""
    parts = [
        f"{numbers['turns']} turns, {numbers['conversations']} conversations, {numbers['speakers']} characters, "
        f"{numbers['settings']} settings"
    ]
    parts += [f"  {name}: {_counts(counts)}" for name, counts in numbers["by_setting"].items()]
    parts += [f"about    {_counts(numbers['about'])}", f"emotion  {_counts(numbers['emotion'])}"]
    length, vocabulary, openings = numbers["words"], numbers["vocabulary"], numbers["openings"]
    parts.append(
        f"words    {length['shortest']} to {length['longest']} a line, half of them up to {length['median']}, "
        f"eight in ten {length['tenth']} to {length['ninetieth']}"
    )
    parts.append(f"vocabulary  {vocabulary['different']} different of {vocabulary['words']}")
    parts.append(f"  most frequent telling words, share of lines: {_shares(vocabulary['frequent'])}")
    parts.append(f"  first words: {_shares(openings['first'])}")
    parts.append(f"  first three: {_shares(openings['first_three'])}")
    return "\n".join(parts)


def _share(counts: Counter[str], total: int) -> dict[str, float]:
    return {word: round(count / total, 4) for word, count in counts.most_common(SHOWN)}


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _shares(shares: dict[str, float]) -> str:
    return ", ".join(f"{word} {share:.1%}" for word, share in shares.items())
