// As much of Unity's surface as the package uses, so that it can be compiled and tested without Unity. Signatures are
// Unity's; behaviour is only what the tests need.
using System;
using System.Collections.Generic;

namespace UnityEngine
{
    public class Object
    {
        public string name { get; set; }
    }

    public class Component : Object
    {
        public GameObject gameObject { get; internal set; }

        public T GetComponentInParent<T>() where T : class
        {
            return gameObject == null ? null : gameObject.Find<T>();
        }
    }

    public class Behaviour : Component
    {
        public bool enabled { get; set; } = true;
    }

    public class MonoBehaviour : Behaviour
    {
    }

    public sealed class GameObject : Object
    {
        private readonly List<Component> _components = new List<Component>();

        public GameObject(string name)
        {
            this.name = name;
        }

        public T AddComponent<T>() where T : Component, new()
        {
            var component = new T { gameObject = this };
            _components.Add(component);
            return component;
        }

        internal T Find<T>() where T : class
        {
            foreach (Component component in _components)
            {
                var found = component as T;
                if (found != null)
                    return found;
            }
            return null;
        }
    }

    public static class Debug
    {
        /// <summary>For tests: what was logged.</summary>
        public static readonly List<string> Logged = new List<string>();

        public static void LogError(object message, Object context)
        {
            Logged.Add(message.ToString());
        }

        public static void LogException(Exception exception, Object context)
        {
            Logged.Add(exception.ToString());
        }
    }

    public sealed class SerializeField : Attribute
    {
    }

    public sealed class TooltipAttribute : Attribute
    {
        public TooltipAttribute(string tooltip)
        {
        }
    }

    public sealed class HeaderAttribute : Attribute
    {
        public HeaderAttribute(string header)
        {
        }
    }

    public sealed class MinAttribute : Attribute
    {
        public MinAttribute(float min)
        {
        }
    }

    public sealed class AddComponentMenu : Attribute
    {
        public AddComponentMenu(string menuName)
        {
        }
    }

    public sealed class DisallowMultipleComponent : Attribute
    {
    }

    public sealed class DefaultExecutionOrder : Attribute
    {
        public DefaultExecutionOrder(int order)
        {
        }
    }

    public struct Rect
    {
        public Rect(float x, float y, float width, float height)
        {
        }
    }

    public static class Screen
    {
        public static int width => 0;

        public static int height => 0;
    }

    public sealed class GUIStyle
    {
        public GUIStyle(GUIStyle other)
        {
        }

        public bool wordWrap { get; set; }

        public int fontSize { get; set; }
    }

    public sealed class GUISkin
    {
        public GUIStyle box => null;

        public GUIStyle label => null;
    }

    public sealed class GUILayoutOption
    {
    }

    public static class GUI
    {
        public static GUISkin skin => null;

        public static void Label(Rect position, string text, GUIStyle style)
        {
        }

        public static void Box(Rect position, string text, GUIStyle style)
        {
        }

        public static string TextField(Rect position, string text, int maxLength)
        {
            return text;
        }

        public static bool Button(Rect position, string text)
        {
            return false;
        }
    }
}

namespace UnityEngine.Events
{
    public abstract class UnityEventBase
    {
    }

    public delegate void UnityAction<T0>(T0 arg0);

    public delegate void UnityAction<T0, T1>(T0 arg0, T1 arg1);

    public delegate void UnityAction<T0, T1, T2>(T0 arg0, T1 arg1, T2 arg2);

    public class UnityEvent<T0> : UnityEventBase
    {
        private UnityAction<T0> _calls;

        public void AddListener(UnityAction<T0> call)
        {
            _calls += call;
        }

        public void Invoke(T0 arg0)
        {
            if (_calls != null)
                _calls(arg0);
        }
    }

    public class UnityEvent<T0, T1> : UnityEventBase
    {
        private UnityAction<T0, T1> _calls;

        public void AddListener(UnityAction<T0, T1> call)
        {
            _calls += call;
        }

        public void Invoke(T0 arg0, T1 arg1)
        {
            if (_calls != null)
                _calls(arg0, arg1);
        }
    }

    public class UnityEvent<T0, T1, T2> : UnityEventBase
    {
        private UnityAction<T0, T1, T2> _calls;

        public void AddListener(UnityAction<T0, T1, T2> call)
        {
            _calls += call;
        }

        public void Invoke(T0 arg0, T1 arg1, T2 arg2)
        {
            if (_calls != null)
                _calls(arg0, arg1, arg2);
        }
    }
}
