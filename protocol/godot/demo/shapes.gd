class_name DemoShapes
extends RefCounted
## Soft shapes to draw with. Their edges are smooth on every renderer.


## A closed curve through [param points] (a Catmull-Rom spline).
static func blob(points: PackedVector2Array, steps := 8) -> PackedVector2Array:
	var curve := PackedVector2Array()
	var count := points.size()
	for i in count:
		var before := points[(i - 1 + count) % count]
		var after := points[(i + 2) % count]
		for step in steps:
			curve.append(points[i].cubic_interpolate(points[(i + 1) % count], before, after, float(step) / steps))
	return curve


static func ellipse(center: Vector2, radii: Vector2, steps := 40) -> PackedVector2Array:
	var points := PackedVector2Array()
	for step in steps:
		points.append(center + radii * Vector2.from_angle(TAU * step / steps))
	return points


static func box(rect: Rect2, radius := 0.0) -> PackedVector2Array:
	if radius <= 0.0:
		return PackedVector2Array([
			rect.position, rect.position + Vector2(rect.size.x, 0), rect.end, rect.position + Vector2(0, rect.size.y)
		])
	var points := PackedVector2Array()
	radius = minf(radius, minf(rect.size.x, rect.size.y) / 2 - 0.5)
	var inner := rect.grow(-radius)
	var corners := [
		inner.end, Vector2(inner.position.x, inner.end.y), inner.position, Vector2(inner.end.x, inner.position.y)
	]
	for quarter in 4:
		for step in 7:
			points.append(corners[quarter] + radius * Vector2.from_angle(TAU * (quarter + step / 6.0) / 4.0))
	return points


## Fill a shape on [param canvas], with an edge that is not jagged; a translucent one has none, it would show.
static func fill(canvas: CanvasItem, points: PackedVector2Array, color: Color) -> void:
	canvas.draw_colored_polygon(points, color)
	if color.a < 0.9:
		return
	var edge := points.duplicate()
	edge.append(points[0])
	canvas.draw_polyline(edge, color, 1.0, true)


## Fill a rectangle with a colour above that becomes another below.
static func shade(canvas: CanvasItem, rect: Rect2, above: Color, below: Color) -> void:
	canvas.draw_polygon(box(rect), PackedColorArray([above, above, below, below]))


## A round light: white in the middle, nothing at the rim.
static func light() -> GradientTexture2D:
	var texture := GradientTexture2D.new()
	texture.gradient = Gradient.new()
	texture.gradient.offsets = PackedFloat32Array([0.0, 0.35, 1.0])
	texture.gradient.colors = PackedColorArray([Color.WHITE, Color(1, 1, 1, 0.35), Color(1, 1, 1, 0)])
	texture.fill = GradientTexture2D.FILL_RADIAL
	texture.fill_from = Vector2(0.5, 0.5)
	texture.fill_to = Vector2(1.0, 0.5)
	texture.width = 256
	texture.height = 256
	return texture
