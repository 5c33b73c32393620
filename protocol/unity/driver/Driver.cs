using System;

namespace NpcEngine.Driver
{
    /// <summary>The C# client's conformance driver: `mono Driver.exe SCENARIO.json`.</summary>
    internal static class Driver
    {
        private static int Main(string[] arguments)
        {
            if (arguments.Length != 1)
            {
                Console.Error.WriteLine("usage: Driver SCENARIO.json");
                return 2;
            }
            new Scenario(arguments[0]).Play();
            return 0;
        }
    }
}
