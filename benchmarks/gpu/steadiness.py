"""What depends on who else is in the batch: noise must not, and numbers do so only by rounding."""

from __future__ import annotations

import torch

from gpu.report import Findings
from gpu.rig import CPU, Rig, Size, random_words
from npc_engine.engines.diffusion.canvas import Canvas
from npc_engine.engines.diffusion.denoiser import Denoise, Read, Work
from npc_engine.engines.diffusion.noise import Keys, Use, exponentials, tokens
from npc_engine.engines.diffusion.weight_format import WeightFormat

WIDTH, STEPS = 64, 6


def steadiness(size: Size, found: Findings) -> None:
    """The same canvas alone, and in steps of other sizes."""
    _noise(size, found)
    lines = 16
    rig = Rig(size, WeightFormat.PLAIN, lines=lines + 1, prompt=size.prompt)
    alone = _drafts(rig, 1, read=0)
    for others, read in ((1, 0), (4, 0), (lines, 0), (1, 200), (4, 512)):
        drafts = _drafts(rig, others, read)
        same = [float((one.draft == other.draft).float().mean()) for one, other in zip(alone, drafts, strict=True)]
        first, beside = alone[0].entropy, drafts[0].entropy
        found.row(
            beside=others - 1,
            rows_read=read,
            tokens_alike_first_step=same[0],
            tokens_alike_last_step=same[-1],
            entropy_apart_first_step=float((first - beside).norm() / first.norm()),
        )
    again = _drafts(rig, 1, read=0)
    found.bar(
        "a canvas alone is the same again", "all tokens", None, all(map(_same, alone, again)) if size.on_card else None
    )


def _same(one: Canvas, other: Canvas) -> bool:
    return torch.equal(one.draft, other.draft)


def _noise(size: Size, found: Findings) -> None:
    """On the card, and in a batch, noise has the bits it has on the CPU alone."""
    generator = torch.Generator().manual_seed(0)
    keys = Keys(*(torch.randint(0, 2**31, (256,), generator=generator) for _ in range(4)))
    there = Keys(*(key.to(size.device) for key in keys))
    vocab = size.config.vocab_size
    same = torch.equal(tokens(keys, vocab, Use.RENOISE), tokens(there, vocab, Use.RENOISE).to(CPU))
    alone = torch.cat([tokens(Keys(*(key[i : i + 1] for key in there)), vocab, Use.RENOISE) for i in range(32)])
    same &= torch.equal(alone, tokens(there, vocab, Use.RENOISE)[:32])
    ours, theirs = exponentials(keys, 64, Use.SAMPLE), exponentials(there, 64, Use.SAMPLE).to(CPU)
    apart = float(((ours - theirs).abs() / ours).max())
    found.row(noise_tokens_the_same=same, exponentials_apart_at_most=apart)
    found.bar("noise is independent of batch and device", "same tokens", None, same)


def _drafts(rig: Rig, lines: int, read: int) -> list[Canvas]:
    """The first character's canvas after its first step and after its last, with others beside it."""
    denoiser = rig.denoiser()
    chains = rig.chains(lines)
    canvases = [denoiser.canvas(WIDTH, planned=STEPS + 1, seed=seed) for seed in range(lines)]
    reader = rig.store.open(())
    seen = []
    for step in range(STEPS):
        work: list[Work] = [Denoise(*both) for both in zip(chains, canvases, strict=True)]
        if read:
            reader.cut(0)
            assert reader.reserve(read)
            work.append(Read(reader, random_words(read, rig.size.config.vocab_size, 99).tolist()))
        denoiser.step(work)
        if step in (0, STEPS - 1):
            seen.append(_copy(canvases[0]))
    reader.cut(0)
    reader.close()
    return seen


def _copy(canvas: Canvas) -> Canvas:
    made = Canvas(canvas.width, vocab_size=1)
    made.draft, made.entropy = canvas.draft.clone(), canvas.entropy.clone()
    return made
