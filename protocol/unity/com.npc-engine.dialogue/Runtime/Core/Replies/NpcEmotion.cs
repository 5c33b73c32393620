namespace NpcEngine
{
    /// <summary>The eight basic emotions of Plutchik's wheel, and neutral.</summary>
    public enum NpcEmotion
    {
        Neutral,
        Joy,
        Trust,
        Fear,
        Surprise,
        Sadness,
        Disgust,
        Anger,
        Anticipation,
    }

    internal static class Emotions
    {
        /// <summary>One that is unknown, from a newer daemon, is neutral.</summary>
        public static NpcEmotion Parse(string name)
        {
            switch (name)
            {
                case "joy": return NpcEmotion.Joy;
                case "trust": return NpcEmotion.Trust;
                case "fear": return NpcEmotion.Fear;
                case "surprise": return NpcEmotion.Surprise;
                case "sadness": return NpcEmotion.Sadness;
                case "disgust": return NpcEmotion.Disgust;
                case "anger": return NpcEmotion.Anger;
                case "anticipation": return NpcEmotion.Anticipation;
                default: return NpcEmotion.Neutral;
            }
        }
    }
}
