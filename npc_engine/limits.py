"""Every bound the engine puts on what it is given, in one place."""

from __future__ import annotations

#: Largest frame a peer may send (libzmq MAXMSGSIZE), bytes.
FRAME_BYTES = 1 << 20
#: Frames one message may have; libzmq bounds each frame but not their number.
MESSAGE_FRAMES = 1
#: Largest MessagePack nesting any message of the protocol needs.
NESTING = 8
#: Longest player line, Unicode code points.
TEXT_CHARS = 2_000
#: Longest name, id, flag or place, Unicode code points.
NAME_CHARS = 128
#: Budgets, milliseconds.
BUDGET_MIN_MS = 1
BUDGET_MAX_MS = 600_000
#: Largest integer every client language holds exactly (2**53, IEEE 754 double).
INTEGER_MAX = 1 << 53
#: Requests in flight, whole daemon and one client.
TABLE_REQUESTS = 1_024
CLIENT_REQUESTS = 128
#: Characters one `warm` may name.
WARM_NPCS = 64
#: Characters and lines of one conversation between characters.
CONVERSE_NPCS = 8
CONVERSE_TURNS = 32
#: Values one `world.set` or `world.get` may name, things a scene may hold, variables a game may set beyond the pack's.
WORLD_VALUES = 256
SCENE_ITEMS = 64
VARIABLES = 1_024
#: Sessions the daemon remembers at once.
SESSIONS = 256
#: A finished reply is kept this long for a client that resends its request, seconds.
REPLY_MEMORY_S = 600.0
#: Finished replies kept at most, whole daemon.
REPLY_MEMORY = 16_384
#: A finished line becomes memory after this long without `spoken`, seconds.
PENDING_TURN_S = 30.0
#: Bytes queued for one client that does not read, before drafts are dropped and it is evicted.
OUTBOX_BYTES = 256 << 10
#: Bytes the operating system may hold for one client; left alone it would grow to megabytes.
SEND_BUFFER_BYTES = 64 << 10
#: Silence after which a client is forgotten, and the interval at which it should ping, milliseconds.
CLIENT_SILENCE_MS = 30_000
HEARTBEAT_MS = 2_000
#: Character-pack files: bytes and YAML nesting.
PACK_FILE_BYTES = 256 << 10
PACK_DEPTH = 16
#: A save: bytes of the blob, which travels as base64 inside a frame, and of what it expands to.
SAVE_BYTES = (FRAME_BYTES - (4 << 10)) // 4 * 3
SAVE_EXPANDED_BYTES = 8 << 20
#: A character card that may be imported, bytes, and what a compressed part of it may expand to.
CARD_BYTES = 32 << 20
CARD_EXPANDED_BYTES = 8 << 20
