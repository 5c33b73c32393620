extends RefCounted
## What a character says when the daemon does not answer: lines its author wrote, kept since `welcome`.

## Said when nothing better is known, and where a line was cut.
const SILENCE := "..."
## A text that ends so needs no mark that it was cut.
const SENTENCE_ENDS := ".!?…。！？\"”»"

var _lines := {}
var _next := {}


## Keep the lines of a `welcome`: a list of texts for each character.
func learn(authored: Dictionary) -> void:
	_lines = authored


## A line for [param subject]; never the same twice in a row if there are two. What was [param published] as final
## stands: the player may have read it already.
func reply(subject: String, published: String) -> NpcReply:
	var line := NpcReply.new()
	line.reason = "offline"
	if not published.is_empty():
		line.source = "partial"
		line.text = published if published[-1] in SENTENCE_ENDS else published + SILENCE
		return line
	var lines: Array = _lines.get(subject, [])
	var turn: int = _next.get(subject, 0)
	_next[subject] = turn + 1
	line.source = "authored"
	line.text = SILENCE if lines.is_empty() else lines[turn % lines.size()]
	return line
