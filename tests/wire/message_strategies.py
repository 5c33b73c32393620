"""Random messages, drawn from the types in `messages.py`, so that a new field is tested without a word here."""

from __future__ import annotations

from hypothesis import strategies as st
from msgspec import inspect

from npc_engine import limits
from npc_engine.wire.messages import CLIENT_MESSAGES, DAEMON_MESSAGES

#: Long enough to need more than the shortest header of MessagePack, short enough to be quick.
LONGEST = 40
TOP = limits.INTEGER_MAX

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=LONGEST)
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=8, max_size=LONGEST)
numbers = st.floats(allow_nan=False, allow_infinity=False)
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-TOP, TOP) | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


def values(kind: inspect.Type) -> st.SearchStrategy:
    match kind:
        case inspect.Metadata():
            return values(kind.type)
        case inspect.IntType():
            low = kind.ge if kind.ge is not None else kind.gt + 1 if kind.gt is not None else -TOP
            high = kind.le if kind.le is not None else kind.lt - 1 if kind.lt is not None else TOP
            return st.integers(low, high)
        case inspect.StrType():
            return names if kind.pattern or kind.min_length else texts
        case inspect.FloatType():
            return numbers
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.EnumType():
            return st.sampled_from(kind.cls)
        case inspect.ListType():
            return st.lists(values(kind.item_type), min_size=kind.min_length or 0, max_size=4)
        case inspect.DictType():
            return st.dictionaries(
                values(kind.key_type), values(kind.value_type), min_size=kind.min_length or 0, max_size=3
            )
        case inspect.UnionType():
            return st.one_of([values(option) for option in kind.types])
        case inspect.StructType():
            return structs(kind)
        case inspect.AnyType():
            return anything
    raise AssertionError(f"no strategy for {kind}")


def structs(kind: inspect.StructType) -> st.SearchStrategy:
    required = {field.name: values(field.type) for field in kind.fields if field.required}
    optional = {field.name: values(field.type) for field in kind.fields if not field.required}
    return st.fixed_dictionaries(required, optional=optional).map(lambda fields: kind.cls(**fields))


def messages_of(types: tuple[type, ...]) -> st.SearchStrategy:
    return st.one_of([values(inspect.type_info(message)) for message in types])


client_messages = messages_of(CLIENT_MESSAGES)
daemon_messages = messages_of(DAEMON_MESSAGES)
