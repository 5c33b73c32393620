"""What the user typed becomes a worker's configuration, or an error before anything is fetched or started."""

from __future__ import annotations

import pytest

from npc_engine.cli.engine_options import worker_config
from npc_engine.errors import ErrorCode, NpcError


def test_an_unknown_engine_is_refused_before_a_model_is_looked_for() -> None:
    with pytest.raises(NpcError, match="scripted") as caught:
        worker_config(
            engine="bogus", model=None, threads=0, parallel=4, context_tokens=2_048, options=[], log_level="WARNING"
        )
    assert caught.value.code is ErrorCode.ENGINE_UNKNOWN
