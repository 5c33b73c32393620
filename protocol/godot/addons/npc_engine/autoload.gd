extends NpcClient
## The client that the plugin adds to every project as `NpcEngine`: it takes its properties from the project's settings.

const Settings := preload("settings.gd")


func _init() -> void:
	super()
	for property: String in Settings.defaults:
		set(property, Settings.value(property))
