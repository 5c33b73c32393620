"""The journal: pending turns become memory once or never, and folding cuts seldom and from the far end."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from npc_engine.world.journal import (
    IMPORTANT,
    ORDINARY,
    PENDING_TURN_NS,
    Entry,
    Event,
    Heard,
    Journal,
    Said,
    heard_words,
)

ASKED = Heard("player", "Who bought the mill?")
ANSWER = Said("Nobody's seen a face, love.")


def journal_of(entries: list[Entry]) -> Journal:
    return Journal(enumerate(entries, 1))


def fold(journal: Journal, max_entries: int, kept: int) -> list[int]:
    numbers = journal.surplus(max_entries, kept)
    journal.let_go(numbers)
    return numbers


def pending_journal() -> Journal:
    journal = journal_of([Event("Rain began.")])
    journal.hold(7, ASKED, ANSWER, now_ns=0)
    return journal


def test_a_pending_turn_is_seen_but_is_no_memory() -> None:
    journal = pending_journal()
    assert journal.entries() == [Event("Rain began."), ASKED, ANSWER]
    assert journal.entries(include_pending=False) == [Event("Rain began.")]


def test_spoken_makes_it_memory_once() -> None:
    journal = pending_journal()
    assert journal.spoken(7)
    assert not journal.spoken(7)
    assert journal.entries(include_pending=False) == [Event("Rain began."), ASKED, ANSWER]


def test_only_what_was_heard_is_remembered() -> None:
    journal = pending_journal()
    assert journal.spoken(7, heard=len("Nobody's seen a fa"))
    assert journal.entries()[-1] == Said("Nobody's seen a")


@pytest.mark.parametrize("heard", [0, 3])
def test_a_turn_of_which_no_word_was_heard_is_forgotten(heard: int) -> None:
    journal = pending_journal()
    assert journal.spoken(7, heard)
    assert journal.entries() == [Event("Rain began.")]


def test_drop() -> None:
    journal = pending_journal()
    assert not journal.drop(8)
    assert journal.drop(7)
    assert not journal.drop(7)
    assert journal.entries() == [Event("Rain began.")]


def test_another_turns_report_changes_nothing() -> None:
    journal = pending_journal()
    assert not journal.spoken(8)
    assert journal.pending is not None


def test_the_next_turn_keeps_the_pending_one_whole() -> None:
    journal = pending_journal()
    journal.hold(8, None, Said("Soup's hot."), now_ns=1)
    assert journal.entries(include_pending=False)[1:] == [ASKED, ANSWER]
    assert not journal.spoken(7, heard=0)
    assert journal.entries()[-1] == Said("Soup's hot.")


def test_an_event_comes_after_the_turn_that_pends() -> None:
    journal = pending_journal()
    journal.add(Event("The door slammed."))
    assert journal.entries(include_pending=False) == [Event("Rain began."), ASKED, ANSWER, Event("The door slammed.")]


def test_a_pending_turn_is_kept_after_its_time() -> None:
    journal = pending_journal()
    assert not journal.expire(PENDING_TURN_NS - 1)
    assert journal.expire(PENDING_TURN_NS)
    assert not journal.expire(PENDING_TURN_NS)
    assert journal.entries(include_pending=False)[1:] == [ASKED, ANSWER]


@pytest.mark.parametrize(
    ("text", "heard", "expected"),
    [
        ("Evening, love.", 99, "Evening, love."),
        ("Evening, love.", 14, "Evening, love."),
        ("Evening, love.", 13, "Evening, love"),
        ("Evening, love.", 11, "Evening,"),
        ("Evening, love.", 9, "Evening,"),
        ("Evening, love.", 7, "Evening"),
        ("Evening, love.", 3, ""),
        ("Evening, love.", 0, ""),
        ("Nobody's here", 6, ""),
        ("雨が降る。", 2, "雨が"),
        ("नदी आई", 2, ""),
    ],
)
def test_heard_words(text: str, heard: int, expected: str) -> None:
    assert heard_words(text, heard) == expected


def numbered(count: int) -> list[Entry]:
    return [Event(str(number)) for number in range(count)]


def test_fold_leaves_a_short_journal_alone() -> None:
    journal = journal_of(numbered(10))
    assert len(fold(journal, 10, 5)) == 0
    assert journal.entries() == numbered(10)


def test_fold_forgets_the_oldest_half_at_once() -> None:
    journal = journal_of(numbered(11))
    assert len(fold(journal, 10, 5)) == 6
    assert journal.entries() == numbered(11)[6:]


def test_fold_spares_what_is_important_as_long_as_it_can() -> None:
    vow: list[Entry] = [Event("She swore an oath.", importance=IMPORTANT)]
    journal = journal_of(vow + numbered(10))
    fold(journal, 10, 5)
    assert journal.entries() == vow + numbered(10)[6:]
    all_important = journal_of([Event(str(number), importance=IMPORTANT) for number in range(12)])
    assert fold(all_important, 10, 5) == [1, 2]
    assert [entry.text for entry in all_important.entries()] == [str(number) for number in range(2, 12)]


def test_fold_forgets_an_answer_with_its_question() -> None:
    journal = journal_of([Event("0"), Event("1"), ASKED, ANSWER, Event("4")])
    assert len(fold(journal, 4, 2)) == 4
    assert journal.entries() == [Event("4")]
    vow = Said("I swear it.", importance=IMPORTANT)
    journal = journal_of([Event("0"), Event("1"), ASKED, vow, Event("4")])
    assert len(fold(journal, 4, 2)) == 3
    assert journal.entries() == [vow, Event("4")]


def test_the_caller_cannot_change_the_journal_through_its_entries() -> None:
    journal = journal_of(numbered(2))
    journal.entries().clear()
    assert journal.entries() == numbered(2)


class Turns(RuleBasedStateMachine):
    """Turn n says "n first second"; whatever happens, it is remembered at most once and in order."""

    turns = Bundle("turns")

    def __init__(self) -> None:
        super().__init__()
        self.journal = Journal()
        self.now_ns = 0
        self.count = 0
        self.dropped: set[int] = set()
        self.kept: set[int] = set()

    def _is_pending(self, turn: int) -> bool:
        return self.journal.pending is not None and self.journal.pending.turn == turn

    @rule(target=turns, asked=st.booleans())
    def hold(self, asked: bool) -> int:
        if self.journal.pending is not None:
            self.kept.add(self.journal.pending.turn)
        self.count += 1
        heard = Heard("player", f"{self.count}?") if asked else None
        self.journal.hold(self.count, heard, Said(f"{self.count} first second"), self.now_ns)
        return self.count

    @rule(turn=turns, heard=st.none() | st.integers(0, 30))
    def spoken(self, turn: int, heard: int | None) -> None:
        was_pending = self._is_pending(turn)
        assert self.journal.spoken(turn, heard) is was_pending
        if was_pending:
            nothing = heard is not None and not heard_words(f"{turn} first second", heard)
            (self.dropped if nothing else self.kept).add(turn)

    @rule(turn=turns)
    def drop(self, turn: int) -> None:
        if self._is_pending(turn):
            self.dropped.add(turn)
        self.journal.drop(turn)

    @rule()
    def event(self) -> None:
        if self.journal.pending is not None:
            self.kept.add(self.journal.pending.turn)
        self.journal.add(Event("rain"))

    @rule(passed_ns=st.integers(0, 2 * PENDING_TURN_NS))
    def expire(self, passed_ns: int) -> None:
        self.now_ns += passed_ns
        pending = self.journal.pending
        if self.journal.expire(self.now_ns):
            assert pending is not None
            self.kept.add(pending.turn)

    @invariant()
    def memory_is_what_was_kept_in_order_and_once(self) -> None:
        said = [entry for entry in self.journal.entries(include_pending=False) if isinstance(entry, Said)]
        remembered = [int(entry.text.split()[0]) for entry in said]
        assert remembered == sorted(self.kept)
        assert not self.kept & self.dropped

    @invariant()
    def a_pending_turn_is_seen_exactly_once(self) -> None:
        numbers = [entry.text.split()[0] for entry in self.journal.entries() if isinstance(entry, Said)]
        assert len(numbers) == len(set(numbers))
        if self.journal.pending is not None:
            assert numbers[-1] == str(self.journal.pending.turn)

    @invariant()
    def no_question_stands_without_its_answer(self) -> None:
        entries = self.journal.entries()
        for entry, following in zip(entries, [*entries, None][1:], strict=True):
            if isinstance(entry, Heard):
                assert isinstance(following, Said)


TestTurns = Turns.TestCase


class Folding(RuleBasedStateMachine):
    """However it grows and is folded, the journal stays bounded and in order, and the newest entry stays."""

    def __init__(self) -> None:
        super().__init__()
        self.journal = Journal()
        self.count = 0

    @rule(important=st.booleans(), limit=st.integers(2, 8))
    def live_on(self, important: bool, limit: int) -> None:
        self.count += 1
        self.journal.add(Event(str(self.count), importance=IMPORTANT if important else ORDINARY))
        before = self.journal.entries()
        gone = fold(self.journal, limit, limit // 2)
        after = self.journal.entries()
        assert len(after) == len(before) - len(gone)
        assert len(after) <= limit
        assert [entry for entry in before if entry in after] == after
        lost_important = any(entry.importance >= IMPORTANT for entry in before if entry not in after)
        assert not lost_important or all(entry.importance >= IMPORTANT for entry in after)


TestFolding = Folding.TestCase
