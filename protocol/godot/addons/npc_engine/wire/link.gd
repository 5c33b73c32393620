extends RefCounted
## A ZeroMQ DEALER over one TCP connection that never blocks, comes back by itself, and knows when it is a new one.
## Times are microseconds of [method Time.get_ticks_usec].

const Zmtp := preload("zmtp.gd")

enum State { CLOSED, WAITING, CONNECTING, GREETING, HANDSHAKE, UP }

## A connection and its handshake may take this long.
const HANDSHAKE_US := 2_000_000
## First and longest wait before the next attempt; a random quarter comes on top.
const RETRY_MIN_US := 100_000
const RETRY_MAX_US := 2_000_000
## Bytes taken from the socket at once, and handed to it.
const CHUNK_BYTES := 65_536
## Unsent bytes beyond which a message is not taken.
const BACKLOG_BYTES := 262_144

## Why there is no connection, if anybody was there to refuse it.
var problem := ""
## Largest frame the other side may send.
var frame_bytes_max := 1 << 20

var _host := ""
var _port := 0
var _state := State.CLOSED
var _tcp: StreamPeerTCP
var _links := 0
var _in := PackedByteArray()
var _in_at := 0
var _in_message := false  # the frames to come belong to a message of several, which the protocol does not know
var _out := PackedByteArray()
var _out_at := 0
var _since_us := 0
var _retry_us := RETRY_MIN_US
var _ended := false  # the other side has closed; what it sent before is still to be read


## Begin to connect to an IP address.
func open(host: String, port: int, now_us: int) -> void:
	_host = host
	_port = port
	_connect(now_us)


## Drop the connection for good. Idempotent.
func close() -> void:
	_disconnect()
	_state = State.CLOSED


## Number of the present connection, counted from 1; 0 while there is none.
func number() -> int:
	return _links if _state == State.UP else 0


## The peer has shown that it is a daemon: the next break is retried soon.
func is_good() -> void:
	_retry_us = RETRY_MIN_US
	problem = ""


## Break the connection and try again after a while.
func drop(why: String, now_us: int) -> void:
	_disconnect()
	problem = why
	_state = State.WAITING
	_since_us = now_us + _retry_us + randi_range(0, _retry_us >> 2)
	_retry_us = mini(_retry_us * 2, RETRY_MAX_US)


## Move on: connect, shake hands, write what is queued. Once a frame.
func tick(now_us: int) -> void:
	match _state:
		State.CLOSED:
			return
		State.WAITING:
			if now_us >= _since_us:
				_connect(now_us)
			return
	_tcp.poll()
	var status := _tcp.get_status()
	if _state == State.CONNECTING:
		if status == StreamPeerTCP.STATUS_CONNECTED:
			_tcp.set_no_delay(true)
			_put(Zmtp.greeting())
			_state = State.GREETING
		elif status == StreamPeerTCP.STATUS_ERROR or now_us - _since_us >= HANDSHAKE_US:
			drop("", now_us)
			return
	elif status != StreamPeerTCP.STATUS_CONNECTED:
		_ended = true
	if _state == State.GREETING or _state == State.HANDSHAKE:
		_shake_hands(now_us)
	if _state == State.UP or _state == State.GREETING or _state == State.HANDSHAKE:
		flush()


## Hand over a frame; false if it was not taken.
func send(frame: PackedByteArray) -> bool:
	if _state != State.UP or _out.size() - _out_at > BACKLOG_BYTES:
		return false
	_put(Zmtp.message(frame))
	return true


## Write as much of what is queued as the system takes.
func flush() -> void:
	while _out_at < _out.size() and not _ended and _tcp != null:
		var end := mini(_out_at + CHUNK_BYTES, _out.size())
		var whole := _out_at == 0 and end == _out.size()
		var written := _tcp.put_partial_data(_out if whole else _out.slice(_out_at, end))
		if written[0] != OK and written[0] != ERR_BUSY:
			_ended = true
			return
		_out_at += written[1]
		if _out_at < end:
			return
	if _out_at > 0 and _out_at == _out.size():
		_out.clear()
		_out_at = 0


## The next frame, as [PackedByteArray]; null if none waits.
func receive(now_us: int) -> Variant:
	while _state == State.UP:
		var header := _frame_header(now_us)
		if header == 0:
			if _state == State.UP and not _read():
				if _ended:
					drop("", now_us)
				return null
			continue
		var flags := _in[_in_at]
		var end := _in_at + header + _frame_length()
		var body := _in.slice(_in_at + header, end)
		_in_at = end
		if flags & Zmtp.COMMAND:
			_command(body, now_us)
			continue
		var alone := not _in_message and not flags & Zmtp.MORE
		_in_message = flags & Zmtp.MORE != 0
		if alone:
			return body
	return null


func _connect(now_us: int) -> void:
	_disconnect()
	_tcp = StreamPeerTCP.new()
	_since_us = now_us
	_state = State.CONNECTING
	if _tcp.connect_to_host(_host, _port) != OK:
		drop("", now_us)


func _disconnect() -> void:
	if _tcp != null:
		_tcp.disconnect_from_host()
		_tcp = null
	_in = PackedByteArray()
	_out = PackedByteArray()
	_in_at = 0
	_out_at = 0
	_in_message = false
	_ended = false


func _shake_hands(now_us: int) -> void:
	_read()
	if _state == State.GREETING:
		var fault := Zmtp.greeting_fault(_in.slice(0, Zmtp.GREETING_BYTES))
		if not fault.is_empty():
			drop(fault, now_us)
			return
		if _in.size() >= Zmtp.GREETING_BYTES:
			_in_at = Zmtp.GREETING_BYTES
			_put(Zmtp.ready())
			_state = State.HANDSHAKE
	if _state == State.HANDSHAKE:
		var header := _frame_header(now_us)
		if header > 0:
			var is_command := _in[_in_at] & Zmtp.COMMAND != 0
			var body := _in.slice(_in_at + header, _in_at + header + _frame_length())
			_in_at += header + body.size()
			if not is_command:
				drop("The daemon sent a message before its handshake.", now_us)
			else:
				_command(body, now_us)
	if _state == State.GREETING or _state == State.HANDSHAKE:
		if _ended or now_us - _since_us >= HANDSHAKE_US:
			drop("" if _ended else "Somebody listens there but does not answer.", now_us)


func _command(body: PackedByteArray, now_us: int) -> void:
	var data := PackedByteArray()
	var name := Zmtp.command_name(body)
	if not name.is_empty():
		data = Zmtp.command_data(body)
	if name == "READY" and _state == State.HANDSHAKE:
		_state = State.UP
		_links += 1
	elif name == "PING" and data.size() >= 2 and _state == State.UP:
		_put(Zmtp.pong(data.slice(2)))
	elif name == "PONG" and _state == State.UP:
		return
	elif name == "ERROR":
		drop("The daemon refuses the connection.", now_us)
	else:
		drop("The daemon sent a command that ZMTP does not know.", now_us)


## Bytes before the body of the next frame; 0 if that frame is not here as a whole. Breaks the link if it cannot be one.
func _frame_header(now_us: int) -> int:
	var left := _in.size() - _in_at
	if left < Zmtp.SHORT_HEADER:
		return 0
	var flags := _in[_in_at]
	if flags & Zmtp.RESERVED or (flags & Zmtp.COMMAND and flags & Zmtp.MORE):
		drop("The daemon sent bytes that are not ZMTP.", now_us)
		return 0
	var header := Zmtp.LONG_HEADER if flags & Zmtp.LONG else Zmtp.SHORT_HEADER
	if left < header:
		return 0
	var length := _frame_length()
	if length < 0 or length > frame_bytes_max:
		drop("The daemon sent a frame of more than %d bytes." % frame_bytes_max, now_us)
		return 0
	return header if left >= header + length else 0


func _frame_length() -> int:
	if not _in[_in_at] & Zmtp.LONG:
		return _in[_in_at + 1]
	var length := 0
	for i in 8:
		length = (length << 8) | _in[_in_at + 1 + i]
	return length


## Take what the socket has; false if it has nothing.
func _read() -> bool:
	if _ended:
		return false
	var waiting := mini(_tcp.get_available_bytes(), CHUNK_BYTES)
	if waiting <= 0:
		return false
	var taken := _tcp.get_partial_data(waiting)
	if taken[0] != OK or taken[1].is_empty():
		_ended = _ended or taken[0] != OK
		return false
	if _in_at > 0:
		_in = _in.slice(_in_at)
		_in_at = 0
	_in.append_array(taken[1])
	return true


func _put(bytes: PackedByteArray) -> void:
	_out.append_array(bytes)
