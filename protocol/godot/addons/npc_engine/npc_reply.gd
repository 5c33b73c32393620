class_name NpcReply
extends RefCounted
## The good end of a request, or one line of a conversation between characters.

const Fields := preload("client/fields.gd")

## The line to show. Empty for requests that are not speech.
var text := ""
## One of the eight emotions of Plutchik's wheel, or "neutral".
var emotion := "neutral"
## What the character wants to do: maps with "name" (text) and "args" (map of text to text). The game decides.
var actions: Array[Dictionary] = []
## Who wrote the line: "model", "partial" (cut by time or by the guard), "authored" (by the character's author). Empty
## for requests that are not speech.
var source := ""
## Why it is not the model's whole line: "late", "busy", "offline" ... Empty if it is.
var reason := ""
## When it may be worth asking again, milliseconds from now; -1 if the daemon did not say.
var retry_after_ms := -1
## Where the time went, by the names of the protocol: "total_ms", "first_ms" ...
var timing := {}
## What is seen, not spoken: the answer to [method NpcClient.describe].
var narration := ""
## Of the save slot; it rises when a save is imported.
var epoch := 0
## The answer to a request that is not speech.
var data := {}
## In a conversation: who says this line, and its number, from 1.
var npc := ""
var n := 0


## What to show, whether it is spoken or seen.
func words() -> String:
	return narration if text.is_empty() else text


## The save that [method NpcClient.save_export] asked for, for the game's own save file; empty if there is none.
func blob() -> PackedByteArray:
	var base64: Variant = data.get("blob")
	return Marshalls.base64_to_raw(base64) if base64 is String and not base64.is_empty() else PackedByteArray()


## A reply as a `done` or a `turn` tells it. What does not fit is noted in [param fields].
static func read(fields: Fields) -> NpcReply:
	var reply := NpcReply.new()
	reply.text = fields.text("text", "")
	reply.emotion = fields.text("emotion", "neutral")
	reply.source = fields.text("source", "")
	reply.reason = fields.text("reason", "")
	reply.retry_after_ms = fields.integer("retry_after_ms", -1)
	reply.timing = fields.map("timing")
	reply.narration = fields.text("narration", "")
	reply.epoch = fields.integer("epoch", 0)
	reply.data = fields.map("data")
	for action: Variant in fields.list("actions"):
		var about := Fields.new(action if action is Dictionary else {})
		reply.actions.append({"name": about.text("name"), "args": about.text_map("args")})
		if not about.fault.is_empty() and fields.fault.is_empty():
			fields.fault = "an action: " + about.fault
	return reply
