extends Node
## Plays the demo by itself, for tests and for its picture. All arguments are optional:
##
##   godot --path protocol/godot -- --ready-file FILE --say marta=Evening. --say bram=Evening. --picture FILE --quit
##
## `--ready-file` is what `npc-engine serve --ready-file` wrote. `--quit` ends the demo when all has been said; the exit
## status is 1 if a line did not come.

const PATIENCE_S := 8.0

var _lines: PackedStringArray = []
var _picture := ""
var _quits := false


func _ready() -> void:
	var arguments := OS.get_cmdline_user_args()
	var at := 0
	while at < arguments.size():
		var value := arguments[at + 1] if at + 1 < arguments.size() else ""
		match arguments[at]:
			"--ready-file":
				_connect_to(value)
			"--say":
				_lines.append(value)
			"--picture":
				_picture = value
			"--quit":
				_quits = true
		at += 1
	if not arguments.is_empty():
		_play()


func _connect_to(path: String) -> void:
	var ready: Dictionary = JSON.parse_string(FileAccess.get_file_as_string(path))
	NpcEngine.address = ready["address"]
	NpcEngine.token_file = ready["token_file"]
	NpcEngine.open()


func _play() -> void:
	var end_ms := Time.get_ticks_msec() + int(PATIENCE_S * 1000.0)
	while not NpcEngine.is_ready() and Time.get_ticks_msec() < end_ms:
		await get_tree().process_frame
	await get_tree().create_timer(1.0).timeout  # warm
	var missed := 0
	for line in _lines:
		var demo := get_parent()
		demo._turn_to(0 if line.get_slice("=", 0) == "marta" else 1)
		demo._on_said(line.get_slice("=", 1))
		var request: NpcRequest = demo._villagers[demo._chosen].get_node("NpcSpeaker").request
		await request.ended
		print("%s %s" % [line, request.reply.text if request.reply != null else request.error_message])
		missed += 0 if request.reply != null else 1
	await get_tree().create_timer(2.2).timeout  # the letters
	if not _picture.is_empty():
		await RenderingServer.frame_post_draw
		get_viewport().get_texture().get_image().save_png(_picture)
	if _quits:
		get_tree().quit(1 if missed > 0 else 0)
