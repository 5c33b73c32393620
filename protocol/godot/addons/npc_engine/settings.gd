extends RefCounted
## The settings of the autoload, under "NPC Engine" in the project's settings: properties of [NpcClient] by their names.

const SECTION := "npc_engine/client/"
static var defaults := {
	"address": "tcp://127.0.0.1:5770",
	"game": "default",
	"start_daemon": false,
	"daemon_command": "npc-engine",
	"daemon_arguments": PackedStringArray(),
}


static func value(property: String) -> Variant:
	return ProjectSettings.get_setting(SECTION + property, defaults[property])


## Show them in the editor.
static func register() -> void:
	for property: String in defaults:
		var name := SECTION + property
		if not ProjectSettings.has_setting(name):
			ProjectSettings.set_setting(name, defaults[property])
		ProjectSettings.set_initial_value(name, defaults[property])
		ProjectSettings.set_as_basic(name, true)
		ProjectSettings.add_property_info({"name": name, "type": typeof(defaults[property])})
