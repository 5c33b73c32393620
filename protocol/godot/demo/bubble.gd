extends PanelContainer
## A speech bubble over somebody's head: what is final in ink, what may still change in grey, who wrote it below.

const PAPER := Color("f8f0e0")
const INK := Color("2b211c")
const PENCIL := Color("9b8b7c")
const WIDTH := 330.0
## Letters shown a second: as they come, but smoothly.
const LETTERS_A_SECOND := 70.0
const LINGER_S := 14.0

var _label := RichTextLabel.new()
var _foot := Label.new()
var _shown := 0.0
var _length := 0
var _quiet_s := 0.0
var _waiting := false
var _foot_of := Vector2.ZERO


func _ready() -> void:
	var paper := StyleBoxFlat.new()
	paper.bg_color = PAPER
	paper.set_corner_radius_all(18)
	paper.set_content_margin_all(14)
	paper.content_margin_left = 18
	paper.content_margin_right = 18
	paper.shadow_color = Color(0, 0, 0, 0.35)
	paper.shadow_size = 10
	paper.shadow_offset = Vector2(0, 4)
	add_theme_stylebox_override("panel", paper)
	var rows := VBoxContainer.new()
	rows.add_theme_constant_override("separation", 4)
	add_child(rows)
	_label.fit_content = true
	_label.scroll_active = false
	_label.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
	_label.custom_minimum_size.x = WIDTH
	_label.add_theme_font_size_override("normal_font_size", 20)
	_label.visible_characters_behavior = TextServer.VC_CHARS_AFTER_SHAPING
	_foot.add_theme_font_size_override("font_size", 13)
	_foot.add_theme_color_override("font_color", Color("a2907e"))
	rows.add_child(_label)
	rows.add_child(_foot)
	mouse_filter = MOUSE_FILTER_IGNORE
	_foot_of = position
	hide()


func _process(delta: float) -> void:
	if not visible:
		return
	if _waiting:
		var dots := int(Time.get_ticks_msec() / 280.0) % 3 + 1
		_set_text(".".repeat(dots), 0)
		_shown = dots
	else:
		_shown = minf(_shown + delta * LETTERS_A_SECOND, _length)
		_quiet_s += delta
	_label.visible_characters = int(_shown)
	modulate.a = clampf(LINGER_S - _quiet_s, 0.0, 1.0)
	if _quiet_s > LINGER_S:
		hide()
	reset_size()
	position = _foot_of - Vector2(size.x / 2, size.y)
	global_position.y = maxf(global_position.y, 8.0)
	queue_redraw()


## The tail.
func _draw() -> void:
	var tip := Vector2(size.x / 2, size.y)
	var tail := PackedVector2Array([tip + Vector2(-14, -2), tip + Vector2(14, -2), tip + Vector2(-2, 18)])
	DemoShapes.fill(self, tail, PAPER)


## Somebody is thinking of a line.
func wait() -> void:
	_waiting = true
	_shown = 0.0
	_quiet_s = 0.0
	_foot.text = ""
	_foot.hide()
	show()


## The line so far: its first [param stable] characters will not change.
func write(text: String, stable: int) -> void:
	if _waiting:
		_shown = 0.0
	_waiting = false
	_quiet_s = 0.0
	_set_text(text, stable)
	show()


## Who wrote it, in small letters.
func sign_with(words: String) -> void:
	_foot.text = words
	_foot.visible = not words.is_empty()


## Whether letters are still appearing.
func is_writing() -> bool:
	return visible and not _waiting and _shown < _length


func _set_text(text: String, stable: int) -> void:
	_length = text.length()
	_label.clear()
	_label.push_color(INK)
	_label.add_text(text.left(stable))
	_label.pop()
	_label.push_color(PENCIL)
	_label.add_text(text.substr(stable))
	_label.pop()
