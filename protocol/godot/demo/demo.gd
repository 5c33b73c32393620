extends Node2D
## An evening at the Grey Heron: talk to Marta and Bram. All there is to the engine is in this file: two [NpcSpeaker]
## nodes, and what is done with their signals.

## A remark in passing when nobody has spoken for so long, seconds.
const SILENCE_S := 25.0

var _chosen := 0
var _silent_s := 0.0

@onready var _villagers: Array[Node2D] = [$Marta, $Bram]
@onready var _prompt := $Interface/Prompt
@onready var _status := $Interface/Status


func _ready() -> void:
	NpcEngine.state_changed.connect(_on_state_changed)
	_prompt.said.connect(_on_said)
	_prompt.turned_away.connect(func() -> void: _turn_to(1 - _chosen))
	for villager in _villagers:
		_listen_to(villager, villager.get_node("NpcSpeaker"), villager.get_node("Bubble"))
	_turn_to(0)
	_status.tell(NpcEngine)


func _process(delta: float) -> void:
	_silent_s += delta
	for villager in _villagers:
		villager.is_talking = villager.get_node("Bubble").is_writing()
	if _silent_s > SILENCE_S and NpcEngine.is_ready():
		_silent_s = 0.0
		_villagers[randi() % 2].get_node("NpcSpeaker").bark("the rain")
	_status.tell(NpcEngine)


func _unhandled_input(event: InputEvent) -> void:
	if event is InputEventMouseButton and event.pressed:
		for at in _villagers.size():
			if _villagers[at].is_at(event.position):
				_turn_to(at)


## What a character says goes into its bubble as it comes.
func _listen_to(villager: Node2D, speaker: NpcSpeaker, bubble: Control) -> void:
	speaker.asked.connect(func(_request: NpcRequest) -> void: bubble.wait())
	speaker.line_updated.connect(bubble.write)
	speaker.line_finished.connect(func(reply: NpcReply) -> void:
		bubble.write(reply.text, reply.text.length())
		bubble.sign_with(_signature(reply))
		villager.emotion = reply.emotion)
	speaker.line_failed.connect(func(code: String, message: String, _recoverable: bool) -> void:
		bubble.write(message, message.length())
		bubble.sign_with(code))


func _signature(reply: NpcReply) -> String:
	var words := PackedStringArray()
	for action in reply.actions:
		words.append("wants to " + String(action["name"]).replace("_", " "))
	if reply.emotion != "neutral":
		words.append(reply.emotion)
	words.append(reply.source if reply.reason.is_empty() else "%s (%s)" % [reply.source, reply.reason])
	if reply.timing.has("total_ms"):
		words.append("%d ms" % reply.timing["total_ms"])
	return "  ·  ".join(words)


func _on_said(text: String) -> void:
	_silent_s = 0.0
	var speaker: NpcSpeaker = _villagers[_chosen].get_node("NpcSpeaker")
	speaker.cancel()  # the player has changed its mind
	speaker.say(text)


## Both hear what is said in this room, and are warm before the first word.
func _on_state_changed(state: String) -> void:
	if state == "ready":
		NpcEngine.scene_enter("inn", {"npcs": ["marta", "bram"]})
		NpcEngine.warm(["marta", "bram"])


func _turn_to(chosen: int) -> void:
	_chosen = chosen
	for at in _villagers.size():
		_villagers[at].is_chosen = at == chosen
	var speaker: NpcSpeaker = _villagers[chosen].get_node("NpcSpeaker")
	_prompt.face(speaker.npc, _villagers[chosen].title)
