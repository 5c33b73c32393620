using System;
using System.Collections.Generic;
using System.Diagnostics;

namespace NpcEngine.Driver
{
    /// <summary>Times every `Poll` of a client.</summary>
    internal sealed class PollCost
    {
        private readonly List<double> _costsUs = new List<double>();

        public void Poll(NpcConnection client)
        {
            long start = Stopwatch.GetTimestamp();
            client.Poll();
            _costsUs.Add((Stopwatch.GetTimestamp() - start) * 1e6 / Stopwatch.Frequency);
        }

        public void Forget()
        {
            _costsUs.Clear();
        }

        /// <summary>Names and values in turn.</summary>
        public object[] Fields()
        {
            _costsUs.Sort();
            return new object[]
            {
                "polls", _costsUs.Count, "p50_us", Percentile(0.50), "p99_us", Percentile(0.99), "max_us", Percentile(1.0),
            };
        }

        private double Percentile(double share)
        {
            return _costsUs.Count == 0 ? 0.0 : _costsUs[Math.Min(_costsUs.Count - 1, (int)(_costsUs.Count * share))];
        }
    }
}
