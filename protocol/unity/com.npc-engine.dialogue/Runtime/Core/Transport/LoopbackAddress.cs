using System;
using System.Globalization;
using System.Net;

namespace NpcEngine
{
    /// <summary>Reads "tcp://127.0.0.1:5770". This transport is not encrypted, so it leaves the machine on no account.</summary>
    internal static class LoopbackAddress
    {
        /// <summary>Throws ArgumentException for anything but a TCP address of this machine.</summary>
        public static IPEndPoint Parse(string address)
        {
            const string scheme = "tcp://";
            int colon = address == null ? -1 : address.LastIndexOf(':');
            int port;
            if (colon < scheme.Length || !address.StartsWith(scheme, StringComparison.Ordinal)
                || !int.TryParse(address.Substring(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port)
                || port < 1 || port > IPEndPoint.MaxPort)
                throw new ArgumentException("an address looks like tcp://127.0.0.1:5770, not like `" + address + "`");
            string host = address.Substring(scheme.Length, colon - scheme.Length);
            if (host == "127.0.0.1" || host == "localhost")
                return new IPEndPoint(IPAddress.Loopback, port);
            if (host == "[::1]")
                return new IPEndPoint(IPAddress.IPv6Loopback, port);
            throw new ArgumentException(address + " is not this machine: this client speaks unencrypted, so it connects to"
                + " 127.0.0.1 alone; a daemon elsewhere needs a tunnel, see PROTOCOL.md");
        }
    }
}
