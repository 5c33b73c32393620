extends RefCounted
## Reads one MessagePack map out of a frame, within the protocol's bounds. Never prints, whatever the bytes.
##
## Half the work is refusing: what the protocol bans (binary, extensions, keys that are no text, NUL, integers beyond
## 2^53, text that is not UTF-8) and what no honest peer sends (trailing or missing bytes, endless nesting).

## Deeper than any message needs, and far from the script's own stack limit.
const NESTING_MAX := 128
const INTEGER_MAX := 1 << 53
## Bytes that follow the type byte of a number, or that hold the length of a text, list or map.
const HEADER_BYTES := {
	0xca: 4, 0xcb: 8, 0xcc: 1, 0xcd: 2, 0xce: 4, 0xcf: 8, 0xd0: 1, 0xd1: 2, 0xd2: 4, 0xd3: 8,
	0xd9: 1, 0xda: 2, 0xdb: 4, 0xdc: 2, 0xdd: 4, 0xde: 2, 0xdf: 4,
}
## A longer text is left to the engine's conversion, which is quick but prints an error where it finds a fault.
const CHECKED_BYTES := 16_384
## The high bit of each of eight bytes: set in any byte that is not ASCII.
const NOT_ASCII := -0x7f7f7f7f7f7f7f80

## What was wrong with the last frame; empty if it was good.
var error := ""

var _bytes := PackedByteArray()
var _size := 0
var _at := 0


## The map in [param frame]. Where [member error] is set it is empty.
func read(frame: PackedByteArray) -> Dictionary:
	error = ""
	_bytes = frame
	_size = frame.size()
	_at = 0
	var value: Variant = _value(0)
	if error.is_empty() and _at != _size:
		error = "bytes after the end of the map"
	elif error.is_empty() and typeof(value) != TYPE_DICTIONARY:
		error = "not a map"
	_bytes = PackedByteArray()
	return value if error.is_empty() else {}


func _value(depth: int) -> Variant:
	if _at >= _size:
		return _refuse("it ends too soon")
	var type := _bytes[_at]
	_at += 1
	if type < 0x80:
		return type
	if type < 0x90:
		return _map(type & 0x0f, depth)
	if type < 0xa0:
		return _list(type & 0x0f, depth)
	if type < 0xc0:
		return _text(type & 0x1f)
	if type >= 0xe0:
		return type - 0x100
	if type == 0xc0:
		return null
	if type == 0xc2 or type == 0xc3:
		return type == 0xc3
	if not HEADER_BYTES.has(type):
		return _refuse("the type byte %02x is not of the protocol" % type)
	var width: int = HEADER_BYTES[type]
	if _size - _at < width:
		return _refuse("it ends too soon")
	if type == 0xca or type == 0xcb:
		return _real(width)
	var number := 0
	for i in width:
		number = (number << 8) | _bytes[_at + i]
	_at += width
	if type <= 0xcf:
		return _integer(number)
	if type <= 0xd3:
		var unused_bits := 64 - 8 * width
		return _integer((number << unused_bits) >> unused_bits)
	if type <= 0xdb:
		return _text(number)
	return _list(number, depth) if type <= 0xdd else _map(number, depth)


func _integer(number: int) -> Variant:
	if number > INTEGER_MAX or number < -INTEGER_MAX:  # an unsigned one beyond 2^63 has become negative
		return _refuse("an integer is beyond 2^53")
	return number


func _real(width: int) -> float:
	var big_endian := _bytes.slice(_at, _at + width)
	big_endian.reverse()
	_at += width
	return big_endian.decode_float(0) if width == 4 else big_endian.decode_double(0)


func _list(count: int, depth: int) -> Variant:
	if not _can_hold(count, depth):
		return null
	var list := []
	for i in count:
		list.append(_value(depth + 1))
		if not error.is_empty():
			return null
	return list


func _map(count: int, depth: int) -> Variant:
	if not _can_hold(count * 2, depth):
		return null
	var map := {}
	for i in count:
		var key: Variant = _value(depth + 1)
		if typeof(key) != TYPE_STRING:
			return _refuse("a key is not text")
		map[key] = _value(depth + 1)
		if not error.is_empty():
			return null
	return map


func _can_hold(values: int, depth: int) -> bool:
	if depth >= NESTING_MAX:
		_refuse("nested too deep")
	elif values > _size - _at:
		_refuse("it announces more than it holds")
	return error.is_empty()


func _text(length: int) -> Variant:
	if length > _size - _at:
		return _refuse("it announces more than it holds")
	if length == 0:
		return ""
	var utf8 := _bytes.slice(_at, _at + length)
	_at += length
	if utf8.has(0):
		return _refuse("a text holds NUL")
	if length <= CHECKED_BYTES and not _is_ascii(utf8) and not is_utf8(utf8):
		return _refuse("a text is not UTF-8")
	var text := utf8.get_string_from_utf8()
	if length > CHECKED_BYTES and text.length() != length and text.to_utf8_buffer() != utf8:
		return _refuse("a text is not UTF-8")
	return text


static func _is_ascii(text: PackedByteArray) -> bool:
	var size := text.size()
	var at := 0
	while at + 8 <= size:
		if text.decode_u64(at) & NOT_ASCII:
			return false
		at += 8
	while at < size:
		if text[at] & 0x80:
			return false
		at += 1
	return true


## Whether [param text] is well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
## Checked here because the engine's own conversion repairs, and prints an error.
static func is_utf8(text: PackedByteArray) -> bool:
	var size := text.size()
	var at := 0
	while at < size:
		var lead := text[at]
		at += 1
		if lead < 0x80:
			continue
		var following := 1 if lead < 0xe0 else 2 if lead < 0xf0 else 3
		if lead < 0xc2 or lead > 0xf4 or at + following > size:
			return false
		var second := text[at]
		if second & 0xc0 != 0x80:
			return false
		if (lead == 0xe0 and second < 0xa0) or (lead == 0xed and second > 0x9f):
			return false
		if (lead == 0xf0 and second < 0x90) or (lead == 0xf4 and second > 0x8f):
			return false
		for i in range(1, following):
			if text[at + i] & 0xc0 != 0x80:
				return false
		at += following
	return true


func _refuse(why: String) -> Variant:
	if error.is_empty():
		error = why
	return null
