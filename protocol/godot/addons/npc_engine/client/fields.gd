extends RefCounted
## Reads the fields of one message with their types. The first that does not fit is kept in [member fault].

## What is wrong with the message; empty if all is well so far.
var fault := ""

var _message: Dictionary


func _init(message: Dictionary) -> void:
	_message = message


func text(key: String, fallback: Variant = null) -> String:
	var value: Variant = _value(key, fallback)
	return value if typeof(value) == TYPE_STRING else String(_unfit(key, "text", ""))


func integer(key: String, fallback: Variant = null) -> int:
	var value: Variant = _value(key, fallback)
	return value if typeof(value) == TYPE_INT else int(_unfit(key, "an integer", 0))


func number(key: String, fallback: Variant = null) -> float:
	var value: Variant = _value(key, fallback)
	return value if typeof(value) in [TYPE_INT, TYPE_FLOAT] else float(_unfit(key, "a number", 0.0))


func boolean(key: String, fallback: Variant = null) -> bool:
	var value: Variant = _value(key, fallback)
	return value if typeof(value) == TYPE_BOOL else bool(_unfit(key, "true or false", false))


func map(key: String) -> Dictionary:
	var value: Variant = _value(key, {})
	return value if typeof(value) == TYPE_DICTIONARY else Dictionary(_unfit(key, "a map", {}))


func list(key: String) -> Array:
	var value: Variant = _value(key, [])
	return value if typeof(value) == TYPE_ARRAY else Array(_unfit(key, "a list", []))


func texts(key: String) -> Array:
	var values := list(key)
	if not are_texts(values):
		_unfit(key, "a list of texts", null)
	return values


func text_map(key: String) -> Dictionary:
	var values := map(key)
	if not are_texts(values.values()):
		_unfit(key, "a map of texts", null)
	return values


## Whether the field is there. Null counts as absent.
func has(key: String) -> bool:
	return _message.get(key) != null


static func are_texts(values: Array) -> bool:
	return values.all(func(value: Variant) -> bool: return typeof(value) == TYPE_STRING)


func _value(key: String, fallback: Variant) -> Variant:
	var value: Variant = _message.get(key)
	return fallback if value == null else value


func _unfit(key: String, expected: String, stand_in: Variant) -> Variant:
	if fault.is_empty():
		fault = "`%s` is not %s" % [key, expected]
	return stand_in
