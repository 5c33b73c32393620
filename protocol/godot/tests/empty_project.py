"""Drop the addon into an empty Godot project and do the three steps of its README, headless.

    python protocol/godot/tests/empty_project.py GODOT

Twice: with a daemon that runs already, and with one that the game starts. Needs `npc-engine` beside this Python.
"""

# ruff: noqa: T201

from __future__ import annotations

import json
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

import stage

ADDON = Path(__file__).parents[1] / "addons" / "npc_engine"
PROJECT = """config_version=5
[application]
config/name="Empty"
run/main_scene="res://main.tscn"
run/flush_stdout_on_print=true
[editor_plugins]
enabled=PackedStringArray("res://addons/hand/plugin.cfg")
"""
#: Stands for the hand that ticks the plugin in the project's settings.
HAND_CFG = '[plugin]\nname="Hand"\ndescription=""\nauthor=""\nversion="1"\nscript="plugin.gd"\n'
HAND = """@tool
extends EditorPlugin
func _ready() -> void:
	await get_tree().create_timer(0.5).timeout
	EditorInterface.set_plugin_enabled("npc_engine", true)
	ProjectSettings.save()
	get_tree().quit()
"""
#: Step 3, as the README has it.
SCENE = """[gd_scene load_steps=3 format=3]
[ext_resource type="Script" path="res://main.gd" id="1"]
[ext_resource type="Script" path="res://addons/npc_engine/npc_speaker.gd" id="2"]
[node name="Main" type="Node"]
script = ExtResource("1")
[node name="NpcSpeaker" type="Node" parent="."]
script = ExtResource("2")
npc = "marta"
budget_ms = 8000
"""
SCRIPT = """extends Node

func _ready() -> void:
	var reply: NpcReply = await $NpcSpeaker.say("Good evening.").finished
	print("REPLY ", JSON.stringify({"text": reply.text, "source": reply.source, "reason": reply.reason}))
	get_tree().quit()
"""


def main() -> int:
    """Exit status 0 if both ways end with a line of the engine's."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    godot = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="npc-engine-godot-") as folder:
        project = Path(folder) / "game"
        make_project(project)
        stage.run(godot, project, project.parent, "--import")
        stage.run(godot, project, project.parent, "--editor")  # the hand enables the plugin
        settings = (project / "project.godot").read_text("utf-8")
        if "NpcEngine=" not in settings:
            print("FAULT: enabling the plugin added no autoload")
            return 1
        return with_daemon(godot, project, settings) or with_child(godot, project, settings)


def make_project(project: Path) -> None:
    """An empty project, and step 1: copy the addon."""
    hand = project / "addons" / "hand"
    hand.mkdir(parents=True)
    for path, text in (
        (project / "project.godot", PROJECT),
        (hand / "plugin.cfg", HAND_CFG),
        (hand / "plugin.gd", HAND),
        (project / "main.tscn", SCENE),
        (project / "main.gd", SCRIPT),
    ):
        path.write_text(text, "utf-8")
    shutil.copytree(ADDON, project / "addons" / "npc_engine")


def with_daemon(godot: str, project: Path, settings: str) -> int:
    """The game finds a daemon that runs and has its model: the line is the model's."""
    with stage.daemon(project.parent) as ready_file:
        address = json.loads(ready_file.read_text("utf-8"))["address"]
        write_settings(project, settings, f'client/address="{address}"')
        return judge("a daemon that runs", stage.run(godot, project, project.parent), ("model",))


def with_child(godot: str, project: Path, settings: str) -> int:
    """The game starts a daemon of its own, which may still be loading its model when it is asked."""
    program = project / "npc-engine.sh"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(stage.COMMAND)} "$@"\n', "utf-8")
    program.chmod(0o755)
    options = ", ".join(f'"{option}"' for option in stage.OPTIONS)
    write_settings(
        project,
        settings,
        f'client/start_daemon=true\nclient/daemon_command="{program}"\n'
        f"client/daemon_arguments=PackedStringArray({options})",
    )
    return judge("a daemon the game starts", stage.run(godot, project, project.parent), ("model", "authored"))


def write_settings(project: Path, settings: str, lines: str) -> None:
    """What a user types under "NPC Engine" in the project's settings."""
    (project / "project.godot").write_text(f"{settings}\n[npc_engine]\n{lines}\n", "utf-8")


def judge(way: str, output: str, sources: tuple[str, ...]) -> int:
    """0 if the engine's line came, from one of `sources`, and nothing went wrong on the way."""
    replies = [json.loads(line[6:]) for line in output.splitlines() if line.startswith("REPLY ")]
    good = len(replies) == 1 and replies[0]["text"] and replies[0]["reason"] != "offline"
    good = good and replies[0]["source"] in sources and "ERROR" not in output
    print(f"{'ok' if good else 'FAULT'}: {way}: {replies}")
    if not good:
        print(output)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
