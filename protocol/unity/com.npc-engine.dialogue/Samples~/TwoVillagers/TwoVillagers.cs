using System;
using System.Collections.Generic;
using NpcEngine;
using UnityEngine;

/// <summary>Two characters and a prompt line. Put it on an empty object of an empty scene: it makes the rest by itself, and
/// draws with the immediate GUI, so that it needs no other package.</summary>
public sealed class TwoVillagers : MonoBehaviour
{
    private const int PromptLength = 200;

    [SerializeField]
    private string[] npcs = { "marta", "bram" };

    private readonly List<NpcSpeaker> _speakers = new List<NpcSpeaker>();
    private readonly List<string> _bubbles = new List<string>();
    private NpcClient _client;
    private string _prompt = "Good evening.";

    private void Start()
    {
        _client = new GameObject("NPC Client").AddComponent<NpcClient>();
        foreach (string npc in npcs)
        {
            NpcSpeaker speaker = new GameObject(npc).AddComponent<NpcSpeaker>();
            speaker.Configure(_client, npc);
            speaker.Warm();
            _speakers.Add(speaker);
            _bubbles.Add("");
        }
    }

    private async void Ask(int index)
    {
        try
        {
            _bubbles[index] = "...";
            NpcReply reply = await _speakers[index].SayAsync(_prompt, (text, stable) => _bubbles[index] = text);
            _bubbles[index] = reply.Text;
            _speakers[index].Spoken(); // shown: now the character remembers it
        }
        catch (OperationCanceledException)
        {
            // another question came, or the scene ended
        }
        catch (NpcException failure)
        {
            _bubbles[index] = "(" + failure.Error.Message + ")";
        }
    }

    private void OnGUI()
    {
        var bubble = new GUIStyle(GUI.skin.box) { wordWrap = true, fontSize = 18 };
        float column = Screen.width / (float)_speakers.Count;
        for (int i = 0; i < _speakers.Count; i++)
        {
            GUI.Box(new Rect(i * column + 20, 60, column - 40, 160), _bubbles[i], bubble);
            if (GUI.Button(new Rect(i * column + 20, 230, column - 40, 36), "Say it to " + NameOf(npcs[i])))
                Ask(i);
        }
        _prompt = GUI.TextField(new Rect(20, Screen.height - 60, Screen.width - 40, 36), _prompt, PromptLength);
        GUI.Label(new Rect(20, 20, Screen.width - 40, 30), _client.State + " " + _client.Problem, GUI.skin.label);
    }

    private string NameOf(string npc)
    {
        string name;
        NpcDaemonInfo daemon = _client.Connection.Daemon;
        return daemon != null && daemon.Npcs.TryGetValue(npc, out name) ? name : npc;
    }
}
