using System;
using System.Collections.Generic;
using System.Reflection;
using NUnit.Framework;

namespace NpcEngine.Tests
{
    /// <summary>Runs every test of this program without NUnit: exit status 0 if all passed.</summary>
    internal static class Runner
    {
        private static int Main()
        {
            int passed = 0, ignored = 0;
            var failures = new List<string>();
            foreach (Type type in Assembly.GetExecutingAssembly().GetTypes())
            {
                foreach (MethodInfo test in Marked(type, typeof(TestAttribute)))
                {
                    object instance = Activator.CreateInstance(type);
                    try
                    {
                        test.Invoke(instance, null);
                        passed++;
                    }
                    catch (TargetInvocationException cause) when (cause.InnerException is IgnoreException)
                    {
                        ignored++;
                    }
                    catch (TargetInvocationException cause)
                    {
                        failures.Add(type.Name + "." + test.Name + ": " + cause.InnerException);
                    }
                    foreach (MethodInfo tearDown in Marked(type, typeof(TearDownAttribute)))
                        tearDown.Invoke(instance, null);
                }
            }
            foreach (string failure in failures)
                Console.WriteLine(failure);
            Console.WriteLine("{0} passed, {1} failed, {2} ignored", passed, failures.Count, ignored);
            return failures.Count == 0 ? 0 : 1;
        }

        private static IEnumerable<MethodInfo> Marked(Type type, Type attribute)
        {
            foreach (MethodInfo method in type.GetMethods())
            {
                if (method.IsDefined(attribute, false))
                    yield return method;
            }
        }
    }
}
