using System.Reflection;
using Cottention.Conformance;
using Xunit.Abstractions;
using Xunit.Sdk;

[assembly: TestFramework("Cottention.Cuda.Tests.NativeTestFramework", "Cottention.Cuda.Tests")]

namespace Cottention.Cuda.Tests;

/// <summary>
/// xunit's own framework, but classes with <see cref="NeedsNativeLibraryAttribute"/> are skipped, and shown as skipped with the
/// reason, where there is no library: inherited suites cannot say so in their own attributes.
/// </summary>
public sealed class NativeTestFramework(IMessageSink messages) : XunitTestFramework(messages)
{
    protected override ITestFrameworkExecutor CreateExecutor(AssemblyName assemblyName) =>
        new SkippingExecutor(assemblyName, SourceInformationProvider, DiagnosticMessageSink);

    private sealed class SkippingExecutor(AssemblyName assembly, ISourceInformationProvider sources, IMessageSink messages)
        : XunitTestFrameworkExecutor(assembly, sources, messages)
    {
        protected override void RunTestCases(
            IEnumerable<IXunitTestCase> testCases, IMessageSink executionMessageSink, ITestFrameworkExecutionOptions executionOptions) =>
            base.RunTestCases(
                NativeBuild.Unavailable is { } reason ? testCases.Select(test => NeedsLibrary(test) ? Skipped(test, reason) : test) : testCases,
                executionMessageSink, executionOptions);

        private static bool NeedsLibrary(IXunitTestCase test) =>
            test.TestMethod.TestClass.Class.GetCustomAttributes(typeof(NeedsNativeLibraryAttribute).AssemblyQualifiedName).Any();

        private XunitSkippedDataRowTestCase Skipped(IXunitTestCase test, string reason) =>
            new(DiagnosticMessageSink, TestMethodDisplay.ClassAndMethod, TestMethodDisplayOptions.None, test.TestMethod, reason, test.TestMethodArguments);
    }
}
