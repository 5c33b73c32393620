using UnityEditor;

namespace NpcEngine.Editor
{
    /// <summary>Below the settings: what the client knows of the daemon while the game plays.</summary>
    [CustomEditor(typeof(NpcClient))]
    public sealed class NpcClientEditor : UnityEditor.Editor
    {
        public override void OnInspectorGUI()
        {
            DrawDefaultInspector();
            if (!EditorApplication.isPlaying)
                return;
            var client = (NpcClient)target;
            EditorGUILayout.Space();
            EditorGUILayout.LabelField("State", client.State);
            if (client.Problem.Length > 0)
                EditorGUILayout.HelpBox(client.Problem, MessageType.Warning);
            if (!client.IsConnected)
                return;
            NpcDaemonInfo daemon = client.Connection.Daemon;
            EditorGUILayout.LabelField("Daemon", daemon.Version);
            EditorGUILayout.LabelField("Model", daemon.Engine + " " + daemon.Model);
            EditorGUILayout.LabelField("Pack", daemon.Pack);
            EditorGUILayout.LabelField("Characters", string.Join(", ", daemon.Npcs.Keys));
            foreach (string problem in daemon.PackProblems)
                EditorGUILayout.HelpBox(problem, MessageType.Error);
        }

        public override bool RequiresConstantRepaint()
        {
            return EditorApplication.isPlaying;
        }
    }
}
