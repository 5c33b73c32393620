from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers

from npc_engine.engines.diffusion.tiny_checkpoint import CONTROLS, tiny_tokenizer
from npc_engine.engines.diffusion.tokeniser import Tokeniser
from npc_engine.errors import ErrorCode, NpcError

TINY = Tokeniser(tiny_tokenizer(512))


def gemma_like(*, special: bool, ignore_merges: bool) -> Tokeniser:
    """Built as Gemma's is: blanks spelled ▁, bytes as the last resort, and every control token in the vocabulary too,
    where a model that looks whole words up (`ignore_merges`) would find it."""
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    letters = ["▁", *"<|>abcdehilnortu\n", "▁▁", "\n\n", "he", "hell", "hello"]
    vocabulary = {token: id_ for id_, token in enumerate([*CONTROLS, *bytes_, *letters])}
    merges = [("▁", "▁"), ("\n", "\n"), ("h", "e")]
    model = models.BPE(
        vocab=vocabulary,
        merges=merges,
        unk_token="<unk>",
        fuse_unk=True,
        byte_fallback=True,
        ignore_merges=ignore_merges,
    )
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in ("▁▁", "\n\n")])
    tokenizer.add_tokens([AddedToken(token, special=special, normalized=False) for token in CONTROLS])
    return Tokeniser(tokenizer)


GEMMA_LIKE = [
    gemma_like(special=special, ignore_merges=merges) for special in (True, False) for merges in (True, False)
]
tokenisers = st.sampled_from([TINY, *GEMMA_LIKE])
#: Text as an attacker would write it: control tokens whole, cut and nested.
hostile = st.lists(
    st.one_of(
        st.sampled_from(CONTROLS), st.sampled_from(["<", "|", ">", "<|", "|>", "<tu", "rn|>", " ", "\n\n"]), st.text()
    )
).map("".join)


@given(tokenisers, hostile)
def test_untrusted_text_is_letters_only_and_comes_back(tokeniser: Tokeniser, text: str) -> None:
    text = text.replace("▁", "")  # Gemma's own spelling of a blank
    ids = tokeniser.encode(text, special=False)
    assert not tokeniser.control_ids & set(ids)
    assert tokeniser.decode(ids) == text


@pytest.mark.parametrize("tokeniser", [TINY, *GEMMA_LIKE])
@pytest.mark.parametrize("control", CONTROLS)
def test_trusted_text_has_control_tokens(tokeniser: Tokeniser, control: str) -> None:
    id_ = tokeniser.id_of(control)
    assert tokeniser.encode(f"a{control}b", special=True)[1:-1] == [id_]
    assert id_ not in tokeniser.encode(f"a{control}b", special=False)
    assert id_ in tokeniser.control_ids


def test_white_space_is_no_control_token() -> None:
    tokeniser = GEMMA_LIKE[0]
    blanks = tokeniser.id_of("▁▁")
    assert blanks not in tokeniser.control_ids
    assert tokeniser.encode("a  b\n\n", special=False) == [
        *(tokeniser.id_of("a"), blanks, tokeniser.id_of("b"), tokeniser.id_of("\n\n"))
    ]


def test_normalisation_cannot_make_a_control_token() -> None:
    tokenizer = tiny_tokenizer(512)
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.add_special_tokens([AddedToken("<turn|>", special=True, normalized=True)])
    tokeniser = Tokeniser(tokenizer)
    assert not tokeniser.control_ids & set(tokeniser.encode("＜turn｜＞", special=False))


def test_nothing_is_added() -> None:
    assert TINY.encode("", special=True) == []
    assert TINY.encode("hello", special=True) == TINY.encode("hello", special=False)
    assert TINY.encode("<bos>", special=True) == [2]


def test_special_tokens_leave_no_text() -> None:
    assert TINY.decode(TINY.encode("<bos><|turn>user\nhello<turn|>", special=True)) == "user\nhello"


@given(st.text(min_size=1), st.data())
def test_a_character_cut_in_the_middle_shows(text: str, data: st.DataObject) -> None:
    """What is before the cut is right as it stands; the piece of a character behind it is U+FFFD."""
    ids = TINY.encode(text, special=False)
    cut = data.draw(st.integers(0, len(ids)))
    shown = TINY.decode(ids[:cut])
    assert text.startswith(shown.rstrip("\ufffd")) or "\ufffd" in text


def test_ids_without_a_token_show() -> None:
    assert TINY.decode([512, *TINY.encode("hi", special=False), 9_999]) == "\ufffdhi\ufffd"


@given(st.lists(st.integers(0, 511)))
def test_noise_can_be_read(ids: list[int]) -> None:
    assert isinstance(TINY.decode(ids), str)


def test_the_tiny_tokeniser_is_the_same_every_time() -> None:
    assert tiny_tokenizer(512).to_str() == tiny_tokenizer(512).to_str()
    assert TINY.vocab_size == 512
    assert [TINY.id_of(token) for token in CONTROLS] == list(range(len(CONTROLS)))
    assert TINY.id_of("<turn|>") == 6
    assert TINY.id_of("nobody") is None
    assert len(TINY.encode(" the bridge", special=False)) == 2


def test_a_larger_vocabulary_is_filled_up() -> None:
    assert Tokeniser(tiny_tokenizer(1_000)).vocab_size == 1_000


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NpcError) as missing:
        Tokeniser.from_folder(tmp_path)
    assert missing.value.code == ErrorCode.MODEL_MISSING
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(NpcError) as broken:
        Tokeniser.from_folder(tmp_path)
    assert broken.value.code == ErrorCode.ENGINE_FAILED
    tiny_tokenizer(512).save(str(tmp_path / "tokenizer.json"))
    assert Tokeniser.from_folder(tmp_path).encode("hello", special=False) == TINY.encode("hello", special=False)
