"""Saves and save slots: `save.export`, `save.import`, `slot.new`, `slot.copy`, `slot.list`, `slot.delete`."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from typing import ClassVar, cast

from npc_engine import limits
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.ops.base import OpContext
from npc_engine.ops.warm import prefetch_scene
from npc_engine.storage.rows import Snapshot
from npc_engine.wire.messages import Done, SaveExport, SaveImport, SlotCopy, SlotDelete, SlotNew


class SaveExportOp:
    """A blob of what the slot is now. Lines that pend are kept: the player has seen them."""

    name: ClassVar[str] = "save.export"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("SaveExport", ctx.request)
        scene = ctx.stage.scene(ctx.game, request.slot)
        blob = scene.export()
        data = {"blob": base64.b64encode(blob).decode(), "sha256": hashlib.sha256(blob).hexdigest()}
        return Done(id=request.id, data=data | {"epoch": scene.epoch})


class SaveImportOp:
    """All or nothing. Characters are read in again, those near the player first."""

    name: ClassVar[str] = "save.import"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("SaveImport", ctx.request)
        scene = ctx.stage.scene(ctx.game, request.slot)
        written, warnings = scene.import_(_bytes(request.blob))
        ctx.desk.cancel_slot(ctx.game, request.slot, before=(ctx.session, request.id))
        await asyncio.wrap_future(written)
        prefetch_scene(ctx.stage, ctx.brain, scene, ctx.clock.now_ns())
        return Done(id=request.id, data={"epoch": scene.epoch, "warnings": warnings})


class SlotNewOp:
    """A new game in this slot."""

    name: ClassVar[str] = "slot.new"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("SlotNew", ctx.request)
        scene = ctx.stage.scene(ctx.game, request.slot)
        written = scene.become(Snapshot(scene.epoch + 1, b"", []))
        ctx.desk.cancel_slot(ctx.game, request.slot, before=(ctx.session, request.id))
        await asyncio.wrap_future(written)
        return Done(id=request.id, data={"epoch": scene.epoch})


class SlotCopyOp:
    """A quick save inside the daemon."""

    name: ClassVar[str] = "slot.copy"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("SlotCopy", ctx.request)
        _known(ctx, request.slot)
        if ctx.stage.is_played(ctx.game, request.to):  # perhaps not on disk yet
            raise NpcError(ErrorCode.SLOT_TAKEN)
        scene = ctx.stage.scene(ctx.game, request.slot)
        scene.settle()
        scene.put_state()
        await asyncio.wrap_future(ctx.stage.store.copy(ctx.game, request.slot, request.to))
        return Done(id=request.id)


class SlotListOp:
    """Which slots there are."""

    name: ClassVar[str] = "slot.list"

    async def run(self, ctx: OpContext) -> Done:
        slots = [{"slot": each.name, "epoch": each.epoch, "memories": each.rows} for each in ctx.stage.slots(ctx.game)]
        return Done(id=ctx.request.id, data={"slots": slots})


class SlotDeleteOp:
    """One slot less."""

    name: ClassVar[str] = "slot.delete"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("SlotDelete", ctx.request)
        _known(ctx, request.slot)
        ctx.stage.forget_scene(ctx.game, request.slot)
        ctx.desk.cancel_slot(ctx.game, request.slot, before=(ctx.session, request.id))
        await asyncio.wrap_future(ctx.stage.store.delete(ctx.game, request.slot))
        return Done(id=request.id)


def _bytes(blob: str) -> bytes:
    if len(blob) > limits.SAVE_BYTES * 4 // 3 + 4:
        raise NpcError(ErrorCode.SAVE_TOO_BIG)
    try:
        return base64.b64decode(blob, validate=True)
    except (binascii.Error, ValueError):
        raise NpcError(ErrorCode.SAVE_CORRUPT, "the blob is not base64; give back exactly what was exported") from None


def _known(ctx: OpContext, slot: str) -> None:
    known = {each.name for each in ctx.stage.slots(ctx.game)}
    if slot not in known and not ctx.stage.is_played(ctx.game, slot):
        raise NpcError(
            ErrorCode.UNKNOWN_SLOT, f"no slot `{slot[:40]}`; this game has {', '.join(sorted(known)) or 'none'}"
        )
