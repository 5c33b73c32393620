extends RefCounted
## The bytes of ZMTP 3.1 with the NULL mechanism, as far as a DEALER needs them (https://rfc.zeromq.org/spec/37/).

const GREETING_BYTES := 64
## Flags of a frame.
const MORE := 1
const LONG := 2
const COMMAND := 4
const RESERVED := 0xf8
## Bytes before the body of a frame.
const SHORT_HEADER := 2
const LONG_HEADER := 9


## What a client sends as soon as the connection stands.
static func greeting() -> PackedByteArray:
	var bytes := PackedByteArray([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 1])
	bytes.append_array("NULL".to_ascii_buffer())
	bytes.resize(GREETING_BYTES)
	return bytes


## Why a greeting, or as much of it as has come, is not that of a daemon; empty if it may be one.
static func greeting_fault(bytes: PackedByteArray) -> String:
	var size := bytes.size()
	if (size > 0 and bytes[0] != 0xff) or (size > 9 and bytes[9] != 0x7f) or (size > 10 and bytes[10] < 3):
		return "Whoever listens there is no daemon."
	if size >= 32 and bytes.slice(12, 32) != greeting().slice(12, 32):
		return "The daemon wants encryption, which this client does not speak. Use an SSH tunnel, see PROTOCOL.md."
	return ""


## The command that opens a DEALER without an identity.
static func ready() -> PackedByteArray:
	var properties := _property("Socket-Type", "DEALER")
	properties.append_array(_property("Identity", ""))
	return _command("READY", properties)


## A message of one frame.
static func message(body: PackedByteArray) -> PackedByteArray:
	return _frame(0, body)


## The answer to a PING, with the context it brought.
static func pong(context: PackedByteArray) -> PackedByteArray:
	return _command("PONG", context)


## The name of a command; empty if [param body] is none.
static func command_name(body: PackedByteArray) -> String:
	if body.is_empty() or body.size() <= body[0]:
		return ""
	for byte in body.slice(1, 1 + body[0]):
		if byte < 0x41 or byte > 0x5a:
			return ""
	return body.slice(1, 1 + body[0]).get_string_from_ascii()


## What follows the name of a command.
static func command_data(body: PackedByteArray) -> PackedByteArray:
	return body.slice(1 + body[0])


static func _property(name: String, value: String) -> PackedByteArray:
	var bytes := PackedByteArray([name.length()])
	bytes.append_array(name.to_ascii_buffer())
	bytes.append_array(_big_endian(value.length(), 4))
	bytes.append_array(value.to_ascii_buffer())
	return bytes


static func _command(name: String, data: PackedByteArray) -> PackedByteArray:
	var body := PackedByteArray([name.length()])
	body.append_array(name.to_ascii_buffer())
	body.append_array(data)
	return _frame(COMMAND, body)


static func _frame(flags: int, body: PackedByteArray) -> PackedByteArray:
	var bytes := PackedByteArray([flags, body.size()])
	if body.size() > 0xff:
		bytes = PackedByteArray([flags | LONG])
		bytes.append_array(_big_endian(body.size(), 8))
	bytes.append_array(body)
	return bytes


static func _big_endian(number: int, width: int) -> PackedByteArray:
	var bytes := PackedByteArray()
	bytes.resize(width)
	for i in width:
		bytes[width - 1 - i] = (number >> (8 * i)) & 0xff
	return bytes
