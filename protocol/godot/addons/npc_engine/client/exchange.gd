extends RefCounted
## The requests under way: sending and resending them, reading what comes back, ending each exactly once.
##
## The game is called back after the work of a poll is done, when everything is consistent: a callback may ask and
## cancel. Times are microseconds of [method Time.get_ticks_usec].

const Fields := preload("fields.gd")
const OfflineLines := preload("offline_lines.gd")
const Reader := preload("../wire/message_reader.gd")
const Session := preload("session.gd")
const Writer := preload("../wire/message_writer.gd")

## The version of the protocol this client speaks.
const VERSION := 1
## Deadlines are held open this long while replies may wait unread.
const BACKLOG_US := 250_000
## Answers to `hello` that mean the daemon will not have this client.
const REFUSALS: Array[String] = ["version_unsupported", "unauthorised"]
## Requests whose good end makes a slot another one: what was asked of the slot before is void.
const RENEWALS: Array[String] = ["save.import", "slot.new", "slot.delete"]
const LIMITS := {"frame_bytes": 1_048_576, "budget_min_ms": 1, "budget_max_ms": 600_000}
## Bounds on what a `welcome` may say of frames, bytes.
const FRAME_BYTES_MIN := 4_096
const FRAME_BYTES_MAX := 67_108_864
const TEXTS := {
	"budget_out_of_range": "`budget_ms` is outside `welcome.limits`. Use a value inside it.",
	"cancelled": "The client cancelled this request.",
	"daemon_unreachable": "No daemon answers at that address. Start one with `npc-engine serve`.",
	"version_unsupported": "Client and daemon share no protocol version. Update the older of the two.",
}

## The session, null while there is nobody to connect to.
var session: Session
## What the daemon last said of itself: its `welcome`, brought up to date by `status` and `pack`. Empty before.
var daemon := {}
## Faults of a pack that was changed while the daemon runs.
var pack_problems: Array[String] = []
## The daemon's own state, as it last told it.
var service := "loading"
## The last fault of the daemon's that ended no request.
var fault := ""
var closed := false

var _rename: Callable
var _reader := Reader.new()
var _writer := Writer.new()
var _lines := OfflineLines.new()
var _limits := LIMITS
var _open := {}  # id to request, in the order they were asked
var _outbox: Array[NpcRequest] = []
var _fresh := {}  # request to its latest text: what came before it in the same poll is not worth a frame
var _news: Array[Callable] = []
var _objection_code := ""
var _objection_message := ""
var _last_id := 0
var _backlog_us := -1


## [param rename] gives the next greeting a new session name.
func _init(rename: Callable) -> void:
	_rename = rename


## An id that no message of this session has used.
func next_id() -> int:
	_last_id += 1
	return _last_id


## Take a new request, and send it if the daemon is there.
func add(request: NpcRequest) -> void:
	var now_us := Time.get_ticks_usec()
	_open[request.id] = request
	if closed:
		_fail(request, "cancelled", "The client was closed.")
	elif not _objection_code.is_empty():
		_fail(request, _objection_code, _objection_message)
	elif session != null and not session.refusal_code.is_empty():
		_fail(request, session.refusal_code, session.refusal_message)
	elif not _is_in_range(request._patience_ms):
		_fail(request, "budget_out_of_range", TEXTS["budget_out_of_range"])
	else:
		_outbox.append(request)
		var frame := request._bytes(_writer, now_us)
		if frame.size() > _limits["frame_bytes"]:
			_writer.error = "the message takes %d bytes; %d are allowed" % [frame.size(), _limits["frame_bytes"]]
		if not _writer.error.is_empty():
			_fail(request, "bad_message", _writer.error)
			_writer.error = ""
		_flush(now_us)


## There will be no daemon: every request fails, those to come as well.
func object(code: String, message: String) -> void:
	_objection_code = code
	_objection_message = message
	for request: NpcRequest in _open.values():
		_fail(request, code, message)


## End a request here at once, and have the daemon stop its work.
func cancel(request: NpcRequest) -> void:
	if _open.get(request.id) == request:
		_tell_cancelled(request)
		_fail(request, "cancelled", TEXTS["cancelled"])


## One round: read, keep the session alive, end what is overdue, send, call the game back. Looks at the time after
## every frame.
func poll(end_us: int) -> void:
	if _read(end_us):
		var now_us := Time.get_ticks_usec()
		if session != null:
			session.tick(now_us)
		_expire(now_us)
	_flush(end_us)
	_notify()


## End every open request as cancelled, and drop the connection. Idempotent.
func close() -> void:
	closed = true
	for request: NpcRequest in _open.values():
		_fail(request, "cancelled", "The client was closed.")
	lose_session()
	_notify()


## Drop the connection. Requests stay open, for the session that follows.
func lose_session() -> void:
	if session != null:
		session.close()
		session = null


## Take frames until none waits or the time is up. Whether what was sent to us by now can be taken as read.
func _read(end_us: int) -> bool:
	while session != null:
		var frame: Variant = session.receive(Time.get_ticks_usec())
		if frame == null:
			break
		var message := _reader.read(frame)
		if not _reader.error.is_empty():
			fault = "The daemon sent a frame that is no message: %s." % _reader.error
		else:
			_take(message)
		var now_us := Time.get_ticks_usec()
		if now_us >= end_us:
			if _backlog_us < 0:
				_backlog_us = now_us
			return now_us - _backlog_us >= BACKLOG_US
	_backlog_us = -1
	return true


## Act on one message; one that does not fit changes nothing. Unknown types are left to newer clients.
func _take(message: Dictionary) -> void:
	var fields := Fields.new(message)
	var kind := fields.text("t")
	var id := fields.integer("id", 0)
	var request: NpcRequest = _open.get(id)
	if not fields.fault.is_empty():
		pass
	elif kind == "welcome":
		_welcome(fields)
	elif kind == "status":
		_status(fields)
	elif kind == "pack":
		_pack(fields)
	elif kind == "error" and id == 0:
		_connection_error(fields)
	elif kind in ["done", "update", "turn", "accepted"] and id == 0:
		fields.fault = "`id` is missing"
	elif request == null:
		return  # a pong, or a late word on a request that has ended
	elif kind == "update":
		if request._update(fields):
			_fresh[request] = true
	elif kind == "accepted":
		request._accepted()
	elif kind == "turn":
		var turn := request._turn(fields, Time.get_ticks_usec())
		if turn != null:
			_news.append(request.turned.emit.bind(turn))
	elif kind == "done":
		_done(request, fields)
	elif kind == "error":
		_error(request, fields)
	if not fields.fault.is_empty():
		fault = "The daemon sent a `%s` that is none: %s." % [kind, fields.fault]


func _welcome(fields: Fields) -> void:
	var version := fields.integer("v")
	var news := {
		"daemon": fields.text("daemon"), "pack": fields.text("pack"), "engine": fields.text("engine", ""),
		"model": fields.text("model", ""), "npcs": fields.text_map("npcs"), "places": fields.text_map("places"),
		"resumed": fields.boolean("resumed", false), "progress": 0.0, "detail": "",
	}
	var state := fields.text("state")
	var heartbeat_ms := fields.integer("heartbeat_ms", 2_000)
	var told := Fields.new(fields.map("limits"))
	var bounds := {}
	for name: String in LIMITS:
		bounds[name] = told.integer(name, LIMITS[name])
	bounds["frame_bytes"] = clampi(bounds["frame_bytes"], FRAME_BYTES_MIN, FRAME_BYTES_MAX)
	var authored := fields.map("authored")
	for lines: Variant in authored.values():
		if not lines is Array or not Fields.are_texts(lines):
			fields.fault = "`authored` does not map to lists of texts"
	if fields.fault.is_empty():
		fields.fault = told.fault
	if not fields.fault.is_empty():
		return
	if version != VERSION:
		_refuse("version_unsupported", TEXTS["version_unsupported"])
		return
	_lines.learn(authored)
	_limits = bounds
	daemon = news
	pack_problems = []
	service = state
	fault = ""
	var is_first := not session.greeted
	session.welcome(heartbeat_ms, bounds["frame_bytes"], Time.get_ticks_usec())
	if is_first:  # a second one answers a `hello` that was repeated
		_resume(news["resumed"])


## Queue every open request again, in order. A daemon that does not know the session gets them as new ones, except what
## the player has seen part of: another daemon would go on differently.
func _resume(resumed: bool) -> void:
	for request: NpcRequest in _open.values():
		if not resumed and request._was_seen():
			_end_unanswered(request)
		elif not resumed:
			request._forgotten()
	_outbox.assign(_open.values())


func _status(fields: Fields) -> void:
	var state := fields.text("state")
	var news := {
		"engine": fields.text("engine", daemon.get("engine", "")), "model": fields.text("model", daemon.get("model", "")),
		"progress": fields.number("progress", 0.0), "detail": fields.text("detail", ""),
	}
	if fields.fault.is_empty():
		service = state
		daemon.merge(news, true)


func _pack(fields: Fields) -> void:
	var problems := fields.texts("problems")
	var news := {"pack": fields.text("pack"), "npcs": fields.text_map("npcs"), "places": fields.text_map("places")}
	if not fields.fault.is_empty():
		return
	pack_problems.assign(problems)
	if problems.is_empty():
		daemon.merge(news, true)


func _connection_error(fields: Fields) -> void:
	var code := fields.text("code")
	var message := fields.text("message", "")
	if not fields.fault.is_empty():
		return
	if code in REFUSALS:
		_refuse(code, message)
	elif code == "hello_first":
		session.lose(Time.get_ticks_usec())
	elif code == "session_taken":  # somebody else has our name: greet anew under another
		_rename.call()
		session.lose(Time.get_ticks_usec())
	else:
		fault = message


func _refuse(code: String, message: String) -> void:
	session.refuse(code, message, Time.get_ticks_usec())
	for request: NpcRequest in _open.values():
		_fail(request, code, message)


func _done(request: NpcRequest, fields: Fields) -> void:
	var reply := NpcReply.read(fields)
	if not fields.fault.is_empty():
		return
	_finish(request, reply)
	if request.kind in RENEWALS:
		_void_before(request)


func _error(request: NpcRequest, fields: Fields) -> void:
	var code := fields.text("code")
	var message := fields.text("message", "")
	var retry_ms := fields.integer("retry_after_ms", -1)
	if fields.fault.is_empty():
		_fail(request, code, message, retry_ms)


## The daemon has cancelled what was asked of the slot before it was renewed. A word on it that is still on its way is
## about a world that is gone.
func _void_before(renewal: NpcRequest) -> void:
	for request: NpcRequest in _open.values():
		if request._slot == renewal._slot and request.id < renewal.id:
			_fail(request, "cancelled", "Its save slot has been loaded, begun anew or deleted meanwhile.")


## Send what is queued, while there is time.
func _flush(end_us: int) -> void:
	while not _outbox.is_empty() and session != null and session.greeted:
		var now_us := Time.get_ticks_usec()
		var request: NpcRequest = _outbox[0]
		var frame := PackedByteArray() if request.is_ended() else request._bytes(_writer, now_us)
		if not frame.is_empty():
			if not session.send(frame):
				return
			request._sent(frame)
		_outbox.pop_front()
		if now_us >= end_us:
			break
	if session != null:
		session.flush()


## End what the daemon has not.
func _expire(now_us: int) -> void:
	for request: NpcRequest in _open.values():
		if now_us >= request._deadline_us:
			_tell_cancelled(request)
			_end_unanswered(request)


## The end of a request that the daemon leaves open. Nobody wrote lines for a conversation: it just stops.
func _end_unanswered(request: NpcRequest) -> void:
	if request.is_speech():
		var line := _lines.reply(request.subject, request.text.substr(0, request._published))
		if request.kind == "describe":
			line.narration = line.text
			line.text = ""
		_finish(request, line)
	elif request.kind == "converse":
		var reply := NpcReply.new()
		reply.reason = "offline"
		reply.data = {"turns": request.turns.size()}
		_finish(request, reply)
	else:
		_fail(request, "daemon_unreachable", TEXTS["daemon_unreachable"])


## Spare the daemon the work. Its answer is not waited for, and a loss does no harm.
func _tell_cancelled(request: NpcRequest) -> void:
	if session != null and request._is_sent():
		session.send(_writer.write({"t": "cancel", "id": next_id(), "target": request.id}))


func _finish(request: NpcRequest, reply: NpcReply) -> void:
	_leave(request)
	request._finish(reply)
	_news.append(request.finished.emit.bind(reply))
	_news.append(request.ended.emit.bind(request))


func _fail(request: NpcRequest, code: String, message: String, retry_ms := -1) -> void:
	_leave(request)
	request._fail(code, message, retry_ms)
	_news.append(request.failed.emit.bind(code, message, request.is_recoverable()))
	_news.append(request.ended.emit.bind(request))


## Out of the table; what it last said is told before its end.
func _leave(request: NpcRequest) -> void:
	_open.erase(request.id)
	if _fresh.erase(request):
		_news.append(request.updated.emit.bind(request.text, request.stable))


## Call the game back. What a callback sets off is told in the next poll.
func _notify() -> void:
	for request: NpcRequest in _fresh:
		_news.append(request.updated.emit.bind(request.text, request.stable))
	_fresh.clear()
	var news := _news
	_news = []
	for tell: Callable in news:
		tell.call()


func _is_in_range(budget_ms: int) -> bool:
	return budget_ms >= _limits["budget_min_ms"] and budget_ms <= _limits["budget_max_ms"]
