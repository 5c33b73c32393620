using UnityEditor;
using UnityEngine;

namespace NpcEngine.Editor
{
    /// <summary>Below the settings: a line to try the character with while the game plays.</summary>
    [CustomEditor(typeof(NpcSpeaker))]
    public sealed class NpcSpeakerEditor : UnityEditor.Editor
    {
        private string _words = "Good evening.";

        public override void OnInspectorGUI()
        {
            DrawDefaultInspector();
            if (!EditorApplication.isPlaying)
                return;
            var speaker = (NpcSpeaker)target;
            EditorGUILayout.Space();
            _words = EditorGUILayout.TextField("Say", _words);
            if (GUILayout.Button("Say it"))
                speaker.Say(_words);
            if (speaker.Request != null)
                ShowRequest(speaker.Request);
        }

        public override bool RequiresConstantRepaint()
        {
            return EditorApplication.isPlaying;
        }

        private static void ShowRequest(NpcRequest request)
        {
            EditorGUILayout.LabelField("Request", request.State.ToString());
            EditorGUILayout.HelpBox(request.Text, MessageType.None);
            if (request.Reply != null)
                EditorGUILayout.LabelField("Source", request.Reply.Source + " " + request.Reply.Reason);
            if (request.Error != null)
                EditorGUILayout.HelpBox(request.Error.Code + ": " + request.Error.Message, MessageType.Error);
        }
    }
}
