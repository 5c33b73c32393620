extends Node2D
## Somebody in the room: drawn from a few colours, breathing, blinking, and showing the emotion of the last reply.

enum Build { MARTA, BRAM }

## Of each emotion: how far the brows rise, how much they tilt inwards, how the mouth bends, how far the eyes open.
const FACES := {
	"neutral": [0.0, 0.0, 0.15, 1.0], "joy": [1.5, 0.0, 1.0, 0.85], "trust": [0.5, -0.1, 0.6, 0.95],
	"fear": [4.0, -0.5, -0.5, 1.25], "surprise": [6.0, 0.0, 0.0, 1.35], "sadness": [1.0, -0.6, -0.7, 0.8],
	"disgust": [-1.0, 0.3, -0.6, 0.7], "anger": [-2.5, 0.7, -0.6, 0.9], "anticipation": [2.5, 0.15, 0.4, 1.1],
}

@export var build := Build.MARTA
@export var title := ""
@export var skin := Color("dba584")
@export var hair := Color("7d5a43")
@export var cloth := Color("8a4a44")
@export var shirt := Color("e3d5bd")
## Where the warm light comes from: 1 is the right.
@export var light_side := 1.0

var emotion := "neutral"
var is_chosen := false
var is_talking := false

var _seconds := randf() * 9.0
var _face := PackedFloat32Array([0.0, 0.0, 0.15, 1.0])
var _mouth := 0.0
var _gaze := 0.0


func _process(delta: float) -> void:
	_seconds += delta
	var goal: Array = FACES.get(emotion, FACES["neutral"])
	for i in 4:
		_face[i] = lerpf(_face[i], goal[i], 1.0 - exp(-delta * 7.0))
	var open := absf(sin(_seconds * 11.0)) * (0.55 + 0.45 * sin(_seconds * 3.7)) if is_talking else 0.0
	_mouth = lerpf(_mouth, open, 1.0 - exp(-delta * 18.0))
	_gaze = lerpf(_gaze, sin(_seconds * 0.45) * 2.5, 1.0 - exp(-delta * 3.0))
	queue_redraw()


## Whether [param point] of the screen is on this person.
func is_at(point: Vector2) -> bool:
	return Rect2(-105, -330, 210, 340).has_point(to_local(point))


func _draw() -> void:
	var breath := sin(_seconds * 1.9) * 1.8
	_draw_body(breath)
	var head := Vector2(sin(_seconds * 0.7) * 1.5, -252 + breath * 1.3)
	if build == Build.MARTA:
		_draw_marta(head)
	else:
		_draw_bram(head)
	_draw_face(head)


func _draw_body(breath: float) -> void:
	var wide := 92.0 if build == Build.MARTA else 108.0
	var top := -176.0 + breath
	var body := DemoShapes.blob(PackedVector2Array([
		Vector2(-34, top - 8), Vector2(34, top - 8), Vector2(wide * 0.86, top + 22), Vector2(wide, top + 90),
		Vector2(wide * 0.94, 0), Vector2(-wide * 0.94, 0), Vector2(-wide, top + 90), Vector2(-wide * 0.86, top + 22),
	]))
	DemoShapes.fill(self, body, cloth)
	var rim := DemoShapes.blob(PackedVector2Array([  # the side of the fire
		Vector2(wide * 0.84, top + 20), Vector2(wide * 0.99, top + 90), Vector2(wide * 0.93, 0), Vector2(wide * 0.7, 0),
		Vector2(wide * 0.78, top + 90),
	]))
	DemoShapes.fill(self, Transform2D.IDENTITY.scaled(Vector2(light_side, 1)) * rim, Color(1.0, 0.62, 0.3, 0.16))
	for side: float in [-1.0, 1.0]:  # arms
		draw_polyline(PackedVector2Array([
			Vector2(side * wide * 0.66, top + 62), Vector2(side * wide * 0.62, top + 110), Vector2(side * wide * 0.68, 0)
		]), cloth.darkened(0.3), 3.0, true)
	if build == Build.MARTA:
		DemoShapes.fill(self, DemoShapes.blob(PackedVector2Array([
			Vector2(-30, top - 6), Vector2(30, top - 6), Vector2(16, top + 34), Vector2(0, top + 46), Vector2(-16, top + 34),
		])), shirt)
		DemoShapes.fill(self, DemoShapes.blob(PackedVector2Array([
			Vector2(-46, top + 78), Vector2(46, top + 78), Vector2(60, 0), Vector2(-60, 0),
		])), shirt.darkened(0.06))
		for side: float in [-1.0, 1.0]:
			draw_line(Vector2(side * 44, top + 80), Vector2(side * 32, top), shirt.darkened(0.12), 7.0, true)
	else:
		DemoShapes.fill(self, DemoShapes.blob(PackedVector2Array([
			Vector2(-26, top - 6), Vector2(26, top - 6), Vector2(10, top + 40), Vector2(-10, top + 40),
		])), shirt.darkened(0.15))
		var leather := Color("5b3b27")
		DemoShapes.fill(self, DemoShapes.blob(PackedVector2Array([
			Vector2(-50, top + 52), Vector2(50, top + 52), Vector2(66, 0), Vector2(-66, 0),
		])), leather)
		draw_line(Vector2(-46, top + 56), Vector2(-34, top + 2), leather, 9.0, true)
		draw_line(Vector2(46, top + 56), Vector2(34, top + 2), leather, 9.0, true)
		draw_arc(Vector2(0, top + 96), 24.0, 0.3, PI - 0.3, 16, leather.darkened(0.3), 2.0, true)
	DemoShapes.fill(self, DemoShapes.box(Rect2(-21, top - 42, 42, 48), 14), skin.darkened(0.16))


func _draw_marta(head: Vector2) -> void:
	DemoShapes.fill(self, DemoShapes.ellipse(head + Vector2(-6, -58), Vector2(30, 25)), hair.darkened(0.12))
	draw_arc(head + Vector2(-6, -58), 17.0, 0.4, 3.4, 16, hair.lightened(0.1), 2.0, true)
	DemoShapes.fill(self, DemoShapes.ellipse(head + Vector2(0, -10), Vector2(60, 62)), hair.darkened(0.05))
	var feather := PackedVector2Array([
		head + Vector2(30, -44), head + Vector2(52, -70), head + Vector2(74, -106), head + Vector2(48, -88),
		head + Vector2(30, -62),
	])
	DemoShapes.fill(self, DemoShapes.blob(feather), Color("9fb0ba"))
	draw_line(head + Vector2(30, -46), head + Vector2(68, -98), Color("e8eef0"), 1.6, true)
	DemoShapes.fill(self, DemoShapes.ellipse(head + Vector2(0, 4), Vector2(50, 54)), skin)
	for side: float in [-1.0, 1.0]:  # a parting, and a strand on each side
		DemoShapes.fill(self, DemoShapes.blob(PackedVector2Array([
			head + Vector2(side * 2, -52), head + Vector2(side * 34, -46), head + Vector2(side * 54, -12),
			head + Vector2(side * 52, 20), head + Vector2(side * 45, -6), head + Vector2(side * 24, -26),
		])), hair)
		draw_circle(head + Vector2(side * 50, 30), 4.0, Color("d9a441"))


func _draw_bram(head: Vector2) -> void:
	DemoShapes.fill(self, DemoShapes.ellipse(head + Vector2(0, -6), Vector2(57, 60)), hair.darkened(0.15))
	for side: float in [-1.0, 1.0]:
		DemoShapes.fill(self, DemoShapes.ellipse(head + Vector2(side * 55, 4), Vector2(9, 14), 20), skin.darkened(0.1))
	DemoShapes.fill(self, DemoShapes.ellipse(head + Vector2(0, 2), Vector2(52, 54)), skin)
	DemoShapes.fill(self, DemoShapes.blob(PackedVector2Array([
		head + Vector2(-54, -6), head + Vector2(-50, -48), head + Vector2(-4, -66), head + Vector2(48, -50),
		head + Vector2(54, -6), head + Vector2(44, -28), head + Vector2(8, -38), head + Vector2(-40, -28),
	])), hair)
	DemoShapes.fill(self, DemoShapes.blob(PackedVector2Array([
		head + Vector2(-54, -2), head + Vector2(-44, 18), head + Vector2(-22, 22), head + Vector2(0, 18),
		head + Vector2(22, 22), head + Vector2(44, 18), head + Vector2(54, -2), head + Vector2(52, 46),
		head + Vector2(26, 78), head + Vector2(0, 88), head + Vector2(-26, 78), head + Vector2(-52, 46),
	])), hair.lightened(0.08))
	for strand in 5:
		var x := -28.0 + strand * 14.0
		draw_line(head + Vector2(x, 50), head + Vector2(x * 0.7, 74), hair.darkened(0.14), 1.6, true)


func _draw_face(head: Vector2) -> void:
	var ink := Color("33211c")
	var is_blinking := fmod(_seconds, 4.3) < 0.12
	var cheek := Vector2(light_side * 30, 0)
	var below := head + Vector2(0, 18)
	DemoShapes.fill(self, DemoShapes.ellipse(below + cheek, Vector2(15, 10), 20), Color(1, 0.45, 0.3, 0.2))
	DemoShapes.fill(self, DemoShapes.ellipse(below - cheek, Vector2(13, 9), 20), Color(0.9, 0.35, 0.3, 0.13))
	for side: float in [-1.0, 1.0]:
		var eye := head + Vector2(side * 21, -4)
		if is_blinking:
			draw_arc(eye + Vector2(0, -2), 9.0, 0.3, PI - 0.3, 12, ink, 2.4, true)
		else:
			_draw_eye(eye, Vector2(9.5, 8.5 * _face[3]), ink)
		var brow := eye + Vector2(0, -17 - _face[0])
		var tilt := _face[1] * 7.0
		var thick := 4.0 if build == Build.MARTA else 6.5
		_draw_stroke(
			brow + Vector2(-side * 12, tilt), brow + Vector2(side * 2, -6), brow + Vector2(side * 13, 2 - tilt * 0.5),
			hair.darkened(0.3), thick
		)
	_draw_stroke(
		head + Vector2(light_side, 1), head + Vector2(light_side * 10, 19), head + Vector2(-light_side * 4, 18),
		skin.darkened(0.28), 2.4
	)
	_draw_mouth(head + Vector2(0, 33 if build == Build.MARTA else 36), ink)


func _draw_eye(at: Vector2, radii: Vector2, ink: Color) -> void:
	DemoShapes.fill(self, DemoShapes.ellipse(at, radii, 24), Color("f6ede0"))
	var pupil := at + Vector2(_gaze, 0.5)
	DemoShapes.fill(self, DemoShapes.ellipse(pupil, Vector2(5.2, minf(5.6, radii.y)), 20), ink)
	draw_circle(pupil + Vector2(light_side * 1.8, -2), 1.7, Color(1, 1, 1, 0.9))
	draw_arc(at, radii.x, PI + 0.25, TAU - 0.25, 12, ink, 2.0, true)


func _draw_mouth(at: Vector2, ink: Color) -> void:
	var bend := _face[2] * 6.0
	if _mouth > 0.12:
		DemoShapes.fill(self, DemoShapes.ellipse(at + Vector2(0, 1), Vector2(13, 2.5 + _mouth * 8.0), 24), Color("5a211d"))
		var tongue := DemoShapes.ellipse(at + Vector2(0, 2 + _mouth * 5.0), Vector2(7, 1 + _mouth * 2.5), 20)
		DemoShapes.fill(self, tongue, Color("c4655a"))
		return
	_draw_stroke(
		at + Vector2(-15, -bend * 0.4), at + Vector2(0, bend * 1.6), at + Vector2(15, -bend * 0.4),
		ink if build == Build.MARTA else ink.lightened(0.05), 2.8
	)


## A stroke of a round brush, bent towards [param through].
func _draw_stroke(from: Vector2, through: Vector2, to: Vector2, color: Color, width: float) -> void:
	var line := PackedVector2Array()
	for step in 13:
		var along := step / 12.0
		line.append(from.lerp(through, along).lerp(through.lerp(to, along), along))
	draw_polyline(line, color, width, true)
	for end: Vector2 in [from, to]:
		draw_circle(end, width / 2, color, true, -1.0, true)
