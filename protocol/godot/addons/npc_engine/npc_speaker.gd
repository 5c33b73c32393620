@icon("icon.svg")
class_name NpcSpeaker
extends Node
## The voice of one character. Put one under each character of the scene and name it in [member npc].
##
## [codeblock]
## $NpcSpeaker.line_updated.connect(func(text, stable): $Bubble.text = text.left(stable))
## var reply: NpcReply = await $NpcSpeaker.say("Any news from the mill?").finished
## $Bubble.text = reply.text
## [/codeblock]

## Somebody is asked to speak.
signal asked(request: NpcRequest)
## As [signal NpcRequest.updated], of whatever this speaker was last asked.
signal line_updated(text: String, stable: int)
## As [signal NpcRequest.finished].
signal line_finished(reply: NpcReply)
## As [signal NpcRequest.failed].
signal line_failed(code: String, message: String, recoverable: bool)

## The character: an id of the daemon's pack.
@export var npc := ""
## How long the player may wait for a line, milliseconds.
@export_range(50, 10_000, 50, "or_greater", "suffix:ms") var budget_ms := 1_500
## Tell the daemon of each line as soon as it has come that it was shown. Otherwise call [method spoken], for instance
## with as much of it as the player let the character say. What was not shown is not remembered.
@export var confirm_lines := true
## The client to ask. Empty: the first in the scene or among the autoloads.
@export var client: NpcClient

## What was last asked of this character; null before.
var request: NpcRequest

var _open: Array[NpcRequest] = []


func _notification(what: int) -> void:
	if what == NOTIFICATION_PREDELETE:
		cancel()  # nobody is left to say it


## The player says [param text]; the character answers within [param within_ms] (-1: [member budget_ms]). With an empty
## text it speaks first. [param options] as in [method NpcClient.say].
func say(text: String, within_ms := -1, options := {}) -> NpcRequest:
	return _follow(_client().say(npc, text, _budget(within_ms), options))


## A short remark in passing; [param about] is what it refers to.
func bark(about := "", within_ms := -1, options := {}) -> NpcRequest:
	return _follow(_client().bark(npc, about, _budget(within_ms), options))


## Prepare, so that the first word comes at once: call it when the player comes near.
func warm(within_ms := 30_000) -> NpcRequest:
	return _client().warm([npc], within_ms)


## The line of [param line] was shown; [param heard] characters of it, or all (-1).
func spoken(line: NpcRequest, heard := -1) -> NpcRequest:
	return _client().spoken(line, heard)


## End whatever this character is about to say. Each of its requests fails with "cancelled".
func cancel() -> void:
	for open: NpcRequest in _open.duplicate():
		open.cancel()


## Whether a line is on its way.
func is_speaking() -> bool:
	return not _open.is_empty()


func _follow(asked_now: NpcRequest) -> NpcRequest:
	request = asked_now
	_open.append(asked_now)
	asked_now.updated.connect(_on_updated.bind(asked_now))
	asked_now.finished.connect(_on_finished.bind(asked_now))
	asked_now.failed.connect(_on_failed.bind(asked_now))
	asked.emit(asked_now)
	return asked_now


func _on_updated(text: String, stable: int, of: NpcRequest) -> void:
	if of == request:
		line_updated.emit(text, stable)


func _on_finished(reply: NpcReply, of: NpcRequest) -> void:
	_open.erase(of)
	if confirm_lines and of.kind == "say":
		_client().spoken(of)
	if of == request:
		line_finished.emit(reply)


func _on_failed(code: String, message: String, recoverable: bool, of: NpcRequest) -> void:
	_open.erase(of)
	if of == request:
		line_failed.emit(code, message, recoverable)


func _budget(within_ms: int) -> int:
	return budget_ms if within_ms < 0 else within_ms


func _client() -> NpcClient:
	if not is_instance_valid(client):
		client = Engine.get_main_loop().get_first_node_in_group(NpcClient.GROUP) as NpcClient
	if client == null:
		push_error("NpcSpeaker: there is no NpcClient. Enable the NPC engine plugin, or add an NpcClient node.")
		client = NpcClient.new()
		client.auto_connect = false
		add_child(client, false, Node.INTERNAL_MODE_BACK)
	return client
