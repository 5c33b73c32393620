extends RefCounted
## A session with a daemon: the greeting, the heartbeat, and noticing that either has to happen again. Knows nothing of
## requests. Times are microseconds.

const Link := preload("../wire/link.gd")
const Writer := preload("../wire/message_writer.gd")

## A greeting that was refused is repeated after this long. One that nobody answers breaks the link.
const HELLO_RETRY_US := 2_000_000
const HEARTBEAT_US := 2_000_000
## Bounds on the daemon's wish for a heartbeat.
const HEARTBEAT_MIN_MS := 100
const HEARTBEAT_MAX_MS := 60_000
## A ping without any sign of life for this many heartbeats means that the daemon is gone.
const SILENT_HEARTBEATS := 3

## True from `welcome` until the connection or the daemon is lost: only then may requests be sent.
var greeted := false
## Why the daemon will not have this client: a code and a sentence. Empty while it has no objection.
var refusal_code := ""
var refusal_message := ""
## Since when there is no daemon.
var lost_us := 0

var _link: Link
var _hello: Callable
var _writer := Writer.new()
var _number := 0
var _hello_us := 0
var _hello_waits := false
var _heartbeat_us := HEARTBEAT_US
var _ping_us := 0
var _pings := 0
var _unanswered_us := -1


## [param hello] gives the bytes of a greeting, made anew each time: the token may have changed.
func _init(link: Link, hello: Callable, now_us: int) -> void:
	_link = link
	_hello = hello
	lost_us = now_us


## The next frame as [PackedByteArray], null if none waits. Any frame is a sign of life.
func receive(now_us: int) -> Variant:
	var frame: Variant = _link.receive(now_us)
	if frame != null:
		_unanswered_us = -1
		_hello_waits = false
	return frame


## Send, if the daemon has greeted us; false if the frame was not taken.
func send(frame: PackedByteArray) -> bool:
	return greeted and _link.send(frame)


## Write what has been sent and not yet left.
func flush() -> void:
	_link.flush()


## Why there is no connection, if anybody was there to refuse it.
func problem() -> String:
	return _link.problem


## The daemon knows us.
func welcome(heartbeat_ms: int, frame_bytes: int, now_us: int) -> void:
	greeted = true
	refusal_code = ""
	refusal_message = ""
	_link.frame_bytes_max = frame_bytes
	_link.is_good()
	_heartbeat_us = clampi(heartbeat_ms, HEARTBEAT_MIN_MS, HEARTBEAT_MAX_MS) * 1000
	_ping_us = now_us + _heartbeat_us


## The daemon no longer knows us: greet it again. While that is under way, does nothing.
func lose(now_us: int) -> void:
	if greeted:
		greeted = false
		lost_us = now_us
		_hello_us = now_us
		_hello_waits = false
		_unanswered_us = -1


## The daemon will not have us. The greeting is still repeated: a restarted daemon may.
func refuse(code: String, message: String, now_us: int) -> void:
	lose(now_us)
	refusal_code = code
	refusal_message = message
	_hello_us = now_us + HELLO_RETRY_US


## Send what is due. Called when no frame waits, so that silence means silence.
func tick(now_us: int) -> void:
	var number := _link.number()
	if number != _number:
		_number = number
		lose(now_us)
		refusal_code = ""
		refusal_message = ""
		_hello_us = now_us
		_hello_waits = false
	if number == 0:
		return
	if greeted and _unanswered_us >= 0 and now_us - _unanswered_us >= SILENT_HEARTBEATS * _heartbeat_us:
		lose(now_us)
	if greeted and now_us >= _ping_us:
		_ping(now_us)
	elif not greeted and now_us >= _hello_us:
		_greet(now_us)


## Drop the connection.
func close() -> void:
	_link.close()


func _greet(now_us: int) -> void:
	if _hello_waits:
		_link.drop("Somebody listens there but does not answer.", now_us)
		return
	_link.send(_hello.call())
	_hello_waits = true
	_hello_us = now_us + HELLO_RETRY_US


func _ping(now_us: int) -> void:
	_pings += 1
	_link.send(_writer.write({"t": "ping", "n": _pings}))
	_ping_us = now_us + _heartbeat_us
	if _unanswered_us < 0:
		_unanswered_us = now_us
