class_name NpcCalls
extends Node
## Every request a game can make, one method each. All return at once; what becomes of a request shows in the
## [NpcRequest] they return.
##
## [param options] are further fields of the message, by their names in the protocol: "slot", "seed", and for
## [method say] also "speaker" and "private". `budget_ms` is the time until the end; what has none is answered at once.

## How long a look at the daemon waits for an answer, milliseconds.
const LOOK_MS := 2_000
## How long what the daemon must know or keep waits for an answer: it outlives a restart, milliseconds.
const RECORD_MS := 30_000
## Requests that are about no save slot.
const SLOTLESS: Array[String] = ["cancel", "spoken", "unspoken", "slot.list", "health"]

## The save slot that requests are about, unless their options say another. Each has a world and memories of its own.
@export var slot := "main"


## The player says [param text] to [param npc], who answers. With an empty text the character speaks first.
func say(npc: String, text: String, budget_ms := 1_500, options := {}) -> NpcRequest:
	return request("say", _joined({"npc": npc, "text": text, "budget_ms": budget_ms}, options))


## What a newcomer sees at [param place] now, in [member NpcReply.narration].
func describe(place: String, budget_ms := 3_000, options := {}) -> NpcRequest:
	return request("describe", _joined({"place": place, "budget_ms": budget_ms}, options))


## A short remark by [param npc] in passing; [param about] is what it refers to. It is not remembered.
func bark(npc: String, about := "", budget_ms := 1_500, options := {}) -> NpcRequest:
	return request("bark", _joined({"npc": npc, "about": about, "budget_ms": budget_ms}, options))


## Prepare for talking to [param npcs], nearest first, so that their first word comes at once.
func warm(npcs: Array, budget_ms := 30_000, options := {}) -> NpcRequest:
	return request("warm", _joined({"npcs": npcs, "budget_ms": budget_ms}, options))


## [param npcs] talk to each other about [param topic], [param turns] lines in all, the first of them begins. Each line
## comes within the budget from the one before, as [signal NpcRequest.turned].
func converse(npcs: Array, topic := "", turns := 4, budget_ms := 3_000, options := {}) -> NpcRequest:
	return request("converse", _joined({"npcs": npcs, "topic": topic, "turns": turns, "budget_ms": budget_ms}, options))


## The game showed the line of [param line]; [param heard] characters of it reached the listeners (-1: all).
func spoken(line: NpcRequest, heard := -1) -> NpcRequest:
	# Of a line that this client ended itself, the daemon knows only what it had published.
	if line.reply != null and line.reply.reason == "offline":
		heard = line.published() if heard < 0 else mini(heard, line.published())
	return request("spoken", {"target": line.id} if heard < 0 else {"target": line.id, "heard": heard})


## The line of [param line] was never shown: nobody remembers it.
func unspoken(line: NpcRequest) -> NpcRequest:
	return request("unspoken", {"target": line.id})


## Tell what is true now: names such as "flags.met_courier" to values. All of it is taken or, if one value does not fit,
## nothing.
func world_set(values: Dictionary, options := {}) -> NpcRequest:
	return request("world.set", _joined({"values": values}, options))


## Ask what is true now, of [param names] or of everything: see "values" in the data of the reply.
func world_get(names := [], options := {}) -> NpcRequest:
	return request("world.get", _joined({"names": names}, options))


## Something happened: one sentence, as a witness would tell it. Those at [param place] saw it; empty: where the player
## is. Options: "npcs" names the witnesses, "importance" is 1 to 10.
func event(text: String, place := "", options := {}) -> NpcRequest:
	return request("event", _joined({"text": text, "place": place}, options))


## The player comes to [param place]. Options: "npcs" are moved there, nearest first; "items" are at hand.
func scene_enter(place: String, options := {}) -> NpcRequest:
	return request("scene.enter", _joined({"place": place}, options))


## The player leaves the place.
func scene_leave(options := {}) -> NpcRequest:
	return request("scene.leave", options)


## Everything of a slot for the game's own save file: see [method NpcReply.blob].
func save_export(options := {}) -> NpcRequest:
	return request("save.export", options)


## Make a slot what it was when [param blob] was exported, or leave it alone and say why.
func save_import(blob: PackedByteArray, options := {}) -> NpcRequest:
	return request("save.import", _joined({"blob": Marshalls.raw_to_base64(blob)}, options))


## Begin a slot anew, whatever was in it.
func slot_new(options := {}) -> NpcRequest:
	return request("slot.new", options)


## Copy a slot to a name that is not taken.
func slot_copy(to: String, options := {}) -> NpcRequest:
	return request("slot.copy", _joined({"to": to}, options))


## The slots this game has: see "slots" in the data of the reply.
func slot_list() -> NpcRequest:
	return request("slot.list", {})


## Delete a slot and all that was remembered in it.
func slot_delete(name: String) -> NpcRequest:
	return request("slot.delete", {"slot": name})


## What the model would be shown if the player said [param text] to [param npc] now. Nothing is generated.
func inspect(npc: String, text := "", options := {}) -> NpcRequest:
	return request("inspect", _joined({"npc": npc, "text": text}, options))


## The daemon's state and counters, in the data of the reply.
func health() -> NpcRequest:
	return request("health", {})


## Any request of the protocol: its type and its fields, without "t" and "id".
func request(_type: String, _fields: Dictionary) -> NpcRequest:
	assert(false, "NpcClient asks")
	return null


static func _joined(fields: Dictionary, options: Dictionary) -> Dictionary:
	return fields.merged(options, true)
