from __future__ import annotations

import pytest

from npc_engine.client.codec import FrameError
from npc_engine.client.offline import OfflineLines


def test_lines_take_turns() -> None:
    lines = OfflineLines()
    lines.learn({"marta": ["one", "two"]})
    assert [lines.reply("marta", "").text for _ in range(4)] == ["one", "two", "one", "two"]


def test_who_has_no_lines_is_silent() -> None:
    lines = OfflineLines()
    lines.learn({"marta": []})
    for subject in ("marta", "bram", ""):
        reply = lines.reply(subject, "")
        assert (reply.text, reply.source, reply.reason) == ("...", "authored", "offline")


@pytest.mark.parametrize(("published", "text"), [("Evening.", "Evening."), ("Even", "Even..."), ("来吧。", "来吧。")])
def test_what_was_published_stands(published: str, text: str) -> None:
    reply = OfflineLines().reply("marta", published)
    assert (reply.text, reply.source, reply.reason) == (text, "partial", "offline")


@pytest.mark.parametrize("wrong", [{"marta": "line"}, {"marta": [1]}, {"marta": {}}])
def test_mistyped_lines_are_refused_and_the_old_ones_kept(wrong: dict[str, object]) -> None:
    lines = OfflineLines()
    lines.learn({"marta": ["one"]})
    with pytest.raises(FrameError):
        lines.learn(wrong)
    assert lines.reply("marta", "").text == "one"
