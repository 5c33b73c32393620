"""`when:` a small expression language over values the game set. It reads, compares, and can do nothing else.

    flags.courier_trust and relation.player.trust >= 40
    $gate_open and not player.banned and (time.period in ["evening", "night"] or weather == "storm")

Everything is locked by default: a name that has no value is false, and a comparison with it, or between values of
different kinds, does not hold. Numbers compare with numbers; only they have an order.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn, TypeAlias

Value: TypeAlias = bool | int | float | str
Scope: TypeAlias = Mapping[str, Value]

#: Longest expression, code points, and deepest nesting of parentheses and `not`.
CONDITION_CHARS = 1_000
CONDITION_DEPTH = 32

_Test: TypeAlias = Callable[[Scope], bool]
_Operand: TypeAlias = Callable[[Scope], Value | None]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>-?[0-9]+(?:\.[0-9]+)?(?![A-Za-z0-9_.]))
      | (?P<text>"[^"]*"|'[^']*')
      | (?P<name>\$?[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*(?![A-Za-z0-9_.]))
      | (?P<sign>==|!=|<=|>=|[<>()\[\],])
      | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_WORDS = ("and", "or", "not", "in", "true", "false")
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_COMPARISONS = ("==", "!=", *_ORDER)


class ConditionError(ValueError):
    """The expression cannot be read; `column` counts its code points from 1."""

    def __init__(self, column: int, message: str) -> None:
        self.column = column
        super().__init__(f"column {column}: {message}")


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed expression."""

    text: str
    _names: frozenset[str]
    _test: _Test = field(compare=False, repr=False)

    def holds(self, scope: Scope) -> bool:
        """Whether it holds for these values, by dotted name. Never raises."""
        return self._test(scope)

    def names(self) -> frozenset[str]:
        """The dotted names it reads."""
        return self._names


@lru_cache(maxsize=4_096)
def parse(text: str) -> Condition:
    """Read an expression; an empty one always holds. Raises ConditionError."""
    if len(text) > CONDITION_CHARS:
        raise ConditionError(CONDITION_CHARS + 1, f"longer than {CONDITION_CHARS} characters")
    if not text.strip():
        return Condition(text, frozenset(), lambda scope: True)
    parser = _Parser(_tokens(text))
    test = parser.whole()
    return Condition(text, frozenset(parser.names), test)


class _Token(NamedTuple):
    kind: str  # number, text, name, word, sign or end
    text: str
    column: int


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while not tokens or tokens[-1].kind != "end":
        match = _TOKEN.match(text, at)
        if match is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            raise ConditionError(start + 1, f"cannot read `{text[start : start + 12]}`")
        kind = match.lastgroup or ""
        word = match[kind]
        tokens.append(_Token("word" if word in _WORDS else kind, word, match.start(kind) + 1))
        at = match.end()
    return tokens


class _Parser:
    """Recursive descent, one method a rule; each returns a function of the scope.

    either = both {"or" both} · both = negation {"and" negation}
    negation = "not" negation | "(" either ")" | comparison
    comparison = operand [sign operand | "in" "[" operand {"," operand} "]"]
    """

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self.names: set[str] = set()

    def whole(self) -> _Test:
        test = self._either()
        if self._next.kind != "end":
            self._fail("`and`, `or` or the end")
        return test

    def _either(self) -> _Test:
        tests = [self._both()]
        while self._take("or"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda scope: any(test(scope) for test in tests)

    def _both(self) -> _Test:
        tests = [self._negation()]
        while self._take("and"):
            tests.append(self._negation())
        return tests[0] if len(tests) == 1 else lambda scope: all(test(scope) for test in tests)

    def _negation(self) -> _Test:
        self._depth += 1
        if self._depth > CONDITION_DEPTH:
            raise ConditionError(self._next.column, f"nested more than {CONDITION_DEPTH} deep")
        if self._take("not"):
            inner = self._negation()
            test: _Test = lambda scope: not inner(scope)  # noqa: E731 - a rule returns a function, as the others do
        elif self._take("("):
            test = self._either()
            self._expect(")")
        else:
            test = self._comparison()
        self._depth -= 1
        return test

    def _comparison(self) -> _Test:
        left = self._operand()
        sign = self._next.text if self._next.kind == "sign" else ""
        if sign in _COMPARISONS:
            self._at += 1
            right = self._operand()
            if self._next.kind == "sign" and self._next.text in _COMPARISONS:
                self._fail("`and` between two comparisons")
            return lambda scope: _compare(sign, left(scope), right(scope))
        if self._take("in"):
            return self._member(left)
        return lambda scope: bool(left(scope))

    def _member(self, left: _Operand) -> _Test:
        self._expect("[")
        options = [self._operand()]
        while self._take(","):
            options.append(self._operand())
        self._expect("]")
        return lambda scope: any(_compare("==", left(scope), option(scope)) for option in options)

    def _operand(self) -> _Operand:
        kind, text, _ = self._next
        if kind == "name":
            self._at += 1
            self.names.add(text)
            return lambda scope: scope.get(text)
        if kind == "number":
            value: Value = float(text) if "." in text else int(text)
        elif kind == "text":
            value = text[1:-1]
        elif text in ("true", "false"):
            value = text == "true"
        else:
            self._fail("a name or a value")
        self._at += 1
        return lambda scope: value

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, text: str) -> bool:
        taken = self._next.kind in ("word", "sign") and self._next.text == text
        self._at += taken
        return taken

    def _expect(self, text: str) -> None:
        if not self._take(text):
            self._fail(f"`{text}`")

    def _fail(self, expected: str) -> NoReturn:
        found = f"`{self._next.text}`" if self._next.kind != "end" else "the end"
        raise ConditionError(self._next.column, f"expected {expected}, found {found}")


def _compare(sign: str, left: Value | None, right: Value | None) -> bool:
    kind = _kind(left)
    if kind is None or kind is not _kind(right):
        return False
    if sign == "==":
        return left == right
    if sign == "!=":
        return left != right
    return kind is float and _ORDER[sign](left, right)


def _kind(value: Value | None) -> type | None:
    """What a value may be compared with: whole numbers and others are one kind, and booleans are no numbers."""
    for kind in (bool, str):
        if isinstance(value, kind):
            return kind
    return float if isinstance(value, (int, float)) else None
