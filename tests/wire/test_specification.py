from __future__ import annotations

import re
from typing import get_args

import pytest
from protocol_files import PROTOCOL

from npc_engine import limits
from npc_engine.client.calls import LOOK_MS, RECORD_MS
from npc_engine.client.exchange import BACKLOG_POLLS
from npc_engine.client.npc_client import CONNECT_PATIENCE_MS, DEFAULT_ADDRESS, POLL_MS
from npc_engine.client.offline import SENTENCE_ENDS, SILENCE
from npc_engine.client.requests import GRACE_MS
from npc_engine.client.session import HELLO_RETRY_MS, SILENT_HEARTBEATS
from npc_engine.errors import ErrorCode
from npc_engine.wire.messages import CLIENT_MESSAGES, DAEMON_MESSAGES, Request
from npc_engine.wire.specification import fill

TEXT = (PROTOCOL / "PROTOCOL.md").read_text(encoding="utf-8")
PROSE = " ".join(re.sub(r"(<!-- generated: [\w-]+ -->).*?<!-- end -->", "", TEXT, flags=re.DOTALL).split())


def test_parts_are_replaced_and_the_rest_stays() -> None:
    damaged = re.sub(r"(<!-- generated: limits -->).*?(<!-- end -->)", r"\1\nold\n\2", TEXT, flags=re.DOTALL)
    assert damaged != TEXT
    assert fill(damaged) == TEXT


def test_a_missing_part_is_an_error() -> None:
    with pytest.raises(ValueError, match="generated parts"):
        fill(TEXT.replace("<!-- generated: limits -->", ""))


def test_an_unknown_part_is_an_error() -> None:
    with pytest.raises(ValueError, match="weather"):
        fill(TEXT + "<!-- generated: weather -->\n<!-- end -->\n")


def test_every_message_has_a_chapter_and_every_code_a_row() -> None:
    for message in CLIENT_MESSAGES + DAEMON_MESSAGES:
        assert f"\n### `{message.__struct_config__.tag}`\n" in TEXT
    errors = TEXT.partition("\n## Errors\n")[2]
    for code in ErrorCode:
        assert errors.count(f"\n| `{code}` |") == 1


@pytest.mark.parametrize("tag", [str(message.__struct_config__.tag) for message in DAEMON_MESSAGES + CLIENT_MESSAGES])
def test_the_example_of_a_message_is_its_vector(tag: str) -> None:
    chapter = TEXT.partition(f"\n### `{tag}`\n")[2]
    readable, _, code = chapter.partition("```\n")[2].partition("\n```")[0].partition("\n\n")
    assert f'"t": "{tag}"' in " ".join(readable.split())
    assert f'"name": "{tag}"' in next(
        line
        for line in (PROTOCOL / "vectors" / "valid.json").read_text(encoding="utf-8").splitlines()
        if f'"hex": "{"".join(code.split())}"' in line
    )


def test_the_numbers_in_the_prose_are_those_of_the_client() -> None:
    assert f"`{DEFAULT_ADDRESS}`" in PROSE
    assert f"budget + {GRACE_MS} ms" in PROSE
    assert SILENT_HEARTBEATS == 3
    assert "Three heartbeats from a `ping` without any message" in PROSE
    assert HELLO_RETRY_MS == 2_000
    assert "A `hello` without any answer for 2 s is sent again" in PROSE
    assert CONNECT_PATIENCE_MS == 3_000
    assert "no `welcome` for 3 s" in PROSE
    assert f"the Python client gives {LOOK_MS / 1_000:.0f} s to what only looks" in PROSE
    assert f"and {RECORD_MS / 1_000:.0f} s to the rest" in PROSE
    assert " ".join(f"`{end}`" for end in SENTENCE_ENDS) in PROSE
    assert f"closed with `{SILENCE}` where it stops" in PROSE
    assert f"`{SILENCE}` if it has none" in PROSE
    assert f"the clients here hold their clocks for {BACKLOG_POLLS} polls" in PROSE
    assert f"({POLL_MS} ms in the clients here)" in PROSE


def test_what_data_holds_is_told_of_every_request() -> None:
    table = TEXT.partition("\n## What `done.data` holds\n")[2].partition("\n## ")[0]
    told = re.findall(
        r"`([\w.]+)`", " ".join(row.split(" | ")[0] for row in table.splitlines() if row.startswith("| `"))
    )
    assert sorted(told) == sorted(str(request.__struct_config__.tag) for request in get_args(Request))


def test_the_drivers_take_the_same_errors_as_recoverable() -> None:
    from npc_engine.conformance.python_driver import RECOVERABLE

    drivers = (PROTOCOL / "conformance" / "DRIVER.md").read_text(encoding="utf-8")
    codes = [f"`{code}`" for code in RECOVERABLE]
    listed = f"{', '.join(codes[:-1])} and {codes[-1]}"
    assert f"after {listed}: tell the game that these are **recoverable**" in PROSE
    assert f"`recoverable` is true for {listed}" in " ".join(drivers.split())


def test_the_numbers_in_the_prose_are_those_of_the_daemon() -> None:
    from npc_engine.daemon.desk import REPLY_MARGIN_MS  # the whole front: for this test alone
    from npc_engine.daemon.server import DRAIN_S

    assert f"keeps back {REPLY_MARGIN_MS:.0f} ms of it, or a tenth if that is less" in PROSE
    assert DRAIN_S == 2
    assert "what runs has two seconds to end" in PROSE
    assert f"else after {limits.PENDING_TURN_S:.0f} seconds" in PROSE
    assert limits.REPLY_MEMORY_S == 600
    assert "replies are kept for ten minutes" in PROSE
    assert limits.BUDGET_MAX_MS == 600_000
    assert "above 10 minutes | `error budget_out_of_range`" in PROSE
