extends Node
## Reads and writes the byte vectors of the protocol: every message as bytes and as a map, every frame to be refused,
## and the handshake.
##
##   godot --headless --path protocol/godot res://tests/vectors.tscn

const Reader := preload("res://addons/npc_engine/wire/message_reader.gd")
const Writer := preload("res://addons/npc_engine/wire/message_writer.gd")
const Zmtp := preload("res://addons/npc_engine/wire/zmtp.gd")
## A text with NUL, which a client may not send and a daemon does not.
const NUL := "say-control-characters"

var _checks := 0
var _faults := 0


func _ready() -> void:
	NpcEngine.close()
	_valid()
	_invalid()
	_hostile()
	_handshake()
	print("%d checks, %d faults" % [_checks, _faults])
	get_tree().quit(1 if _faults > 0 or _checks < 100 else 0)


func _valid() -> void:
	var reader := Reader.new()
	var writer := Writer.new()
	for vector: Dictionary in _load("valid.json"):
		var map := reader.read(vector["hex"].hex_decode())
		if vector["name"] == NUL:
			_check(reader.error == "a text holds NUL", vector["name"], reader.error)
			continue
		_check(reader.error.is_empty() and _is_same(map, vector["map"]), vector["name"], reader.error)
		var again := writer.write(map)
		if writer.error.is_empty():
			_check(_is_same(reader.read(again), map), "%s, written and read again" % vector["name"], reader.error)
		else:
			_check(vector["name"] == "say-unknown-keys", vector["name"], writer.error)
		if vector["name"] == "say-emoji":
			_check(map["text"].length() == 6, "code points of an emoji", str(map["text"].length()))


func _invalid() -> void:
	var reader := Reader.new()
	for vector: Dictionary in _load("invalid.json"):
		if vector["code"] == "bad_frame":
			var map := reader.read(vector["hex"].hex_decode())
			_check(not reader.error.is_empty() and map.is_empty(), vector["name"], "it was read")


## Every good frame, cut at every byte and with every byte replaced: refused or read, never a fault.
func _hostile() -> void:
	var reader := Reader.new()
	for vector: Dictionary in _load("valid.json"):
		var frame: PackedByteArray = vector["hex"].hex_decode()
		for at in mini(frame.size(), 200):
			reader.read(frame.slice(0, at))
			_check(not reader.error.is_empty(), "%s cut at byte %d" % [vector["name"], at], "it was read")
			var changed := frame.duplicate()
			for byte: int in [0x00, 0x81, 0x91, 0xc1, 0xc7, 0xdf, 0xff, frame[at] ^ 0x80]:
				changed[at] = byte
				reader.read(changed)
	for text: String in ["c080", "e08080", "eda080", "f08080 80", "f4908080", "ff", "e4b8", "80"]:
		var bytes := text.replace(" ", "").hex_decode()
		_check(not Reader.is_utf8(bytes), "UTF-8 %s" % text, "it was taken for well-formed")


func _handshake() -> void:
	var expected := {}
	for vector: Dictionary in _load("handshake.json"):
		expected[vector["name"]] = vector["hex"]
	_check(Zmtp.greeting().hex_encode() == expected["greeting"], "greeting", Zmtp.greeting().hex_encode())
	_check(Zmtp.ready().hex_encode() == expected["ready"], "ready", Zmtp.ready().hex_encode())
	var ping := Writer.new().write({"t": "ping"})
	_check(Zmtp.message(ping).hex_encode() == expected["short-message"], "short-message", "")
	var long := Writer.new().write({"t": "ping", "x": ".".repeat(255)})
	_check(Zmtp.message(long).hex_encode() == expected["long-message"], "long-message", Zmtp.message(long).hex_encode())
	_check(Zmtp.pong("abc".to_ascii_buffer()).hex_encode() == expected["pong"], "pong", "")


func _check(is_good: bool, name: String, why: String) -> void:
	_checks += 1
	if not is_good:
		_faults += 1
		print("FAULT %s: %s" % [name, why])


## Equal, where JSON's numbers are all alike.
func _is_same(one: Variant, other: Variant) -> bool:
	if one is Dictionary and other is Dictionary:
		return one.size() == other.size() and one.keys().all(
			func(key: Variant) -> bool: return other.has(key) and _is_same(one[key], other[key]))
	if one is Array and other is Array:
		return one.size() == other.size() and range(one.size()).all(
			func(at: int) -> bool: return _is_same(one[at], other[at]))
	if (one is int or one is float) and (other is int or other is float):
		return float(one) == float(other)
	return typeof(one) == typeof(other) and one == other


func _load(name: String) -> Array:
	var folder := ProjectSettings.globalize_path("res://").path_join("../vectors")
	# The one NUL in the vectors is not for this language: its strings end there.
	var text := FileAccess.get_file_as_string(folder.path_join(name)).replace("\\u0000", "")
	return JSON.parse_string(text)
