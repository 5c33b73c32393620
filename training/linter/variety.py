"""What is too much alike: lines said twice, lines that begin alike, words that come too often, lines of others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from npc_engine.rehearsal.spec import load_tests
from npc_engine.world.lint import Finding
from npc_engine.world.pack import Pack
from training.linter.lines import Spoken, words

#: Runs of words by which likeness is measured.
RUN_WORDS = 3
#: Two lines are nearly the same from this share of common runs on (of the shorter one's).
NEARLY_THE_SAME = 0.6
#: A run of so many words in several replies is a catch phrase.
PHRASE_WORDS = 5
#: Replies of one character that may begin with the same word, of each 60, and with the same three words.
SAME_FIRST_WORD, SAME_FIRST_WORD_OF, SAME_FIRST_THREE = 4, 60, 2
#: Replies of the whole set that may begin with the same three words, as a share, and at least so many.
SAME_FIRST_THREE_SHARE, SAME_FIRST_THREE_LEAST = 0.004, 4


@dataclass(frozen=True, slots=True)
class Text:
    """A line and how to point at it. `told` makes a finding of one that was said before, `almost` of one that is only
    like another; None where it is no line of the set's own."""

    text: str
    place: str
    told: Callable[[str], Finding] | None = None
    almost: Callable[[str], Finding] | None = None


def findings(lines: Sequence[Spoken], foreign: Sequence[Text]) -> Iterator[Finding]:
    """All of it. `foreign` are lines that the set must not repeat."""
    examples = [
        Text(each, f"{persona.id}.yaml's examples")
        for pack in {line.setting.id: line.setting.pack for line in lines}.values()
        for persona in pack.npcs.values()
        for example in persona.examples
        for each in (example.player, example.reply)
    ]
    replies = [Text(line.turn.reply, line.place, line.error, line.warning) for line in lines]
    players = [
        Text(line.turn.player, line.place, _at(line.warning, "player"), _at(line.warning, "player"))
        for line in lines
        if line.turn.player
    ]
    yield from _alike([*foreign, *examples, *replies])
    yield from _alike([*foreign, *players])
    yield from _phrases(lines)
    yield from _openings(lines)


def shipped_lines(pack: Pack) -> list[Text]:
    """The lines of a pack that has nothing to do with the set: its examples, authored lines and what its tests say."""
    texts = [
        text
        for persona in pack.npcs.values()
        for example in persona.examples
        for text in (example.player, example.reply)
    ]
    texts += [
        line if isinstance(line, str) else line.text
        for persona in pack.npcs.values()
        for kind in persona.authored.__struct_fields__
        for line in getattr(persona.authored, kind)
    ]
    texts += [text for test in load_tests(pack) for text in test.lines]
    return [Text(text, f"the pack {pack.info.id}") for text in dict.fromkeys(texts)]


def _at(told: Callable[[str, str], Finding], key: str) -> Callable[[str], Finding]:
    return lambda message: told(message, key)


def _alike(texts: Sequence[Text]) -> Iterator[Finding]:
    """Each line against those before it."""
    same: dict[tuple[str, ...], int] = {}
    holders: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    sizes: list[int] = []
    for number, text in enumerate(texts):
        said = tuple(words(text.text))
        runs = _runs(said, RUN_WORDS)
        sizes.append(len(runs))
        if text.told is not None and text.almost is not None:
            if said in same:
                yield text.told(f"the same line as in {texts[same[said]].place}")
            else:
                yield from _near(text, runs, texts, holders, sizes)
        same.setdefault(said, number)
        for run in runs:
            holders[run].append(number)


def _near(
    text: Text,
    runs: set[tuple[str, ...]],
    texts: Sequence[Text],
    holders: dict[tuple[str, ...], list[int]],
    sizes: list[int],
) -> Iterator[Finding]:
    if len(runs) < RUN_WORDS or text.almost is None:
        return
    common = Counter(number for run in runs for number in holders.get(run, ()))
    for number, count in common.most_common(1):
        if sizes[number] >= RUN_WORDS and count / min(len(runs), sizes[number]) >= NEARLY_THE_SAME:
            yield text.almost(f"nearly the line in {texts[number].place}: {texts[number].text}")


def _phrases(lines: Sequence[Spoken]) -> Iterator[Finding]:
    """Runs of words that several replies of the set share; the second one is told."""
    first: dict[tuple[str, ...], Spoken] = {}
    for line in lines:
        told = False
        for run in sorted(_runs(line.words, PHRASE_WORDS)):
            if run in first and not told:
                told = True
                yield line.warning(f"the phrase `{' '.join(run)}` also stands in {first[run].place}")
            first.setdefault(run, line)


def _openings(lines: Sequence[Spoken]) -> Iterator[Finding]:
    everywhere = Counter(tuple(line.words[:3]) for line in lines)
    bound = max(SAME_FIRST_THREE_LEAST, round(SAME_FIRST_THREE_SHARE * len(lines)))
    for opening, count in everywhere.items():
        if count > bound:
            last = [line for line in lines if tuple(line.words[:3]) == opening][-1]
            yield last.warning(f"{count} replies of the set begin with `{' '.join(opening)}`")
    for own in _by_speaker(lines).values():
        yield from _openings_of_one(own)


def _openings_of_one(own: Sequence[Spoken]) -> Iterator[Finding]:
    bound = max(SAME_FIRST_WORD, -(-len(own) * SAME_FIRST_WORD // SAME_FIRST_WORD_OF))
    for word, count in Counter(line.words[0] for line in own if line.words).items():
        if count > bound:
            last = [line for line in own if line.words[:1] == [word]][-1]
            told = last.error if count > 2 * bound else last.warning
            yield told(f"{count} of {len(own)} replies of {last.speaker} begin with `{word}`; at most {bound}")
    for opening, count in Counter(tuple(line.words[:3]) for line in own).items():
        if count > SAME_FIRST_THREE:
            last = [line for line in own if tuple(line.words[:3]) == opening][-1]
            yield last.warning(f"{count} replies of {last.speaker} begin with `{' '.join(opening)}`")
    for before, line in pairwise(own):
        if before.written is line.written and before.words[:1] == line.words[:1]:
            yield line.warning(f"begins with `{line.words[0] if line.words else ''}`, as the reply before it")


def _by_speaker(lines: Iterable[Spoken]) -> dict[str, list[Spoken]]:
    own: defaultdict[str, list[Spoken]] = defaultdict(list)
    for line in lines:
        own[line.speaker].append(line)
    return own


def _runs(said: Sequence[str], length: int) -> set[tuple[str, ...]]:
    return {tuple(said[at : at + length]) for at in range(len(said) - length + 1)}


def foreign_lines(packs: Sequence[Path], load: Callable[[Path], Pack]) -> list[Text]:
    """The lines of these packs."""
    return [text for path in packs for text in shipped_lines(load(path))]
