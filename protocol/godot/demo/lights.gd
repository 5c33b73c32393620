extends Node2D
## What moves in the room: the fire, its glow, the lantern, the rain behind the window, and a cat.

const WINDOW := Rect2(470, 130, 190, 190)
const FIRE := Vector2(1025, 528)
const LANTERN := Vector2(590, 52)
const CAT := Vector2(1190, 590)

var _seconds := 0.0
var _glow := Node2D.new()
var _light := DemoShapes.light()


func _ready() -> void:
	var material_add := CanvasItemMaterial.new()
	material_add.blend_mode = CanvasItemMaterial.BLEND_MODE_ADD
	_glow.material = material_add
	_glow.z_index = 5
	_glow.draw.connect(_draw_glow)
	add_child(_glow)


func _process(delta: float) -> void:
	_seconds += delta
	queue_redraw()
	_glow.queue_redraw()


func _draw() -> void:
	_draw_rain()
	_draw_fire()
	_draw_lantern()
	_draw_cat()


func _draw_rain() -> void:
	for i in 46:
		var speed := 300.0 + (i * 53) % 190
		var x := WINDOW.position.x + fmod(i * 71.3, WINDOW.size.x)
		var y := fmod(i * 47.0 + _seconds * speed, WINDOW.size.y + 26.0) - 26.0
		var top := clampf(y, 0.0, WINDOW.size.y)
		var bottom := clampf(y + 20.0, 0.0, WINDOW.size.y)
		var from := Vector2(x, WINDOW.position.y + top)
		draw_line(from, from + Vector2(-3, bottom - top), Color(0.75, 0.83, 0.95, 0.24), 1.0, true)
	var center := WINDOW.get_center()
	draw_rect(Rect2(center.x - 4, WINDOW.position.y, 8, WINDOW.size.y), Color("2c1f1b"))
	draw_rect(Rect2(WINDOW.position.x, center.y - 4, WINDOW.size.x, 8), Color("2c1f1b"))


func _draw_fire() -> void:
	for log_at: Vector2 in [Vector2(-36, 0), Vector2(8, 2)]:
		DemoShapes.fill(self, DemoShapes.box(Rect2(FIRE + log_at + Vector2(-20, -14), Vector2(68, 15)), 7), Color("38211a"))
		DemoShapes.fill(self, DemoShapes.ellipse(FIRE + log_at + Vector2(46, -6), Vector2(5, 7), 16), Color("8a5a3a"))
	for layer in 3:
		var color: Color = [Color("d9481c"), Color("f58a26"), Color("ffd873")][layer]
		var tall: float = [118.0, 84.0, 48.0][layer]
		var wide: float = [60.0, 42.0, 24.0][layer]
		for tongue in 5:
			var across := lerpf(-0.8, 0.8, tongue / 4.0)
			var lick := sin(_seconds * (5.1 + tongue * 0.7) + tongue * 2.1 + layer) * 0.14 + sin(_seconds * 9.3 + tongue) * 0.06
			_draw_flame(
				FIRE + Vector2(across * wide, -6), wide * 0.46, tall * (1.0 - across * across * 0.7) * (0.88 + lick),
				sin(_seconds * 3.7 + tongue * 1.7) * 6.0, color
			)
	for spark in 7:
		var life := fmod(_seconds * 0.5 + spark * 0.37, 1.0)
		var at := FIRE + Vector2(sin(spark * 9.1 + life * 5.0) * 34.0, -40.0 - life * 130.0)
		draw_circle(at, 1.8 * (1.0 - life) + 0.4, Color(1, 0.75, 0.35, 1.0 - life))


func _draw_flame(foot: Vector2, half: float, tall: float, lean: float, color: Color) -> void:
	DemoShapes.fill(self, DemoShapes.blob(PackedVector2Array([
		foot, foot + Vector2(-half, -tall * 0.22), foot + Vector2(lean * 0.4 - half * 0.45, -tall * 0.6),
		foot + Vector2(lean, -tall), foot + Vector2(lean * 0.4 + half * 0.45, -tall * 0.6),
		foot + Vector2(half, -tall * 0.22),
	]), 6), color)


func _draw_lantern() -> void:
	var swing := sin(_seconds * 0.8) * 0.03
	draw_set_transform(LANTERN, swing)
	draw_line(Vector2.ZERO, Vector2(0, 34), Color("161010"), 2.5, true)
	DemoShapes.fill(self, DemoShapes.box(Rect2(-15, 34, 30, 9), 3), Color("2a1f1a"))
	DemoShapes.fill(self, DemoShapes.box(Rect2(-12, 42, 24, 30), 3), Color("ffcf7a"))
	DemoShapes.fill(self, DemoShapes.ellipse(Vector2(0, 59), Vector2(5, 10), 20), Color("fff6d8"))
	for x: float in [-12.0, -1.0, 10.0]:
		draw_rect(Rect2(x, 42, 2, 30), Color("2a1f1a"))
	DemoShapes.fill(self, DemoShapes.box(Rect2(-15, 71, 30, 7), 3), Color("2a1f1a"))
	draw_set_transform(Vector2.ZERO)


func _draw_cat() -> void:
	var breath := sin(_seconds * 1.6) * 1.6
	var fur := Color("6a5a50")
	var dark := fur.darkened(0.25)
	DemoShapes.fill(self, DemoShapes.ellipse(CAT + Vector2(0, 14), Vector2(62, 9)), Color(0, 0, 0, 0.3))
	DemoShapes.fill(self, DemoShapes.ellipse(CAT + Vector2(0, -6 - breath), Vector2(50, 24 + breath)), fur)
	DemoShapes.fill(self, DemoShapes.blob(PackedVector2Array([
		CAT + Vector2(-46, -6), CAT + Vector2(-56, 8), CAT + Vector2(-14, 18), CAT + Vector2(28, 12), CAT + Vector2(24, 6),
		CAT + Vector2(-14, 8), CAT + Vector2(-38, 2),
	])), dark)
	var head := CAT + Vector2(38, -8)
	for ear: float in [-12.0, 10.0]:
		DemoShapes.fill(self, PackedVector2Array([
			head + Vector2(ear - 6, -12), head + Vector2(ear + 1, -28), head + Vector2(ear + 8, -10)
		]), dark)
	DemoShapes.fill(self, DemoShapes.ellipse(head, Vector2(22, 18)), fur)
	for eye: float in [-8.0, 8.0]:
		draw_arc(head + Vector2(eye, -2), 4.0, 0.2, PI - 0.2, 10, Color("241a17"), 1.6, true)
	DemoShapes.fill(self, DemoShapes.ellipse(head + Vector2(0, 4), Vector2(2.5, 1.8), 12), Color("c98d83"))
	for stripe in 3:
		draw_arc(CAT + Vector2(-18 + stripe * 14, -12 - breath), 14.0, -2.2, -1.0, 10, Color(dark, 0.7), 4.0, true)


func _draw_glow() -> void:
	var flicker := 1.0 + sin(_seconds * 7.3) * 0.04 + sin(_seconds * 12.7) * 0.03
	_draw_light(FIRE + Vector2(0, -50), 470.0 * flicker, Color(1.0, 0.45, 0.14, 0.42))
	_draw_light(FIRE + Vector2(0, -40), 190.0 * flicker, Color(1.0, 0.62, 0.25, 0.4))
	_draw_light(LANTERN + Vector2(0, 60), 330.0, Color(1.0, 0.68, 0.3, 0.24))
	for candle: Vector2 in [Vector2(900, 228), Vector2(1146, 228)]:
		_draw_light(candle, 60.0 * flicker, Color(1.0, 0.75, 0.4, 0.4))


func _draw_light(at: Vector2, radius: float, color: Color) -> void:
	_glow.draw_texture_rect(_light, Rect2(at - Vector2(radius, radius), Vector2(radius, radius) * 2), false, color)
