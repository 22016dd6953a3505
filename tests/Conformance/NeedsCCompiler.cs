namespace Cottention.Conformance;

/// <summary>A test that compiles C; skipped, visibly, where there is no compiler.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NeedsCCompilerFactAttribute : FactAttribute
{
    public NeedsCCompilerFactAttribute() => Skip = NativeBuild.WhyNoCCompiler;
}

/// <summary>A theory that compiles C; skipped, visibly, where there is no compiler.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NeedsCCompilerTheoryAttribute : TheoryAttribute
{
    public NeedsCCompilerTheoryAttribute() => Skip = NativeBuild.WhyNoCCompiler;
}
