extends Node2D
## Bram's table, in front of him.

const MIDDLE := Vector2(762, 566)


func _draw() -> void:
	DemoShapes.fill(self, DemoShapes.box(Rect2(MIDDLE + Vector2(-120, 20), Vector2(22, 130)), 4), Color("2f1f18"))
	DemoShapes.fill(self, DemoShapes.box(Rect2(MIDDLE + Vector2(98, 20), Vector2(22, 130)), 4), Color("2f1f18"))
	DemoShapes.fill(self, DemoShapes.box(Rect2(MIDDLE + Vector2(-172, -2), Vector2(344, 34)), 12), Color("4a3023"))
	DemoShapes.fill(self, DemoShapes.box(Rect2(MIDDLE + Vector2(-176, -14), Vector2(352, 26)), 12), Color("80573b"))
	draw_rect(Rect2(MIDDLE + Vector2(-166, -13), Vector2(332, 3)), Color(1, 0.82, 0.6, 0.3))
	_draw_tankard(MIDDLE + Vector2(122, -8))
	_draw_bread(MIDDLE + Vector2(-112, -8))


func _draw_tankard(at: Vector2) -> void:
	draw_arc(at + Vector2(19, -22), 11.0, -PI / 2, PI / 2, 16, Color("5d6268"), 4.5, true)
	DemoShapes.fill(self, DemoShapes.box(Rect2(at + Vector2(-18, -44), Vector2(36, 46)), 5), Color("767d85"))
	DemoShapes.fill(self, DemoShapes.ellipse(at + Vector2(0, -45), Vector2(18, 6), 24), Color("f0e2c4"))
	draw_rect(Rect2(at + Vector2(9, -38), Vector2(4, 34)), Color(1, 0.85, 0.65, 0.5))
	draw_rect(Rect2(at + Vector2(-18, -12), Vector2(36, 4)), Color("5d6268"))


func _draw_bread(at: Vector2) -> void:
	DemoShapes.fill(self, DemoShapes.ellipse(at, Vector2(46, 9)), Color("b9a88c"))
	DemoShapes.fill(self, DemoShapes.ellipse(at + Vector2(0, -2), Vector2(40, 6)), Color("a39276"))
	DemoShapes.fill(self, DemoShapes.blob(PackedVector2Array([
		at + Vector2(-30, -2), at + Vector2(-26, -22), at + Vector2(0, -30), at + Vector2(26, -22), at + Vector2(30, -2),
	])), Color("c08a4c"))
	for cut: float in [-12.0, 2.0, 16.0]:
		draw_line(at + Vector2(cut - 4, -14), at + Vector2(cut + 3, -24), Color("e6c08a"), 3.0, true)
