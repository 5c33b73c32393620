using System;
using System.Collections.Generic;

namespace NUnit.Framework
{
    public sealed class TestAttribute : Attribute
    {
    }

    public sealed class TearDownAttribute : Attribute
    {
    }

    public sealed class AssertionException : Exception
    {
        public AssertionException(string message) : base(message)
        {
        }
    }

    public sealed class IgnoreException : Exception
    {
        public IgnoreException(string message) : base(message)
        {
        }
    }

    public delegate void TestDelegate();

    public static class Assert
    {
        public static void AreEqual(object expected, object actual, string message = "")
        {
            if (!Equals(expected, actual))
                throw new AssertionException(message + " expected `" + expected + "`, was `" + actual + "`");
        }

        public static void IsTrue(bool condition, string message = "")
        {
            if (!condition)
                throw new AssertionException(message + " is not true");
        }

        public static void IsFalse(bool condition, string message = "")
        {
            IsTrue(!condition, message);
        }

        public static void IsNull(object value, string message = "")
        {
            IsTrue(value == null, message + " (null wanted)");
        }

        public static void IsNotNull(object value, string message = "")
        {
            IsTrue(value != null, message + " (not null wanted)");
        }

        public static T Throws<T>(TestDelegate code, string message = "") where T : Exception
        {
            try
            {
                code();
            }
            catch (T expected)
            {
                return expected;
            }
            throw new AssertionException(message + " " + typeof(T).Name + " was not thrown");
        }

        public static void Ignore(string message)
        {
            throw new IgnoreException(message);
        }
    }

    public static class CollectionAssert
    {
        public static void AreEqual<T>(IEnumerable<T> expected, IEnumerable<T> actual, string message = "")
        {
            Assert.AreEqual(string.Join(" | ", expected), string.Join(" | ", actual), message);
        }
    }
}
