"""An engine under test with its clock: starts tasks, polls them to their end."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

from npc_engine.clock import NS_PER_MS, NS_PER_S, Clock
from npc_engine.engines.base import Engine
from npc_engine.jobs import Draft, EngineTask, Finished, Plan, Sampling, TextSlot, Update

#: Polls after which a test gives up on an engine that says nothing.
POLLS = 20_000
GREEDY = Sampling(temperature=0.0, seed=7)
LINE = TextSlot(stop=("<|",))
#: Each longer than a full plan, with several sentences; also what a model is shown of the character's voice.
SCRIPT = (
    "Evening, traveller. Wipe those boots before you come any further. The river has been over the road since Tuesday.",
    "There is stew in the pot and a bed upstairs. The stew is the better of the two. Pay the girl by the door, please.",
    "You look as wet as the miller's dog. Sit by the fire, then tell me everything. I have all night and no customers.",
)


def persona(name: str) -> str:
    return (
        f"<|im_start|>system\n{name} keeps the inn by the river. {name} is warm and curious, and likes to tell guests "
        f"about the flood, the mill and the old bridge in long whole sentences.<|im_end|>\n"
    )


def question(words: str) -> str:
    return f"<|im_start|>user\n{words}<|im_end|>\n<|im_start|>assistant\n"


@dataclass
class Rig:
    engine: Engine
    clock: Clock
    deterministic: bool
    plan: Plan
    ids: count[int] = field(default_factory=lambda: count(1))

    @property
    def drafts(self) -> bool:
        """Whether the engine rewrites its line each step."""
        return self.engine.caps.kind == "draft"

    def task(self, text: str = "", **changes: Any) -> EngineTask:
        """A line by one character, unless `changes` say otherwise."""
        text = text or persona("Marta") + question("What happened to the bridge?")
        fields: dict[str, Any] = {
            "id": next(self.ids),
            "cache_key": "marta",
            "tokens": tuple(self.engine.tokenise(text, special=True)),
            "slots": (LINE,),
            "sampling": GREEDY,
            "plan": self.plan,
            "script": SCRIPT,
        }
        return EngineTask(**(fields | changes))

    def poll(self) -> list[Update]:
        return self.engine.poll(self.clock.now_ns() + NS_PER_S)

    def drain(self) -> list[Update]:
        """What is left to tell, after everything has ended."""
        return [update for _ in range(20) for update in self.engine.poll(self.clock.now_ns() + 5 * NS_PER_MS)]

    def run_all(self, *tasks: EngineTask) -> dict[int, tuple[list[Draft], Finished]]:
        """Run the tasks at once; returns the drafts and the one end of each."""
        for task in tasks:
            self.engine.start(task)
        return self.finish(*(task.id for task in tasks))

    def finish(self, *ids: int) -> dict[int, tuple[list[Draft], Finished]]:
        drafts: dict[int, list[Draft]] = {job_id: [] for job_id in ids}
        ends: dict[int, Finished] = {}
        for _ in range(POLLS):
            if len(ends) == len(ids):
                return {job_id: (drafts[job_id], ends[job_id]) for job_id in ids}
            for update in self.poll():
                assert update.id not in ends, f"{update} after the end"
                if isinstance(update, Finished):
                    ends[update.id] = update
                else:
                    drafts[update.id].append(update)
        raise AssertionError(f"{set(ids) - set(ends)} did not end")

    def run(self, task: EngineTask) -> tuple[list[Draft], Finished]:
        return self.run_all(task)[task.id]

    def end(self, task: EngineTask) -> Finished:
        return self.run(task)[1]
