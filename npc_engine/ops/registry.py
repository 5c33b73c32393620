"""Which operation answers which message."""

from __future__ import annotations

from npc_engine.ops.bark import BarkOp
from npc_engine.ops.base import Op
from npc_engine.ops.cancel import CancelOp
from npc_engine.ops.describe import DescribeOp
from npc_engine.ops.health import HealthOp
from npc_engine.ops.say import SayOp
from npc_engine.ops.spoken import SpokenOp
from npc_engine.ops.warm import WarmOp
from npc_engine.wire.messages import Bark, Cancel, Describe, Health, Message, Say, Spoken, Warm

OPS: dict[type[Message], Op] = {
    Say: SayOp(),
    Describe: DescribeOp(),
    Bark: BarkOp(),
    Warm: WarmOp(),
    Cancel: CancelOp(),
    Spoken: SpokenOp(),
    Health: HealthOp(),
}
