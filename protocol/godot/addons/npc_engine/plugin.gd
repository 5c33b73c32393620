@tool
extends EditorPlugin
## Adds the client to the project, as the autoload `NpcEngine`, and its settings.

const Settings := preload("settings.gd")
const AUTOLOAD := "NpcEngine"


func _enable_plugin() -> void:
	add_autoload_singleton(AUTOLOAD, "res://addons/npc_engine/autoload.gd")


func _disable_plugin() -> void:
	remove_autoload_singleton(AUTOLOAD)


func _enter_tree() -> void:
	Settings.register()
