extends RefCounted
## Writes one map as MessagePack, within the protocol's bounds. Texts need no check: the engine puts U+FFFD where one
## would hold NUL or half a character.

const INTEGER_MAX := 1 << 53
const NESTING_MAX := 8

## Why the last map cannot be sent; empty if it can.
var error := ""

var _out := StreamPeerBuffer.new()


## The bytes of [param map]; empty where [member error] is set.
func write(map: Dictionary) -> PackedByteArray:
	error = ""
	_out = StreamPeerBuffer.new()
	_out.big_endian = true
	_value(map, 0)
	return _out.data_array if error.is_empty() else PackedByteArray()


func _value(value: Variant, depth: int) -> void:
	match typeof(value):
		TYPE_NIL:
			_out.put_u8(0xc0)
		TYPE_BOOL:
			_out.put_u8(0xc3 if value else 0xc2)
		TYPE_INT:
			_integer(value)
		TYPE_FLOAT:
			_out.put_u8(0xcb)
			_out.put_double(value)
		TYPE_STRING, TYPE_STRING_NAME:
			_text(String(value))
		TYPE_ARRAY, TYPE_PACKED_STRING_ARRAY:
			_list(value, depth)
		TYPE_DICTIONARY:
			_map(value, depth)
		_:
			error = "%s is no type of the protocol" % type_string(typeof(value))


func _integer(value: int) -> void:
	if absi(value) > INTEGER_MAX:
		error = "an integer is beyond 2^53"
	elif value >= 0:
		if value < 0x80:
			_out.put_u8(value)
		elif value < 0x100:
			_header(0xcc, 1, value)
		elif value < 0x10000:
			_header(0xcd, 2, value)
		elif value < 0x100000000:
			_header(0xce, 4, value)
		else:
			_header(0xcf, 8, value)
	elif value >= -0x20:
		_out.put_8(value)
	else:
		_out.put_u8(0xd3)
		_out.put_64(value)


func _text(text: String) -> void:
	var utf8 := text.to_utf8_buffer()
	var size := utf8.size()
	if size < 0x20:
		_out.put_u8(0xa0 | size)
	elif size < 0x100:
		_header(0xd9, 1, size)
	elif size < 0x10000:
		_header(0xda, 2, size)
	else:
		_header(0xdb, 4, size)
	if size > 0:
		_out.put_data(utf8)


func _list(list: Variant, depth: int) -> void:
	if _is_too_deep(depth):
		return
	var size: int = list.size()
	if size < 0x10:
		_out.put_u8(0x90 | size)
	else:
		_header(0xdd, 4, size)
	for item: Variant in list:
		_value(item, depth + 1)


func _map(map: Dictionary, depth: int) -> void:
	if _is_too_deep(depth):
		return
	var size := map.size()
	if size < 0x10:
		_out.put_u8(0x80 | size)
	else:
		_header(0xdf, 4, size)
	for key: Variant in map:
		if typeof(key) != TYPE_STRING and typeof(key) != TYPE_STRING_NAME:
			error = "a key is not text"
			return
		_text(String(key))
		_value(map[key], depth + 1)


func _header(type: int, width: int, number: int) -> void:
	_out.put_u8(type)
	match width:
		1:
			_out.put_u8(number)
		2:
			_out.put_u16(number)
		4:
			_out.put_u32(number)
		8:
			_out.put_u64(number)


func _is_too_deep(depth: int) -> bool:
	if depth >= NESTING_MAX:
		error = "nested deeper than %d levels" % NESTING_MAX
	return depth >= NESTING_MAX
