"""JSON Schema 2020-12 of every message, generated from `messages.py`."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

import msgspec

from npc_engine.wire.messages import VERSIONS, ClientMessage, DaemonMessage


def schema() -> dict[str, Any]:
    """The document. `$defs` holds `ClientMessage`, `DaemonMessage` and every struct and enum by its class's name.

    It describes what decodes. Two bounds are wider here than a daemon's rules, which have error codes of their own:
    `budget_ms` (`budget_out_of_range`) and `say.text` (`text_too_long`).
    """
    directions, components = msgspec.json.schema_components(
        (ClientMessage, DaemonMessage), ref_template="#/$defs/{name}"
    )
    client, daemon = directions
    for component in components.values():
        if "description" in component:
            component["description"] = cleandoc(component["description"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Messages of the NPC engine's protocol, version {VERSIONS[0]}",
        "description": "One message is one MessagePack map. Unknown keys are allowed and ignored.",
        "anyOf": [{"$ref": "#/$defs/ClientMessage"}, {"$ref": "#/$defs/DaemonMessage"}],
        "$defs": {"ClientMessage": client, "DaemonMessage": daemon, **components},
    }
