extends Node2D
## The taproom of the Grey Heron on a wet evening: wall, window, shelves, hearth, floor. Drawn once.

const WALL := Color("4a3730")
const WALL_LOW := Color("5d4538")
const TIMBER := Color("2c1f1b")
const TIMBER_LIT := Color("3c2a22")
const STONE: Array[Color] = [Color("57504d"), Color("625a55"), Color("4d4745"), Color("6b625b")]
const FLOOR_Y := 520.0
const WINDOW := Rect2(470, 130, 190, 190)
const HEARTH := Rect2(930, 330, 190, 205)


func _draw() -> void:
	_draw_wall()
	_draw_shelves()
	_draw_window()
	_draw_floor()
	_draw_hearth()
	_draw_beams()


func _draw_wall() -> void:
	DemoShapes.shade(self, Rect2(0, 0, 1280, FLOOR_Y), WALL.darkened(0.35), WALL_LOW)
	var random := RandomNumberGenerator.new()
	random.seed = 7
	for i in 60:  # the plaster is not even
		var at := Vector2(random.randf_range(0, 1280), random.randf_range(60, 500))
		var size := Vector2(random.randf_range(20, 80), random.randf_range(6, 20))
		DemoShapes.fill(self, DemoShapes.ellipse(at, size, 16), Color(1, 0.85, 0.7, random.randf_range(0.006, 0.02)))
	DemoShapes.shade(self, Rect2(0, 425, 1280, 95), Color("3a2821"), Color("2b1d19"))  # panelling
	for x in range(0, 1280, 64):
		draw_line(Vector2(x, 430), Vector2(x, FLOOR_Y), Color(0, 0, 0, 0.28), 2.0)
		draw_line(Vector2(x + 3, 430), Vector2(x + 3, FLOOR_Y), Color(1, 0.8, 0.6, 0.04), 2.0)
	draw_rect(Rect2(0, 418, 1280, 9), TIMBER_LIT)
	draw_rect(Rect2(0, 418, 1280, 2), Color(1, 0.8, 0.6, 0.12))


func _draw_shelves() -> void:
	var random := RandomNumberGenerator.new()
	random.seed = 11
	DemoShapes.fill(self, DemoShapes.box(Rect2(24, 108, 372, 232), 6), Color(0, 0, 0, 0.22))
	for y: float in [186.0, 262.0, 338.0]:
		var x := 44.0
		while x < 370.0:
			x += _draw_vessel(Vector2(x, y), random) + random.randf_range(5, 13)
		draw_rect(Rect2(24, y, 372, 10), TIMBER_LIT)
		draw_rect(Rect2(24, y, 372, 2), Color(1, 0.8, 0.55, 0.16))
		draw_rect(Rect2(24, y + 10, 372, 7), Color(0, 0, 0, 0.18))


## A bottle, a jar or a mug that stands at [param at]; gives its width.
func _draw_vessel(at: Vector2, random: RandomNumberGenerator) -> float:
	var colors := [Color("4d6b52"), Color("7a4a3a"), Color("8a6b3f"), Color("4b5a70"), Color("6d3f4c"), Color("9a8a6a")]
	var color: Color = colors[random.randi() % colors.size()].darkened(0.2)
	var width := random.randf_range(16, 26)
	var height := random.randf_range(24, 34)
	DemoShapes.fill(self, DemoShapes.box(Rect2(at.x, at.y - height, width, height), 5), color)
	if random.randf() < 0.6:
		var neck := width * 0.32
		DemoShapes.fill(self, DemoShapes.box(Rect2(at.x + (width - neck) / 2, at.y - height - 15, neck, 20), 2), color)
		draw_rect(Rect2(at.x + (width - neck) / 2 - 1, at.y - height - 17, neck + 2, 4), Color("b59a6c"))
	else:
		draw_rect(Rect2(at.x - 1, at.y - height - 2, width + 2, 5), color.darkened(0.3))
	draw_rect(Rect2(at.x + width * 0.72, at.y - height + 6, 2.5, height - 12), Color(1, 0.9, 0.7, 0.28))
	return width


func _draw_window() -> void:
	var frame := WINDOW.grow(14)
	DemoShapes.fill(self, DemoShapes.box(frame.grow(4), 5), Color(0, 0, 0, 0.25))
	DemoShapes.fill(self, DemoShapes.box(frame, 4), TIMBER)
	DemoShapes.shade(self, WINDOW, Color("1c2a44"), Color("43597c"))
	DemoShapes.fill(self, DemoShapes.ellipse(Vector2(618, 172), Vector2(15, 15)), Color("aebfd6", 0.55))
	var hills := PackedVector2Array([WINDOW.end, Vector2(WINDOW.position.x, WINDOW.end.y)])
	for step in 20:
		var x := WINDOW.position.x + WINDOW.size.x * step / 19.0
		hills.append(Vector2(x, 274 - 12 * sin(step * 0.62) - 6 * sin(step * 0.31 + 1)))
	DemoShapes.fill(self, hills, Color("1a2436"))
	for roof: Vector2 in [Vector2(512, 278), Vector2(578, 286)]:
		var gable := PackedVector2Array([roof + Vector2(-20, 0), roof + Vector2(0, -18), roof + Vector2(20, 0)])
		draw_colored_polygon(gable, Color("121a28"))
		draw_rect(Rect2(roof + Vector2(-15, 0), Vector2(30, 24)), Color("121a28"))
		draw_rect(Rect2(roof + Vector2(-4, 6), Vector2(8, 8)), Color("f2bd62"))
	var sill := Rect2(frame.position.x - 12, frame.end.y - 4, frame.size.x + 24, 14)
	DemoShapes.fill(self, DemoShapes.box(sill, 3), TIMBER_LIT)


func _draw_floor() -> void:
	DemoShapes.shade(self, Rect2(0, FLOOR_Y, 1280, 200), Color("4a3226"), Color("2a1b17"))
	var y := FLOOR_Y
	var row := 0
	while y < 720.0:
		draw_line(Vector2(0, y), Vector2(1280, y), Color(0, 0, 0, 0.3), 2.0)
		draw_line(Vector2(0, y + 2), Vector2(1280, y + 2), Color(1, 0.8, 0.6, 0.035), 1.5)
		var height := 20.0 + row * 5.0
		for x in range(-100 + (row * 137) % 210, 1280, 210):
			draw_line(Vector2(x, y), Vector2(x + (x - 640) * 0.035, y + height), Color(0, 0, 0, 0.28), 2.0)
		y += height
		row += 1


func _draw_hearth() -> void:
	var random := RandomNumberGenerator.new()
	random.seed = 3
	var chimney := Rect2(895, 60, 260, 480)
	draw_rect(chimney, Color("3b3533"))
	var y := chimney.position.y
	var row := 0
	while y < chimney.end.y:
		var x := chimney.position.x - (row % 2) * 24.0
		while x < chimney.end.x:
			var width := random.randf_range(44, 68)
			var stone := Rect2(x, y, width - 4, 30).intersection(chimney.grow(-1))
			if stone.size.x > 10 and stone.size.y > 6:
				var color: Color = STONE[random.randi() % STONE.size()].darkened(0.34 - 0.0005 * y)
				DemoShapes.fill(self, DemoShapes.box(stone, 4), color)
			x += width
		y += 34
		row += 1
	DemoShapes.fill(self, _arch(HEARTH.grow(13)), Color("7a6d62"))
	DemoShapes.fill(self, _arch(HEARTH), Color("140c0a"))
	DemoShapes.fill(self, DemoShapes.box(Rect2(872, 268, 306, 24), 4), TIMBER_LIT)
	draw_rect(Rect2(874, 269, 302, 3), Color(1, 0.8, 0.55, 0.2))
	DemoShapes.fill(self, DemoShapes.box(Rect2(906, 535, 240, 20), 5), Color("5f5650"))
	_draw_mantel()


func _arch(rect: Rect2) -> PackedVector2Array:
	var points := PackedVector2Array([rect.end, Vector2(rect.position.x, rect.end.y)])
	var middle := Vector2(rect.get_center().x, rect.position.y + 60)
	for step in 17:
		points.append(middle + Vector2(rect.size.x / 2, 60) * Vector2.from_angle(PI + PI * step / 16.0))
	return points


## A clock, two candles and a heron on a shield.
func _draw_mantel() -> void:
	for x: float in [900.0, 1146.0]:
		draw_rect(Rect2(x - 5, 236, 10, 32), Color("d9cba8"))
		DemoShapes.fill(self, DemoShapes.box(Rect2(x - 11, 263, 22, 6), 2), Color("8d6f3c"))
		DemoShapes.fill(self, DemoShapes.ellipse(Vector2(x, 228), Vector2(3.5, 8)), Color("ffd988"))
	var shield := Vector2(1025, 190)
	DemoShapes.fill(self, DemoShapes.blob(PackedVector2Array([
		shield + Vector2(-46, -52), shield + Vector2(0, -58), shield + Vector2(46, -52), shield + Vector2(42, 14),
		shield + Vector2(0, 58), shield + Vector2(-42, 14),
	])), Color("2d3c48"))
	var heron := Color("c3ccd2")
	DemoShapes.fill(self, DemoShapes.blob(PackedVector2Array([
		shield + Vector2(-20, 8), shield + Vector2(2, -8), shield + Vector2(20, 2), shield + Vector2(6, 16),
	])), heron)
	draw_polyline(PackedVector2Array([
		shield + Vector2(12, -2), shield + Vector2(20, -16), shield + Vector2(10, -28), shield + Vector2(16, -38),
	]), heron, 5.0, true)
	draw_line(shield + Vector2(15, -38), shield + Vector2(33, -34), Color("d9a441"), 3.0, true)
	draw_line(shield + Vector2(2, 12), shield + Vector2(2, 40), heron, 2.5, true)
	draw_line(shield + Vector2(9, 12), shield + Vector2(12, 28), heron, 2.5, true)


func _draw_beams() -> void:
	DemoShapes.shade(self, Rect2(0, 0, 1280, 52), Color("140e0d"), TIMBER)
	draw_rect(Rect2(0, 50, 1280, 3), Color(1, 0.8, 0.55, 0.08))
	for x: float in [428.0, 720.0]:
		DemoShapes.shade(self, Rect2(x, 50, 26, 470), TIMBER, TIMBER_LIT)
		draw_rect(Rect2(x + 23, 50, 3, 470), Color(1, 0.75, 0.5, 0.1))
