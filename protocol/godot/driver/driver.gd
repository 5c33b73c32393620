extends Node
## Plays a scenario of the conformance suite with [NpcClient], see protocol/conformance/DRIVER.md.
##
##   godot --headless --path protocol/godot res://driver/driver.tscn -- SCENARIO.json

const FRAME_MS := 16
const SHORT_FORMS: Array[String] = ["say", "bark", "describe", "warm"]

var _path := ""
var _scenario := {}
var _client: NpcClient
var _requests := {}  # by the name the scenario gave it
var _had_update := {}
var _events: Array[Dictionary] = []
var _poll_us: Array[int] = []
var _began_us := Time.get_ticks_usec()


func _ready() -> void:
	NpcEngine.close()  # the demo's
	var arguments := OS.get_cmdline_user_args()
	if arguments.size() != 1 or not _load(arguments[0]):
		printerr("usage: godot --headless --path protocol/godot res://driver/driver.tscn -- SCENARIO.json")
		get_tree().quit(2)
		return
	for step: Dictionary in _scenario["steps"]:
		_play(step)
		_print_events()
	_close()
	_tell("poll_cost", _cost())
	_print_events()
	get_tree().quit()


func _load(path: String) -> bool:
	_path = path
	var json: Variant = _with_integers(JSON.parse_string(FileAccess.get_file_as_string(path)))
	if not json is Dictionary or not json.get("steps") is Array:
		return false
	_scenario = json
	return true


func _play(step: Dictionary) -> void:
	var name: String = step.get("as", "")
	match step["do"]:
		"connect":
			_connect()
		"request":
			_ask(name, step["type"], step.get("fields", {}))
		"spoken":
			_spoken(name, step)
		"cancel":
			_requests[name].cancel()
		"wait":
			_wait(step)
		"poll":
			_poll_for(step["ms"], step.get("every_ms", FRAME_MS))
		"sleep":
			OS.delay_msec(step["ms"])
		"mark":
			_mark(step["name"])
		"measure":
			_poll_us.clear()
		"close":
			_close()
		var action when action in SHORT_FORMS:
			var fields := step.duplicate()
			fields.erase("do")
			fields.erase("as")
			_ask(name, action, fields)
		var unknown:
			_tell("unsupported", {"do": unknown})


func _connect() -> void:
	_client = NpcClient.new()
	_client.address = _scenario["address"]
	_client.token_file = _scenario["token_file"]
	_client.state_changed.connect(func(state: String) -> void: _tell("state", {"state": state}))
	_client.open()


func _close() -> void:
	if _client != null:
		_client.close()
		_client.poll()
		_client.free()
		_client = null


func _ask(name: String, type: String, fields: Dictionary) -> void:
	_tell("asked", {"as": name})
	_follow(name, _client.request(type, fields))


func _spoken(name: String, step: Dictionary) -> void:
	_tell("asked", {"as": name})
	_follow(name, _client.spoken(_requests[step["of"]], step.get("heard", -1)))


func _follow(name: String, request: NpcRequest) -> void:
	_requests[name] = request
	request.updated.connect(func(text: String, stable: int) -> void:
		_had_update[name] = true
		_tell("update", {"as": name, "text": text, "stable": stable}))
	request.finished.connect(func(reply: NpcReply) -> void: _tell("finished", {
		"as": name, "text": reply.text, "narration": reply.narration, "source": reply.source, "reason": reply.reason,
		"emotion": reply.emotion, "actions": reply.actions, "data": reply.data,
		"retry_after_ms": reply.retry_after_ms if reply.retry_after_ms >= 0 else null,
	}))
	request.failed.connect(func(code: String, message: String, recoverable: bool) -> void:
		_tell("failed", {"as": name, "code": code, "message": message, "recoverable": recoverable}))


func _wait(step: Dictionary) -> void:
	var end_ms: int = Time.get_ticks_msec() + step["ms"]
	while not _is_so(step["for"], step.get("as", "")):
		if Time.get_ticks_msec() >= end_ms:
			_tell("timeout", {"for": step["for"], "as": step.get("as")})
			return
		_frame(FRAME_MS)


func _is_so(what: String, name: String) -> bool:
	match what:
		"ended":
			var asked: Array = _requests.values() if name.is_empty() else [_requests[name]]
			return asked.all(func(request: NpcRequest) -> bool: return request.is_ended())
		"finished":
			return _requests[name].reply != null
		"failed":
			return not _requests[name].error_code.is_empty()
		"update":
			return _had_update.has(name)
	return _client.state == what


func _mark(name: String) -> void:
	_tell("mark", {"name": name})
	_print_events()
	while not FileAccess.file_exists("%s.%s" % [_path, name]):
		_frame(FRAME_MS)


func _poll_for(duration_ms: int, every_ms: int) -> void:
	var end_ms := Time.get_ticks_msec() + duration_ms
	while Time.get_ticks_msec() < end_ms:
		_frame(every_ms)


func _frame(every_ms: int) -> void:
	if _client != null:
		var began_us := Time.get_ticks_usec()
		_client.poll()
		_poll_us.append(Time.get_ticks_usec() - began_us)
	_print_events()
	OS.delay_msec(every_ms)


## Kept until the poll is over: printing is not the client's work.
func _tell(event: String, fields: Dictionary) -> void:
	_events.append({"event": event, "at_ms": (Time.get_ticks_usec() - _began_us) / 1000.0}.merged(fields))


func _print_events() -> void:
	for event: Dictionary in _events:
		print(_json(event))
	_events.clear()


func _cost() -> Dictionary:
	_poll_us.sort()
	var count := _poll_us.size()
	if count == 0:
		return {"polls": 0, "p50_us": 0, "p99_us": 0, "max_us": 0}
	return {
		"polls": count, "p50_us": _poll_us[int(count * 0.5)], "p99_us": _poll_us[int(count * 0.99)],
		"max_us": _poll_us[count - 1],
	}


## As JSON on one line. The engine's own leaves some control characters as they are.
func _json(value: Variant) -> String:
	var json := JSON.stringify(value, "", false)
	for code_point in range(1, 0x20):
		json = json.replace(char(code_point), "\\u%04x" % code_point)
	return json


## JSON knows no integers, the protocol does.
func _with_integers(value: Variant) -> Variant:
	match typeof(value):
		TYPE_FLOAT:
			return int(value) if value == floorf(value) and absf(value) <= 9007199254740992.0 else value
		TYPE_ARRAY:
			return value.map(_with_integers)
		TYPE_DICTIONARY:
			for key: String in value:
				value[key] = _with_integers(value[key])
	return value
