"""The toy's tokeniser: byte-level BPE learnt from the texts it is trained on, with Gemma 4's control tokens."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from npc_engine.engines.diffusion.tiny_checkpoint import CONTROLS

VOCAB_SIZE = 1_024


def make_tokenizer(texts: Iterable[str]) -> Tokenizer:
    """The same texts give the same tokeniser."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    controls = [AddedToken(token, special=True, normalized=False) for token in CONTROLS]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        special_tokens=controls,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
