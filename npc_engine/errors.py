"""Every error the engine reports, as one closed enum shared with the protocol's specification."""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    """Why a request or a command failed."""

    BAD_FRAME = "bad_frame"
    BAD_MESSAGE = "bad_message"
    UNKNOWN_TYPE = "unknown_type"
    VERSION_UNSUPPORTED = "version_unsupported"
    UNAUTHORISED = "unauthorised"
    HELLO_FIRST = "hello_first"
    SESSION_TAKEN = "session_taken"
    UNKNOWN_NPC = "unknown_npc"
    UNKNOWN_PLACE = "unknown_place"
    UNKNOWN_NAME = "unknown_name"
    BAD_VALUE = "bad_value"
    UNKNOWN_SLOT = "unknown_slot"
    SLOT_TAKEN = "slot_taken"
    SAVE_CORRUPT = "save_corrupt"
    SAVE_TOO_NEW = "save_too_new"
    SAVE_TOO_OLD = "save_too_old"
    SAVE_TOO_BIG = "save_too_big"
    STORAGE_FAILED = "storage_failed"
    TEXT_TOO_LONG = "text_too_long"
    BUDGET_OUT_OF_RANGE = "budget_out_of_range"
    DUPLICATE_ID = "duplicate_id"
    TABLE_FULL = "table_full"
    CANCELLED = "cancelled"
    INTERNAL = "internal"
    # Raised by commands, never sent on the wire.
    PACK_INVALID = "pack_invalid"
    CARD_INVALID = "card_invalid"
    STORAGE_IN_USE = "storage_in_use"
    MODEL_UNKNOWN = "model_unknown"
    MODEL_MISSING = "model_missing"
    MODEL_CORRUPT = "model_corrupt"
    MODEL_TOO_LARGE = "model_too_large"
    DOWNLOAD_FAILED = "download_failed"
    DISK_FULL = "disk_full"
    ENGINE_UNKNOWN = "engine_unknown"
    ENGINE_UNAVAILABLE = "engine_unavailable"
    ENGINE_FAILED = "engine_failed"
    BIND_REFUSED = "bind_refused"
    ADDRESS_IN_USE = "address_in_use"
    DAEMON_UNREACHABLE = "daemon_unreachable"


#: One sentence per code: what happened, then what to do about it.
EXPLANATIONS: dict[ErrorCode, str] = {
    ErrorCode.BAD_FRAME: "The frame is not one MessagePack map within the limits. Fix the encoder; the link stays up.",
    ErrorCode.BAD_MESSAGE: "A field is missing, mistyped or out of range; the message names it. Fix it and send again.",
    ErrorCode.UNKNOWN_TYPE: "This daemon knows no message with that `t`. Check the spelling and the protocol version.",
    ErrorCode.VERSION_UNSUPPORTED: "Client and daemon share no protocol version. Update the older of the two.",
    ErrorCode.UNAUTHORISED: "The token is missing or wrong. Read it from the daemon's token file.",
    ErrorCode.HELLO_FIRST: "This connection has not said `hello`, or the daemon restarted. Send `hello`, then resend.",
    ErrorCode.SESSION_TAKEN: "Another connection said `hello` with this session. Pick a random session per client.",
    ErrorCode.UNKNOWN_NPC: "The loaded pack has no such character. The message lists the nearest names.",
    ErrorCode.UNKNOWN_PLACE: "The loaded pack has no such place. The message lists the nearest names.",
    ErrorCode.UNKNOWN_NAME: "The loaded pack declares no such value. The message lists the nearest names.",
    ErrorCode.BAD_VALUE: "The value does not fit its name; the message says what would. Nothing was changed.",
    ErrorCode.UNKNOWN_SLOT: "This game has no such save slot. `slot.list` shows those it has.",
    ErrorCode.SLOT_TAKEN: "There is a save slot of that name. Choose another, or delete it first.",
    ErrorCode.SAVE_CORRUPT: "The blob is no save, or was damaged. Nothing was changed; use an older save.",
    ErrorCode.SAVE_TOO_NEW: "The save was made by a newer version of the engine. Update the engine.",
    ErrorCode.SAVE_TOO_OLD: "The save is older than any version this engine can read.",
    ErrorCode.SAVE_TOO_BIG: "The save is larger than the engine takes. Nothing was changed.",
    ErrorCode.STORAGE_FAILED: "The database could not be read or written; the message says why. Is the disk full?",
    ErrorCode.TEXT_TOO_LONG: "The text is longer than `welcome.limits.text_chars` code points. Shorten it.",
    ErrorCode.BUDGET_OUT_OF_RANGE: "`budget_ms` is outside `welcome.limits`. Use a value inside it.",
    ErrorCode.DUPLICATE_ID: "This id was used with different content in the last ten minutes. Count ids upwards.",
    ErrorCode.TABLE_FULL: "Too many requests are in flight. Wait `retry_after_ms`, or cancel some.",
    ErrorCode.CANCELLED: "The client cancelled it, or its save slot was loaded, begun anew or deleted.",
    ErrorCode.INTERNAL: "A fault in the daemon; its log has the details. The request may be sent again under a new id.",
    ErrorCode.PACK_INVALID: "A file of the character pack is wrong; the message gives file, line and column.",
    ErrorCode.CARD_INVALID: "The file is no character card this importer can read; the message says why.",
    ErrorCode.STORAGE_IN_USE: "Another daemon keeps its saves there. Stop that one, or give another `--saves`.",
    ErrorCode.MODEL_UNKNOWN: "The catalogue has no model of that name. `npc-engine models list` shows them.",
    ErrorCode.MODEL_MISSING: "The model is not on this machine yet. Run `npc-engine models pull`.",
    ErrorCode.MODEL_CORRUPT: "The file's SHA-256 differs from the published one. Delete it and pull again.",
    ErrorCode.MODEL_TOO_LARGE: "The model needs more memory than this machine has free. Pick a smaller one.",
    ErrorCode.DOWNLOAD_FAILED: "No source answered. Check the network; the finished parts are kept for the next try.",
    ErrorCode.DISK_FULL: "The disk has no room for the file. Free the stated amount or set `NPC_ENGINE_HOME`.",
    ErrorCode.ENGINE_UNKNOWN: "No engine of that name. The message lists those that exist.",
    ErrorCode.ENGINE_UNAVAILABLE: "The engine's library is not installed. The message gives the pip command.",
    ErrorCode.ENGINE_FAILED: "The engine could not load or run the model; the message says why.",
    ErrorCode.BIND_REFUSED: "Only loopback may be bound without CURVE keys. Use 127.0.0.1 or give `--curve`.",
    ErrorCode.ADDRESS_IN_USE: "Another process holds that address. Stop it, or choose another `--port`.",
    ErrorCode.DAEMON_UNREACHABLE: "No daemon answers at that address. Start one with `npc-engine serve`.",
}


class NpcError(Exception):
    """An error with a code, a plain sentence and, where it helps, when to try again (milliseconds)."""

    def __init__(self, code: ErrorCode, message: str = "", *, retry_after_ms: int | None = None) -> None:
        self.code = code
        self.message = message or EXPLANATIONS[code]
        self.retry_after_ms = retry_after_ms
        super().__init__(f"{code.value}: {self.message}")
