extends Node
## What a game sees of [NpcSpeaker] and [NpcClient], against a daemon with the scripted engine.
##
##   npc-engine serve --engine scripted --saves none --port 0 --ready-file FILE
##   godot --headless --path protocol/godot res://tests/speaker.tscn -- FILE

const PATIENCE_MS := 10_000

var _checks := 0
var _faults := 0
var _ends := {}  # request to how often it has ended
var _client: NpcClient
var _speaker: NpcSpeaker


func _ready() -> void:
	NpcEngine.close()
	NpcEngine.remove_from_group(NpcClient.GROUP)
	var told: Dictionary = JSON.parse_string(FileAccess.get_file_as_string(OS.get_cmdline_user_args()[0]))
	_client = NpcClient.new()
	_client.address = told["address"]
	_client.token_file = told["token_file"]
	_client.auto_connect = false
	add_child(_client)
	_speaker = NpcSpeaker.new()
	_speaker.npc = "marta"
	_speaker.budget_ms = 4_000
	add_child(_speaker)
	await _asks_before_there_is_a_connection()
	await _streams()
	await _cancels()
	await _fails()
	await _leaves_the_scene()
	await _keeps_every_letter()
	await _other_requests()
	await _reopens()
	await _refuses_other_machines()
	_tells_why_there_is_no_model()
	for request: NpcRequest in _ends:
		_check(_ends[request] == 1, "%s %d ended once" % [request.kind, request.id])
	print("%d checks, %d faults" % [_checks, _faults])
	get_tree().quit(1 if _faults > 0 or _checks < 40 else 0)


func _asks_before_there_is_a_connection() -> void:
	var request := _watch(_speaker.say("Good evening."))
	_check(request.state == "queued" and _client.state == "connecting", "it is kept")
	_client.open()
	var changes: Array[bool] = []
	_client.ready_changed.connect(func(is_ready: bool) -> void: changes.append(is_ready))
	var reply: NpcReply = await request.finished
	_check(reply.source != "" and reply.reason != "offline" and not reply.text.is_empty(), "the daemon answers")
	while not _client.is_ready():
		await get_tree().process_frame
	_check(changes == [true], "ready_changed once")
	_check(_client.daemon["npcs"].has("marta"), "the daemon told its characters")
	_check(_client.problem.is_empty(), "no problem")


func _streams() -> void:
	var warm := _watch(_speaker.warm())
	await warm.outcome()
	_check(warm.reply != null and warm.reply.data["warm"] == ["marta"], "warm")
	var texts: Array[String] = []
	var final: Array[String] = [""]
	var note := func(text: String, stable: int) -> void:
		_check(text.begins_with(final[0]) and stable >= final[0].length(), "what was final stays")
		final[0] = text.left(stable)
		texts.append(text)
	_speaker.line_updated.connect(note)
	var request := _watch(_speaker.say("Who bought the mill?"))
	_check(_speaker.is_speaking() and _speaker.request == request, "it is speaking")
	var reply: NpcReply = await request.finished
	_speaker.line_updated.disconnect(note)
	_check(texts.size() >= 3 and reply.text.begins_with(final[0]), "the text forms, and ends with the line")
	_check(reply.source == "model" and request.text == reply.text, "a whole line of the model")
	_check(not _speaker.is_speaking(), "it has spoken")
	var bark := _watch(_speaker.bark("the rain"))
	await bark.outcome()
	_check(bark.reply != null and not bark.reply.text.is_empty(), "bark")


func _cancels() -> void:
	var told: Array[String] = []
	_speaker.line_failed.connect(func(code: String, _message: String, _recoverable: bool) -> void: told.append(code))
	var request := _watch(_speaker.say("Tell me everything."))
	await request.updated
	_speaker.cancel()
	_speaker.cancel()
	request.cancel()
	_check(request.is_ended() and request.reply == null, "it has ended at once")
	await get_tree().process_frame
	await get_tree().process_frame
	_check(told == ["cancelled"] and request.error_code == "cancelled" and not request.is_recoverable(), "cancelled once")
	var at_once := _watch(_client.say("bram", "Morning."))
	at_once.cancel()
	await at_once.outcome()
	_check(at_once.error_code == "cancelled", "cancelled before its first word")


func _fails() -> void:
	var cases := {
		_client.say("martha", "Hm?"): "unknown_npc", _client.say("marta", "Hm?", 0): "budget_out_of_range",
		_client.say("marta", "x".repeat(2_001)): "text_too_long", _client.request("sing", {}): "unknown_type",
		_client.request("event", {"text": Vector2.ONE}): "bad_message",
		_client.request("event", {"text": "x".repeat(1 << 20)}): "bad_message",
		_client.request("save.import", {"blob": "AAAA"}): "save_corrupt",
	}
	for request: NpcRequest in cases:
		_watch(request)
	for request: NpcRequest in cases:
		await request.outcome()
		_check(request.error_code == cases[request], "%s: %s" % [cases[request], request.error_message])
	await get_tree().process_frame
	await get_tree().process_frame


func _leaves_the_scene() -> void:
	var guest := NpcSpeaker.new()
	guest.npc = "bram"
	add_child(guest)
	var request := _watch(guest.say("Stay a while."))
	await request.updated
	guest.queue_free()
	await request.outcome()
	_check(request.error_code == "cancelled", "nobody is left to say it")


func _keeps_every_letter() -> void:
	var words := "Grüße, 中文, 👩🏽‍🚀, \u05e9\u05dc\u05d5\u05dd"
	var request := _watch(_client.inspect("marta", words))
	await request.outcome()
	_check(request.reply != null and request.reply.data["prompt"].contains(words), "every letter arrives and comes back")
	var said := _watch(_speaker.say(words))
	await said.outcome()
	_check(said.reply != null, "said in any script")


func _other_requests() -> void:
	_speaker.confirm_lines = false
	var line := _watch(_speaker.say("Evening."))
	await line.outcome()
	var spoken := _watch(_speaker.spoken(line, 5))
	await spoken.outcome()
	_check(spoken.reply != null and spoken.reply.data["kept"] == (line.reply.source != "authored"), "spoken")
	_speaker.confirm_lines = true
	var set_world := _watch(_client.world_set({"weather": "fog", "player.coins": 3}))
	await set_world.outcome()
	var asked := _watch(_client.world_get(["weather", "player.coins"]))
	await asked.outcome()
	_check(asked.reply.data["values"] == {"weather": "fog", "player.coins": 3}, "the world")
	var turns: Array[String] = []
	var talk := _watch(_client.converse(["marta", "bram"], "the roof", 2))
	talk.turned.connect(func(turn: NpcReply) -> void: turns.append(turn.npc))
	await talk.outcome()
	_check(turns == ["marta", "bram"] and talk.turns.size() == 2, "a conversation")
	var seen := _watch(_client.describe("inn"))
	await seen.outcome()
	_check(not seen.reply.narration.is_empty() and seen.reply.words() == seen.reply.narration, "describe")
	var save := _watch(_client.save_export())
	await save.outcome()
	var blob := save.reply.blob()
	var load_it := _watch(_client.save_import(blob))
	await load_it.outcome()
	_check(blob.size() > 100 and load_it.reply != null, "a save of %d bytes" % blob.size())


func _reopens() -> void:
	var request := _watch(_speaker.say("One more thing."))
	await request.updated
	_client.close()
	_check(_client.state == "closed" and request.error_code == "cancelled", "closing ends what is open")
	var late := _watch(_speaker.say("Still there?"))
	_client.open()
	_check(late.error_code == "cancelled", "a closed client takes nothing")
	var again := _watch(_speaker.say("Again."))
	await again.outcome()
	_check(again.reply != null and again.reply.reason != "offline", "it opens again")


func _refuses_other_machines() -> void:
	var far := NpcClient.new()
	far.auto_connect = false
	for address: String in ["tcp://192.0.2.1:5770", "udp://127.0.0.1:1", "tcp://127.0.0.1", ""]:
		far.address = address
		far.open()
		var request := _watch(far.say("marta", "Hello?"))
		far.poll()
		_check(far.state == "refused" and request.error_code == "daemon_unreachable", "refused: `%s`" % address)
	far.free()


func _tells_why_there_is_no_model() -> void:
	_client._exchange.daemon["detail"] = "engine_failed: needs 96 GiB"
	_check(_client.problem.is_empty(), "no problem while it is ready")
	_client._exchange.service = "down"
	_check(_client.state == "down" and _client.problem.contains("96 GiB"), "why it is down")


func _watch(request: NpcRequest) -> NpcRequest:
	_ends[request] = 0
	request.ended.connect(func(of: NpcRequest) -> void: _ends[of] += 1)
	get_tree().create_timer(PATIENCE_MS / 1000.0).timeout.connect(func() -> void:
		if not request.is_ended():
			print("FAULT no end: %s %d" % [request.kind, request.id])
			get_tree().quit(1))
	return request


func _check(is_good: bool, what: String) -> void:
	_checks += 1
	if not is_good:
		_faults += 1
		print("FAULT %s" % what)
