@icon("icon.svg")
class_name NpcClient
extends NpcCalls
## Talks to an NPC engine without ever blocking the game. One node is enough, in the scene or as the autoload that the
## plugin adds; each [NpcSpeaker] finds it.
##
## It connects by itself and again when the daemon comes back. What is asked before that is kept, within its budget.
## Everything happens on the main thread, in `_process`, for about [member poll_max_ms] a frame at most.

## Whether lines can come from the model right now. Requests are welcome in any case.
signal ready_changed(is_ready: bool)
## The daemon's state has changed, see [member state].
signal state_changed(state: String)

const Credentials := preload("client/credentials.gd")
const DaemonProcess := preload("client/daemon_process.gd")
const Exchange := preload("client/exchange.gd")
const Link := preload("wire/link.gd")
const Session := preload("client/session.gd")
const Writer := preload("wire/message_writer.gd")

const NAME := "npc_engine.godot/0.1.0"
## Nodes that an [NpcSpeaker] may use.
const GROUP := &"npc_clients"
## Without a daemon for this long the state is "offline" and no longer "connecting".
const CONNECT_PATIENCE_US := 3_000_000
## A child that dies is started again, unless it served for less than this: then it would die again and again.
const SERVED_US := 5_000_000
const LOOPBACK: Array[String] = ["127.0.0.1", "::1"]

## Where the daemon listens. On this machine only: to another one, make a tunnel.
@export var address := "tcp://127.0.0.1:5770"
## The file with the daemon's secret. Empty: where a daemon on this machine leaves it.
@export_global_file var token_file := ""
## Worlds and memories are kept apart by game and slot.
@export var game := "default"
## Connect as soon as the node is ready. Otherwise call [method open].
@export var auto_connect := true
## Time one poll may take, milliseconds: 3 % of a frame at 60 Hz.
@export_range(0.05, 5.0, 0.05, "suffix:ms") var poll_max_ms := 0.5

@export_group("Local daemon")
## Start a daemon as a child of the game, instead of looking for one at [member address].
@export var start_daemon := false
## Its program: on the PATH, or the whole path.
@export var daemon_command := "npc-engine"
## Further options of `npc-engine serve`, such as --pack and --model.
@export var daemon_arguments: PackedStringArray = []

## "connecting", "offline" (no daemon for three seconds; it goes on trying), "refused" (see [member problem]), "closed",
## or the daemon's word on itself: "loading", "ready", "stalled", "down", "stopping".
var state: String:
	get = _get_state
## Why the daemon does not serve this game or has no model, or the last fault it reported; empty if all is well.
var problem: String:
	get = _get_problem
## What the daemon said of itself, by the names of the protocol: "pack", "engine", "model", "npcs", "places" ...
var daemon: Dictionary:
	get:
		return _exchange.daemon
## Faults in pack files that were changed while the daemon runs. While there are any, it uses the last good version.
var pack_problems: Array[String]:
	get:
		return _exchange.pack_problems

var _exchange: Exchange
var _link: Link
var _child: DaemonProcess
var _session_name := ""
var _unusable := ""
var _ended := ""
var _served_us := -1
var _told_state := ""


func _init() -> void:
	process_mode = Node.PROCESS_MODE_ALWAYS  # a paused game still has a daemon
	_start_over()


func _enter_tree() -> void:
	add_to_group(GROUP)


func _ready() -> void:
	if auto_connect:
		open()


func _process(_delta: float) -> void:
	poll()


func _exit_tree() -> void:
	remove_from_group(GROUP)


func _notification(what: int) -> void:
	if what == NOTIFICATION_PREDELETE:
		_shut()


## Begin to connect, or start the local daemon. After [method close], or with another address, it begins anew.
func open() -> void:
	if _exchange.closed or _link != null or _child != null:
		_shut()
		_start_over()
	if start_daemon:
		_child = DaemonProcess.new(daemon_command, daemon_arguments)
	else:
		_attach(address, token_file)
	_tell_state()


## End open requests as cancelled, drop the connection, stop the daemon if this node started it.
func close() -> void:
	_shut()
	_tell_state()


## Whether lines can come from the model right now.
func is_ready() -> bool:
	return state == "ready"


## Do what there is to do, and leave the rest to the next call. Called every frame while the node is in the tree.
func poll() -> void:
	if not _exchange.closed:
		var now_us := Time.get_ticks_usec()
		_watch_process(now_us)
		if _link != null:
			_link.tick(now_us)
		_exchange.poll(now_us + int(poll_max_ms * 1000.0))
	_tell_state()


func request(type: String, fields: Dictionary) -> NpcRequest:
	var message := {"t": type, "id": _exchange.next_id()}
	if not type in SLOTLESS and slot != "main":
		message["slot"] = slot
	message.merge(fields, true)
	var about: Variant = message.get("slot", "main")
	var made := NpcRequest.new(
		message, _patience_ms(type, fields), "" if type in SLOTLESS else str(about), _exchange, Time.get_ticks_usec()
	)
	_exchange.add(made)
	return made


func _shut() -> void:
	_exchange.close()
	_link = null
	if _child != null:
		_child.stop()
		_child = null


func _start_over() -> void:
	_exchange = Exchange.new(_rename)
	_link = null
	_unusable = ""
	_ended = ""
	_served_us = -1
	_rename()


func _rename() -> void:
	_session_name = Crypto.new().generate_random_bytes(16).hex_encode()


func _patience_ms(type: String, fields: Dictionary) -> int:
	if fields.get("budget_ms") is int:
		return fields["budget_ms"]
	return LOOK_MS if type == "inspect" or type == "health" else RECORD_MS


func _attach(to: String, token_path: String) -> void:
	var colon := to.rfind(":")
	var host := to.substr(0, colon).trim_prefix("tcp://").trim_prefix("[").trim_suffix("]")
	var port := to.substr(colon + 1)
	host = "127.0.0.1" if host == "localhost" else host
	if not to.begins_with("tcp://") or not port.is_valid_int() or int(port) < 1 or int(port) > 65535:
		_unusable = "`%s` is no address: it looks like tcp://127.0.0.1:5770." % to
	elif not host in LOOPBACK:
		_unusable = "`%s` is another machine: the token would travel in the clear. Make a tunnel, see PROTOCOL.md." % to
	if not _unusable.is_empty():
		push_warning("NpcClient: " + _unusable)
		_exchange.object("daemon_unreachable", _unusable)
		return
	var path := Credentials.token_file(int(port)) if token_path.is_empty() else token_path
	var now_us := Time.get_ticks_usec()
	_link = Link.new()
	_link.open(host, int(port), now_us)
	_exchange.session = Session.new(_link, _hello.bind(path), now_us)


## A greeting. The token is read anew each time: a daemon that restarts has another.
func _hello(token_path: String) -> PackedByteArray:
	return Writer.new().write({
		"t": "hello", "v": [Exchange.VERSION], "session": _session_name, "token": Credentials.read_token(token_path),
		"game": game, "client": NAME,
	})


## Connect to the child once it listens; notice its end, and start another if it has served well.
func _watch_process(now_us: int) -> void:
	if _child == null or not _ended.is_empty():
		return
	var session := _exchange.session
	if session != null and session.greeted:
		_served_us = now_us if _served_us < 0 else _served_us
		return
	var end := _child.problem()
	if not end.is_empty() and _served_us >= 0 and now_us - _served_us >= SERVED_US:
		_served_us = -1
		_exchange.lose_session()
		_link = null
		_child.start()
	elif not end.is_empty():
		_ended = end
	elif session == null:
		var told := _child.ready()
		if not told.is_empty():
			_attach(told["address"], told["token_file"])


func _get_state() -> String:
	var session := _exchange.session
	if _exchange.closed:
		return "closed"
	if not _unusable.is_empty():
		return "refused"
	if session != null and session.greeted:
		return _exchange.service
	if session != null and not session.refusal_code.is_empty():
		return "refused"
	if not _ended.is_empty():
		return "offline"
	if session == null:
		return "connecting"
	return "connecting" if Time.get_ticks_usec() - session.lost_us < CONNECT_PATIENCE_US else "offline"


func _get_problem() -> String:
	var session := _exchange.session
	if session != null and not session.refusal_message.is_empty():
		return session.refusal_message
	for known: String in [_unusable, _ended, _exchange.fault]:
		if not known.is_empty():
			return known
	if state == "down":
		return daemon["detail"]
	if state != "offline":
		return ""
	return Exchange.TEXTS["daemon_unreachable"] if session.problem().is_empty() else session.problem()


func _tell_state() -> void:
	var now := state
	if now == _told_state:
		return
	var was_ready := _told_state == "ready"
	_told_state = now
	state_changed.emit(now)
	if was_ready != (now == "ready"):
		ready_changed.emit(now == "ready")
