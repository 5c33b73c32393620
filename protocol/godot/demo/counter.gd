extends Node2D
## The bar that Marta stands behind, with what stands on it. In front of her, so a node of its own.

const TOP := Rect2(-10, 470, 452, 26)
const FRONT := Rect2(-10, 496, 438, 150)


func _draw() -> void:
	DemoShapes.fill(self, DemoShapes.ellipse(Vector2(210, 646), Vector2(260, 16)), Color(0, 0, 0, 0.3))
	DemoShapes.shade(self, FRONT, Color("5a3b29"), Color("35231b"))
	for x in range(20, 430, 82):
		DemoShapes.fill(self, DemoShapes.box(Rect2(x, 514, 64, 112), 4), Color(0, 0, 0, 0.2))
		DemoShapes.fill(self, DemoShapes.box(Rect2(x + 4, 518, 56, 104), 3), Color("52372a"))
		draw_rect(Rect2(x + 4, 518, 56, 2), Color(1, 0.8, 0.55, 0.12))
	DemoShapes.fill(self, DemoShapes.box(TOP, 6), Color("7a5238"))
	draw_rect(Rect2(-10, 471, 448, 4), Color(1, 0.82, 0.6, 0.25))
	draw_rect(Rect2(-10, 490, 446, 6), Color(0, 0, 0, 0.25))
	_draw_mug(Vector2(352, 472), Color("a88a5e"))
	_draw_mug(Vector2(396, 472), Color("94774f"))
	_draw_soup(Vector2(68, 472))


func _draw_mug(at: Vector2, color: Color) -> void:
	draw_arc(at + Vector2(17, -18), 9.0, -PI / 2, PI / 2, 14, color.darkened(0.2), 4.0, true)
	DemoShapes.fill(self, DemoShapes.box(Rect2(at + Vector2(-15, -36), Vector2(30, 36)), 5), color)
	DemoShapes.fill(self, DemoShapes.ellipse(at + Vector2(0, -37), Vector2(16, 6), 24), Color("f0e2c4"))
	draw_rect(Rect2(at + Vector2(-15, -12), Vector2(30, 3)), color.darkened(0.3))


func _draw_soup(at: Vector2) -> void:
	DemoShapes.fill(self, DemoShapes.blob(PackedVector2Array([
		at + Vector2(-36, -24), at + Vector2(36, -24), at + Vector2(22, -1), at + Vector2(-22, -1)
	])), Color("8c5a44"))
	DemoShapes.fill(self, DemoShapes.ellipse(at + Vector2(0, -25), Vector2(37, 8)), Color("a56f55"))
	DemoShapes.fill(self, DemoShapes.ellipse(at + Vector2(0, -25), Vector2(31, 5.5)), Color("d99a4e"))
