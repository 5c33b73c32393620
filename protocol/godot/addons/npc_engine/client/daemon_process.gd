extends RefCounted
## A daemon as a child process of the game, on a free port. It ends with [method stop], or by itself when the game dies.

## Where the child says that it listens, and where its token lies.
const FOLDER := "user://npc_engine"

var _command := ""
var _arguments: PackedStringArray
var _ready_file := ""
var _pid := -1


## [param command] is the daemon's program, [param arguments] are further options of `npc-engine serve`.
func _init(command: String, arguments: PackedStringArray) -> void:
	DirAccess.make_dir_recursive_absolute(FOLDER)
	var folder := ProjectSettings.globalize_path(FOLDER)
	_ready_file = folder.path_join("ready-%d-%d.json" % [OS.get_process_id(), get_instance_id()])
	_command = command
	_arguments = PackedStringArray(["serve"])
	_arguments.append_array(arguments)
	_arguments.append_array(
		["--port", "0", "--ready-file", _ready_file, "--parent", str(OS.get_process_id())] as PackedStringArray
	)
	start()


## Start the child, in place of one that has ended.
func start() -> void:
	_remove_ready_file()
	_pid = OS.create_process(_command, _arguments)


## Address and token file, as "address" and "token_file", once the child listens; empty until then.
func ready() -> Dictionary:
	if not FileAccess.file_exists(_ready_file):
		return {}
	var json := JSON.new()
	if json.parse(FileAccess.get_file_as_string(_ready_file)) != OK or not json.data is Dictionary:
		return {}  # half written
	var told: Dictionary = json.data
	return told if told.get("address") is String and told.get("token_file") is String else {}


## Why the child has ended; empty while it runs. What it wrote stands in the game's own output.
func problem() -> String:
	if _pid <= 0:
		return "`%s` cannot be started. Is the NPC engine installed?" % _command
	if OS.is_process_running(_pid):
		return ""
	return "`%s serve` ended with exit code %d; its last words are in the output" % [
		_command, OS.get_process_exit_code(_pid)
	]


## Ask the child to end, and remove its file. Idempotent.
func stop() -> void:
	if _pid > 0 and OS.is_process_running(_pid):
		if OS.has_feature("windows") or OS.execute("kill", ["-TERM", str(_pid)]) != 0:
			OS.kill(_pid)
	_pid = -1
	_remove_ready_file()


func _remove_ready_file() -> void:
	if FileAccess.file_exists(_ready_file):
		DirAccess.remove_absolute(_ready_file)
