extends PanelContainer
## Where the player types: whom to, what, and three things to begin with.

signal said(text: String)
signal turned_away

const AMBER := Color("e8b45f")
const OPENINGS := {
	"marta": ["Good evening.", "Who bought the mill?", "A bowl of soup, please."],
	"bram": ["What are you working on?", "Can you mend my sword?", "Do you trust Marta?"],
}

var _to := Label.new()
var _line := LineEdit.new()
var _openings := HBoxContainer.new()


func _ready() -> void:
	add_theme_stylebox_override("panel", _box(Color(0.09, 0.065, 0.06, 0.9), 16, 14))
	var rows := VBoxContainer.new()
	rows.add_theme_constant_override("separation", 10)
	add_child(rows)
	_openings.add_theme_constant_override("separation", 10)
	rows.add_child(_openings)
	var row := HBoxContainer.new()
	row.add_theme_constant_override("separation", 12)
	rows.add_child(row)
	_to.add_theme_font_size_override("font_size", 19)
	_to.add_theme_color_override("font_color", AMBER)
	_to.custom_minimum_size.x = 96
	row.add_child(_to)
	_line.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	_line.max_length = 2000
	_line.add_theme_font_size_override("font_size", 19)
	_line.add_theme_stylebox_override("normal", _box(Color(1, 0.93, 0.84, 0.09), 10, 10))
	_line.add_theme_stylebox_override("focus", _box(Color(1, 0.93, 0.84, 0.05), 10, 10, Color(AMBER, 0.6)))
	_line.add_theme_color_override("font_color", Color("f6ead8"))
	_line.add_theme_color_override("font_placeholder_color", Color(1, 0.92, 0.82, 0.4))
	_line.text_submitted.connect(_submit)
	row.add_child(_line)
	var hint := Label.new()
	hint.text = "Enter  say     Tab  turn to the other"
	hint.add_theme_font_size_override("font_size", 13)
	hint.add_theme_color_override("font_color", Color(1, 0.92, 0.82, 0.45))
	row.add_child(hint)


func _input(event: InputEvent) -> void:
	if event.is_action_pressed("ui_focus_next"):
		get_viewport().set_input_as_handled()
		turned_away.emit()


## The player turns to [param npc].
func face(npc: String, npc_name: String) -> void:
	_to.text = npc_name
	_line.placeholder_text = "Say something to %s ..." % npc_name
	for child in _openings.get_children():
		child.queue_free()
	for words: String in OPENINGS.get(npc, []):
		var button := Button.new()
		button.text = words
		button.focus_mode = Control.FOCUS_NONE
		button.add_theme_font_size_override("font_size", 15)
		button.add_theme_color_override("font_color", Color("ead9c2"))
		button.add_theme_stylebox_override("normal", _box(Color(1, 0.93, 0.84, 0.08), 14, 6, Color.TRANSPARENT, 14))
		button.add_theme_stylebox_override("hover", _box(Color(AMBER, 0.25), 14, 6, Color.TRANSPARENT, 14))
		button.add_theme_stylebox_override("pressed", _box(Color(AMBER, 0.4), 14, 6, Color.TRANSPARENT, 14))
		button.pressed.connect(_submit.bind(words))
		_openings.add_child(button)
	_line.grab_focus()


func _submit(text: String) -> void:
	_line.clear()
	_line.grab_focus()
	said.emit(text.strip_edges())


func _box(color: Color, radius: int, margin: int, border := Color.TRANSPARENT, sides := -1) -> StyleBoxFlat:
	var box := StyleBoxFlat.new()
	box.bg_color = color
	box.set_corner_radius_all(radius)
	box.set_content_margin_all(margin)
	if sides >= 0:
		box.content_margin_left = sides
		box.content_margin_right = sides
	if border.a > 0.0:
		box.border_color = border
		box.set_border_width_all(1)
	return box
