class_name NpcRequest
extends RefCounted
## One request, from the call to its one end. The client changes it while it is polled; the game reads it.
##
## [codeblock]
## var reply: NpcReply = await speaker.say("Any news from the mill?").finished
## [/codeblock]
## Speech always finishes, unless it was cancelled or could not be asked at all. [method outcome] waits for either end.

const Writer := preload("wire/message_writer.gd")
const Fields := preload("client/fields.gd")

## More of the text has come. [param text] is all of it so far; its first [param stable] characters are final.
signal updated(text: String, stable: int)
## The next line of a conversation between characters.
signal turned(turn: NpcReply)
## The good end.
signal finished(reply: NpcReply)
## The bad end. [param recoverable]: the same request, asked again later, may succeed.
signal failed(code: String, message: String, recoverable: bool)
## Either end, after [signal finished] or [signal failed]: look at [member reply].
signal ended(request: NpcRequest)

## How long after its budget a request waits for the daemon's answer to travel, milliseconds.
const GRACE_MS := 50
## Failures that another try may mend.
const RECOVERABLE: Array[String] = ["daemon_unreachable", "internal", "storage_failed", "table_full"]

## Counts the requests of a client from 1.
var id := 0
## The type of its message: "say", "bark" ...
var kind := ""
## The character or place it is about; empty if it is about neither.
var subject := ""
## "queued" (not sent yet), "sent", "accepted", "streaming", then "done" or "failed".
var state := "queued"
## The line so far. Its first [member stable] characters will not change any more.
var text := ""
var stable := 0
## The lines so far of a conversation between characters.
var turns: Array[NpcReply] = []
## How it ended well; null until then, and if it failed.
var reply: NpcReply
## How it ended badly: one of the protocol's error codes, and a sentence for the developer.
var error_code := ""
var error_message := ""
## When it may be worth asking again, milliseconds; -1 if nobody said.
var retry_after_ms := -1

var _fields := {}
var _slot := ""
var _patience_ms := 0
var _deadline_us := 0
var _frame := PackedByteArray()
var _seq := -1
var _published := 0
var _exchange: WeakRef


## Made by the client. [param patience_ms] is how long it may take.
func _init(fields: Dictionary, patience_ms: int, slot: String, exchange: RefCounted, now_us: int) -> void:
	id = fields["id"]
	kind = fields["t"]
	for key: String in ["npc", "place"]:
		if subject.is_empty() and fields.get(key) is String:
			subject = fields[key]
	_fields = fields
	_slot = slot
	_patience_ms = patience_ms
	_exchange = weakref(exchange)
	_wait_from(now_us)


## End it with the error "cancelled". Does nothing once it has ended.
func cancel() -> void:
	var exchange: Object = _exchange.get_ref()
	if exchange != null:
		exchange.cancel(self)


## Wait for the end, if it has not come yet: the reply, or null if it failed.
## [codeblock]
## var reply := await speaker.say("Any news from the mill?").outcome()
## [/codeblock]
func outcome() -> NpcReply:
	if not is_ended():
		await ended
	return reply


func is_ended() -> bool:
	return state == "done" or state == "failed"


## Whether the same request, asked again, may succeed.
func is_recoverable() -> bool:
	return error_code in RECOVERABLE


## Whether the answer is a text for the player, so that there is a line to fall back on.
func is_speech() -> bool:
	return kind == "say" or kind == "describe" or kind == "bark"


## Code points that the daemon itself has declared final, for what only it may remember.
func published() -> int:
	return _published


## Whether a daemon may be working on it.
func _is_sent() -> bool:
	return not _frame.is_empty() and not is_ended()


## Whether the player may have seen some of the answer, so that it cannot begin anew.
func _was_seen() -> bool:
	return _published > 0 or not turns.is_empty()


## The bytes to send; empty if too little of the budget is left, or if [param writer] has an error. A first sending
## tells what is left of the budget by now; a resend repeats the first, byte for byte.
func _bytes(writer: Writer, now_us: int) -> PackedByteArray:
	if not _frame.is_empty():
		return _frame
	@warning_ignore("integer_division")
	var left_ms := (_deadline_us - now_us) / 1000 - GRACE_MS
	if left_ms < 1:
		return PackedByteArray()
	if not _fields.get("budget_ms") is int:
		return writer.write(_fields)
	var message := _fields.duplicate()
	message["budget_ms"] = left_ms
	return writer.write(message)


func _sent(frame: PackedByteArray) -> void:
	_frame = frame
	if state == "queued":
		state = "sent"


## The daemon that knew this request is gone: back to the queue.
func _forgotten() -> void:
	_frame = PackedByteArray()
	_seq = -1
	state = "queued"
	text = ""


func _accepted() -> void:
	if state == "sent":
		state = "accepted"


## Take the text of an `update`. False if it is an old one, or none: then [param fields] has a fault.
func _update(fields: Fields) -> bool:
	var seq := fields.integer("seq")
	var newer := fields.text("text")
	var final := fields.integer("stable")
	if fields.fault.is_empty() and (final < 0 or final > newer.length()):
		fields.fault = "`stable` is not a length within `text`"
	if not fields.fault.is_empty() or seq <= _seq:
		return false
	_seq = seq
	text = newer
	stable = final
	_published = final
	state = "streaming"
	return true


## Take a line of a conversation, and wait for the one after it; null if it is an old one, or more than was asked for.
func _turn(fields: Fields, now_us: int) -> NpcReply:
	var turn := NpcReply.read(fields)
	turn.n = fields.integer("n")
	turn.npc = fields.text("npc")
	var last: int = turns[-1].n if not turns.is_empty() else 0
	var wanted: Variant = _fields.get("turns", 4)
	if not fields.fault.is_empty() or turn.n <= last or not wanted is int or turn.n > wanted:
		return null
	turns.append(turn)
	_wait_from(now_us)
	state = "streaming"
	return turn


func _finish(good: NpcReply) -> void:
	state = "done"
	reply = good
	retry_after_ms = good.retry_after_ms
	text = good.words()
	stable = text.length()


func _fail(code: String, message: String, retry_ms: int) -> void:
	state = "failed"
	error_code = code
	error_message = message
	retry_after_ms = retry_ms


func _wait_from(now_us: int) -> void:
	_deadline_us = now_us + (_patience_ms + GRACE_MS) * 1000
