namespace NpcEngine.Tests
{
    /// <summary>A clock that stands until it is moved.</summary>
    internal sealed class FakeClock : IClock
    {
        public long NowUs { get; private set; }

        public void PassMs(long ms)
        {
            NowUs += ms * SystemClock.UsPerMs;
        }
    }
}
