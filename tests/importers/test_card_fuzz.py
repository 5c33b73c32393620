"""Whatever is done to a card, it ends as a persona that loads or as one CARD_INVALID."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from card_files import V1, V2, V3, charx, encoded, png
from hypothesis import given
from hypothesis import strategies as st

from npc_engine import limits
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.importers.character_card import import_card
from npc_engine.importers.container import parse_card
from npc_engine.importers.persona_yaml import persona_files
from npc_engine.world.persona import Persona
from npc_engine.world.yaml_source import convert, parse_yaml

MUTATIONS = 1_000
SEEDS = {
    "json": json.dumps(V1).encode(),
    "png": png(chara=encoded(V2), ccv3=encoded(V3)),
    "charx": charx(V3),
    "stored charx": charx(V2, method=0),
}
TOKENS = [
    b"\0",
    b"\xff" * 4,
    b"NaN",
    b"1e999",
    b"[" * 200,
    b'"',
    b"\\ud800",
    b"{",
    b"null",
    b"PK\x01\x02",
    b"tEXt",
    b"-",
]


@contextmanager
def allowed_refusal() -> Iterator[None]:
    """Lets CARD_INVALID through, and no other error."""
    try:
        yield
    except NpcError as error:
        if error.code is not ErrorCode.CARD_INVALID or not error.message:
            raise


def mutated(raw: bytes, chance: random.Random) -> bytes:
    data = bytearray(raw)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.randint(1, 40))
        match chance.randrange(6):
            case 0 if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                data[at:end] = b""
            case 2:
                data[at:at] = data[at:end]
            case 3:
                data[at:end] = chance.randbytes(end - at)
            case 4:
                data[at:at] = chance.choice(TOKENS)
            case 5 if chance.random() < 0.3:
                del data[at:]
    return bytes(data)


def imported(raw: bytes) -> Persona | None:
    """The persona, or None where the card is refused as it should be."""
    with allowed_refusal():
        return import_card(parse_card(raw).data).persona
    return None


def check_loads(persona: Persona) -> None:
    files = persona_files(persona)
    text = files[f"{persona.id}.yaml"].encode()
    assert len(text) <= limits.PACK_FILE_BYTES
    loaded, problems = convert(parse_yaml(text, "npc.yaml"), Persona)
    assert problems == []
    assert loaded == persona


@pytest.mark.parametrize("kind", SEEDS)
def test_damaged_files_are_refused_or_imported(kind: str) -> None:
    chance = random.Random(kind)
    personas = [imported(mutated(SEEDS[kind], chance)) for _ in range(MUTATIONS)]
    good = [persona for persona in personas if persona is not None]
    assert 0 < len(good) < MUTATIONS
    for persona in good[::20]:  # reading YAML is the slow part
        check_loads(persona)


TEXT = st.text(max_size=40) | st.sampled_from(
    [
        "{{user}}: a\n{{char}}: b",
        "*deed* word.",
        '"One," she says, "two."',
        "@@depth 4\ntext",
        "/a+/",
        "a, b, c",
        "x. " * 4_000,
        "x" * 9_000,
        "😀" * 9_000,
        "\ud83d",
        "a\x85b\u2028c",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "keys": st.lists(TEXT, max_size=3) | JSON,
        "secondary_keys": st.lists(TEXT, max_size=3) | JSON,
        "content": TEXT | JSON,
        "selective": st.booleans() | JSON,
        "constant": st.booleans() | JSON,
        "enabled": st.booleans() | JSON,
        "use_regex": st.booleans(),
        "insertion_order": st.integers() | st.floats() | JSON,
        "priority": st.integers() | JSON,
        "comment": TEXT | JSON,
    },
)
DATA = st.fixed_dictionaries(
    {"name": TEXT},
    optional={
        "nickname": TEXT | JSON,
        "description": TEXT | JSON,
        "personality": TEXT | JSON,
        "scenario": TEXT | JSON,
        "first_mes": TEXT | JSON,
        "mes_example": TEXT | JSON,
        "alternate_greetings": st.lists(TEXT, max_size=4) | JSON,
        "character_book": st.fixed_dictionaries({"entries": st.lists(ENTRY | JSON, max_size=4)}) | JSON,
        "system_prompt": TEXT | JSON,
        "extensions": JSON,
    },
)


@given(DATA, st.sampled_from(["chara_card_v2", "chara_card_v3", "chara_card_v9"]), JSON)
def test_any_fields_are_refused_or_imported(data: dict[str, Any], spec: str, other: Any) -> None:
    with allowed_refusal():
        imported = import_card({"spec": spec, "data": data, "other": other})
        check_loads(imported.persona)
        assert set(imported.kept) <= data.keys()
