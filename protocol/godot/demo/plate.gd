extends Node2D
## The name under somebody, brighter if the player faces them.

var _label := Label.new()


func _ready() -> void:
	_label.add_theme_font_size_override("font_size", 17)
	_label.add_theme_constant_override("outline_size", 6)
	_label.add_theme_color_override("font_outline_color", Color(0.08, 0.05, 0.04, 0.85))
	_label.text = get_parent().title
	add_child(_label)


func _process(_delta: float) -> void:
	var chosen: bool = get_parent().is_chosen
	_label.add_theme_color_override("font_color", Color("f2c776") if chosen else Color(1, 0.92, 0.82, 0.55))
	_label.text = ("▸ %s" if chosen else "%s") % get_parent().title
	_label.position = Vector2(-_label.size.x / 2, -12)
