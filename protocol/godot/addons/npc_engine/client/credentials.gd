extends RefCounted
## Where a daemon on this machine leaves the secret that its clients must know.

## Longest token a `hello` takes, characters.
const TOKEN_CHARS := 128


## The file in which the daemon on [param port] keeps its token. It may not exist.
static func token_file(port: int) -> String:
	var home := OS.get_environment("NPC_ENGINE_HOME")
	if home.is_empty():
		var user := OS.get_environment("USERPROFILE" if OS.has_feature("windows") else "HOME")
		home = user.path_join(".npc_engine")
	return home.path_join("run").path_join("token-%d" % port)


## The token in a file; empty if there is none to be read.
static func read_token(path: String) -> String:
	if path.is_empty() or not FileAccess.file_exists(path):
		return ""
	var bytes := FileAccess.get_file_as_bytes(path)
	for byte in bytes:
		if byte > 0x7e or (byte < 0x20 and byte != 0x0a and byte != 0x0d):
			return ""
	var token := bytes.get_string_from_ascii().strip_edges()
	return token if token.length() <= TOKEN_CHARS else ""
