using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("NpcEngine.Dialogue.Tests")]
[assembly: InternalsVisibleTo("NpcEngine.Driver")]
