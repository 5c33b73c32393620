using System.Diagnostics;

namespace NpcEngine
{
    /// <summary>A clock that never goes back, in microseconds. It goes on while the game is paused.</summary>
    internal interface IClock
    {
        long NowUs { get; }
    }

    /// <summary>The machine's monotonic clock, from the moment this object was made.</summary>
    internal sealed class SystemClock : IClock
    {
        public const long UsPerMs = 1000;

        private const long TicksPerUs = 10;
        private readonly Stopwatch _watch = Stopwatch.StartNew();

        public long NowUs => _watch.Elapsed.Ticks / TicksPerUs;
    }
}
