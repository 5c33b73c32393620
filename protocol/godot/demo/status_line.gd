extends PanelContainer
## What the daemon is doing, in a corner: a game would hide it.

const GREEN := Color("86c96a")
const AMBER := Color("e8b45f")
const COLORS := {"ready": GREEN, "loading": AMBER, "connecting": AMBER, "stalled": AMBER}

var _label := Label.new()
var _dot := Panel.new()
var _dot_box := StyleBoxFlat.new()


func _ready() -> void:
	var box := StyleBoxFlat.new()
	box.bg_color = Color(0.09, 0.065, 0.06, 0.78)
	box.set_corner_radius_all(14)
	box.set_content_margin_all(7)
	box.content_margin_left = 14
	box.content_margin_right = 16
	add_theme_stylebox_override("panel", box)
	var row := HBoxContainer.new()
	row.add_theme_constant_override("separation", 9)
	add_child(row)
	_dot_box.set_corner_radius_all(6)
	_dot.custom_minimum_size = Vector2(11, 11)
	_dot.size_flags_vertical = Control.SIZE_SHRINK_CENTER
	_dot.add_theme_stylebox_override("panel", _dot_box)
	row.add_child(_dot)
	_label.add_theme_font_size_override("font_size", 15)
	_label.add_theme_color_override("font_color", Color("e6d9c6"))
	row.add_child(_label)


## Show the state of [param client].
func tell(client: NpcClient) -> void:
	var state := client.state
	_dot_box.bg_color = COLORS.get(state, Color("d2694f"))
	match state:
		"ready":
			_label.text = "%s  ·  %s" % [client.daemon.get("pack", ""), client.daemon.get("model", state)]
		"loading":
			_label.text = "loading the model  %d %%" % roundi(client.daemon.get("progress", 0.0) * 100.0)
		"offline":
			_label.text = "no daemon: run  npc-engine serve"
		"refused":
			_label.text = client.problem
		_:
			_label.text = state
	reset_size()
	position.x = get_viewport_rect().size.x - size.x - 20.0
