"""Which operation answers which message."""

from __future__ import annotations

from npc_engine.ops.bark import BarkOp
from npc_engine.ops.base import Op
from npc_engine.ops.cancel import CancelOp
from npc_engine.ops.converse import ConverseOp
from npc_engine.ops.describe import DescribeOp
from npc_engine.ops.health import HealthOp
from npc_engine.ops.inspect import InspectOp
from npc_engine.ops.say import SayOp
from npc_engine.ops.scene import SceneEnterOp, SceneLeaveOp
from npc_engine.ops.slots import SaveExportOp, SaveImportOp, SlotCopyOp, SlotDeleteOp, SlotListOp, SlotNewOp
from npc_engine.ops.spoken import SpokenOp, UnspokenOp
from npc_engine.ops.warm import WarmOp
from npc_engine.ops.world import EventOp, WorldGetOp, WorldSetOp
from npc_engine.wire import messages
from npc_engine.wire.messages import Message

OPS: dict[type[Message], Op] = {
    messages.Say: SayOp(),
    messages.Describe: DescribeOp(),
    messages.Bark: BarkOp(),
    messages.Converse: ConverseOp(),
    messages.Warm: WarmOp(),
    messages.Cancel: CancelOp(),
    messages.Spoken: SpokenOp(),
    messages.Unspoken: UnspokenOp(),
    messages.WorldSet: WorldSetOp(),
    messages.WorldGet: WorldGetOp(),
    messages.Event: EventOp(),
    messages.SceneEnter: SceneEnterOp(),
    messages.SceneLeave: SceneLeaveOp(),
    messages.SaveExport: SaveExportOp(),
    messages.SaveImport: SaveImportOp(),
    messages.SlotNew: SlotNewOp(),
    messages.SlotCopy: SlotCopyOp(),
    messages.SlotList: SlotListOp(),
    messages.SlotDelete: SlotDeleteOp(),
    messages.Inspect: InspectOp(),
    messages.Health: HealthOp(),
}
