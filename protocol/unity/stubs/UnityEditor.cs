using System;

namespace UnityEditor
{
    public sealed class CustomEditor : Attribute
    {
        public CustomEditor(Type inspectedType)
        {
        }
    }

    public enum MessageType
    {
        None,
        Info,
        Warning,
        Error,
    }

    public class Editor : UnityEngine.Object
    {
        public UnityEngine.Object target { get; set; }

        public virtual void OnInspectorGUI()
        {
        }

        public virtual bool RequiresConstantRepaint()
        {
            return false;
        }

        public bool DrawDefaultInspector()
        {
            return false;
        }
    }

    public static class EditorApplication
    {
        public static bool isPlaying => false;
    }

    public static class EditorGUILayout
    {
        public static void LabelField(string label, string label2)
        {
        }

        public static void HelpBox(string message, MessageType type)
        {
        }

        public static string TextField(string label, string text)
        {
            return text;
        }

        public static void Space()
        {
        }
    }
}

namespace UnityEngine
{
    public static class GUILayout
    {
        public static bool Button(string text, params GUILayoutOption[] options)
        {
            return false;
        }
    }
}
