"""What model work costs on this machine: milliseconds per step by batch size and per prefill token, learned online.

The figures handed out are *planning* figures: the mean plus `CAUTION` mean deviations. An observation is the average
over one whole job, so the deviation is the one between jobs (other programs, other batches, heat). That does not
average out over the steps of a job, and is therefore added to every step.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from npc_engine.jobs import EngineCaps

#: Mean absolute deviations added to a mean. 2 is about the 95th percentile of a normal distribution, whose mean
#: absolute deviation is 0.8 standard deviations.
CAUTION = 2.0
#: Weight of a new observation once the average has settled: half of what is believed is renewed every four jobs.
GAIN = 0.15
#: An observation counts as at most this many deviations away from the mean: a lone outlier moves the mean little, a
#: lasting change widens the deviation and is followed geometrically. (The mean and deviation of Jacobson's round-trip
#: estimator, 1988, with a residual cut off as in Huber's.)
CLAMP = 4.0
#: The least deviation the clamp assumes, as a part of the mean: a machine that never varied may still change.
LEAST_DEVIATION = 0.05
#: What a prior counts for, in observations.
PRIOR_WEIGHT = 0.25
#: The first `FEW` observations differ from a prior by the prior's error, which is no sign of how jobs vary: meanwhile
#: the deviation is taken to be this part of the mean, and the clamp to be the mean itself.
PRIOR_DEVIATION = 0.1
FEW = 4.0
#: A batch size not observed for so many jobs is forgotten and guessed from its neighbours again. Figures that are too
#: high would else keep the engine from ever running that many jobs, and so from learning better.
FORGET_AFTER_JOBS = 64
#: The best a machine may do, as a part of the prior, as long as nothing was measured: it may be a very fast one.
HOPE = 0.1
#: Shorter prefills count in proportion: their fixed overhead hides the price of a token.
FULL_WEIGHT_TOKENS = 32


class CostPriors(msgspec.Struct, frozen=True, array_like=True):
    """What to believe before anything was measured.

    `step_ms` is a step with one job running; each further job adds `growth` of it. `prefill_token_ms` is one uncached
    prompt token.
    """

    step_ms: float
    growth: float
    prefill_token_ms: float

    def at(self, batch: int) -> float:
        """Believed milliseconds of a step with `batch` jobs running."""
        return self.step_ms * (1.0 + self.growth * (batch - 1))


#: By `EngineCaps.kind`. "append": a 0.5B model measured on two processor cores. "draft": a 26B mixture of experts on a
#: large GPU, by arithmetic from its bandwidth. They are a first guess; some jobs later it no longer counts.
PRIORS = {
    "append": CostPriors(step_ms=23.0, growth=0.5, prefill_token_ms=6.0),
    "draft": CostPriors(step_ms=15.0, growth=0.03, prefill_token_ms=0.02),
}


def priors_of(caps: EngineCaps) -> CostPriors:
    """What an engine measured of itself, and the first guess for its kind where it did not."""
    guess = PRIORS[caps.kind]
    return CostPriors(
        step_ms=caps.step_ms or guess.step_ms,
        growth=caps.step_growth if caps.step_ms else guess.growth,
        prefill_token_ms=caps.prefill_token_ms or guess.prefill_token_ms,
    )


class Estimate(msgspec.Struct, frozen=True, array_like=True):
    """A running mean and mean absolute deviation, robust against outliers. `best` is the lowest mean measured."""

    mean: float
    deviation: float
    best: float
    weight: float = PRIOR_WEIGHT

    @classmethod
    def prior(cls, mean: float) -> Estimate:
        """A belief without an observation."""
        return cls(mean, mean * PRIOR_DEVIATION, mean * HOPE)

    @classmethod
    def exact(cls, value: float) -> Estimate:
        """`value` without any doubt."""
        return cls(value, 0.0, value)

    @property
    def planned(self) -> float:
        """The value to plan with."""
        return self.mean + CAUTION * self.deviation

    def observed(self, value: float, weight: float = 1.0) -> Estimate:
        """The estimate after one more observation: a plain average at first, an exponential one later."""
        total = self.weight + weight
        gain = max(GAIN * weight, weight / total)
        settled = total > FEW
        reach = CLAMP * max(self.deviation, LEAST_DEVIATION * self.mean) if settled else self.mean
        surprise = min(max(value - self.mean, -reach), reach)
        mean = self.mean + gain * surprise
        deviation = self.deviation + gain * (abs(surprise) - self.deviation) if settled else mean * PRIOR_DEVIATION
        best = min(self.best if self.weight > PRIOR_WEIGHT else value, mean)
        return Estimate(mean, deviation, best, total)

    def at_least(self, value: float) -> Estimate:
        """The estimate after something was given up that had cost `value` already: it will not be better than that."""
        return Estimate(self.mean, self.deviation, min(max(self.best, value), self.mean), self.weight)

    def moved(self, other: Estimate) -> Estimate:
        """`other`, remembering the better of both best values."""
        return Estimate(other.mean, other.deviation, min(self.best, other.best), other.weight)

    def towards(self, other: Estimate, part: float) -> Estimate:
        """The belief `part` of the way from this one to `other`."""
        return Estimate(
            self.mean + part * (other.mean - self.mean),
            self.deviation + part * (other.deviation - self.deviation),
            self.best + part * (other.best - self.best),
        )

    def scaled(self, factor: float) -> Estimate:
        """The belief for something `factor` times as large."""
        return Estimate(self.mean * factor, self.deviation * factor, self.best * factor)


class CostSnapshot(msgspec.Struct, frozen=True, array_like=True):
    """All that a cost model knows, small enough to cross the pipe after every job."""

    priors: CostPriors
    prefill_token: Estimate
    steps: dict[int, Estimate]


class CostModel:
    """Milliseconds per step and per prefill token, learned from finished jobs.

    A step never costs less with more jobs in it: the newest observation is believed, and what contradicts it at other
    batch sizes is moved to it. A size not seen yet lies on the line between its neighbours; beyond the sizes seen the
    shape of the prior goes on.
    """

    def __init__(self, priors: CostPriors = PRIORS["append"]) -> None:
        self._priors = priors
        self._prefill_token = Estimate.prior(priors.prefill_token_ms)
        self._steps: dict[int, Estimate] = {}
        self._last_seen: dict[int, int] = {}
        self._observations = 0

    @classmethod
    def from_snapshot(cls, snapshot: CostSnapshot) -> CostModel:
        """A model that knows what `snapshot` knows."""
        model = cls(snapshot.priors)
        model._prefill_token = snapshot.prefill_token
        model._steps = dict(snapshot.steps)
        return model

    def snapshot(self) -> CostSnapshot:
        """What is known now, as a value."""
        return CostSnapshot(self._priors, self._prefill_token, dict(self._steps))

    def observe_step(self, batch: int, ms: float) -> None:
        """Learn that the steps of a job took `ms` each, with `batch` jobs running. Ignores what cannot be."""
        if batch < 1 or ms <= 0:
            return
        newest = self._estimate(batch).observed(ms)
        for size, known in self._steps.items():
            if (size - batch) * (known.planned - newest.planned) < 0:
                self._steps[size] = known.moved(newest)
        self._steps[batch] = newest
        self._observations += 1
        self._last_seen[batch] = self._observations
        self._steps = {
            size: known
            for size, known in self._steps.items()
            if self._observations - self._last_seen.get(size, 0) < FORGET_AFTER_JOBS
        }

    def observe_prefill(self, tokens: int, ms: float) -> None:
        """Learn that `tokens` uncached prompt tokens took `ms` together. Ignores what cannot be."""
        if tokens < 1 or ms <= 0:
            return
        weight = min(1.0, tokens / FULL_WEIGHT_TOKENS)
        self._prefill_token = self._prefill_token.observed(ms / tokens, weight)

    def observe_unfinished_prefill(self, tokens: int, ms: float) -> None:
        """Learn that `ms` were not enough for `tokens` uncached prompt tokens."""
        if tokens >= 1:
            self._prefill_token = self._prefill_token.at_least(ms / tokens)

    def step_ms(self, batch: int) -> float:
        """Milliseconds to plan for one step with `batch` jobs running."""
        return self._estimate(batch).planned

    def prefill_ms(self, tokens: int) -> float:
        """Milliseconds to plan for `tokens` uncached prompt tokens."""
        return tokens * self._prefill_token.planned

    def estimate_ms(self, prefill_tokens: int, steps: int, batch: int) -> float:
        """Milliseconds to plan for a whole job."""
        return self.prefill_ms(prefill_tokens) + steps * self.step_ms(batch)

    def at_best(self) -> CostModel:
        """The same machine on its best day so far: for trying what the present figures rule out.

        Only work that runs is learned from. Without such tries, figures from a slow minute would forbid the very work
        that would correct them.
        """
        priors = self._priors
        hopeful = CostPriors(priors.step_ms * HOPE, priors.growth, priors.prefill_token_ms * HOPE)
        return self._certain(hopeful, lambda known: known.best)

    def at_mean(self) -> CostModel:
        """The same machine without caution."""
        return self._certain(self._priors, lambda known: known.mean)

    def _certain(self, priors: CostPriors, figure: Callable[[Estimate], float]) -> CostModel:
        """A model that takes `figure` of all it has measured for exact, and believes `priors` of the rest."""
        model = CostModel(priors)
        model._prefill_token = Estimate.exact(figure(self._prefill_token))
        model._steps = {size: Estimate.exact(figure(known)) for size, known in self._steps.items()}
        return model

    def _estimate(self, batch: int) -> Estimate:
        if known := self._steps.get(batch):
            return known
        below = max((size for size in self._steps if size < batch), default=0)
        above = min((size for size in self._steps if size > batch), default=0)
        if below and above:
            return self._steps[below].towards(self._steps[above], (batch - below) / (above - below))
        if nearest := below or above:
            return self._steps[nearest].scaled(self._priors.at(batch) / self._priors.at(nearest))
        return Estimate.prior(self._priors.at(batch))
