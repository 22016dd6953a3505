using CsCheck;
using Cottention.Training.Evaluation;

namespace Cottention.Training.Tests.Evaluation;

public sealed class WindowTests
{
    [Fact]
    public void Slide_AnySizes_EveryTokenButTheFirstCountsOnceInOrder() =>
        Gen.Select(Gen.Int[0, 50], Gen.Int[2, 300], Gen.Int[2, 40], Gen.Int[1, 39])
            .Where(x => x.Item4 < x.Item3)
            .Sample((start, length, size, stride) =>
            {
                var windows = Window.Slide(Window.Whole(start, length), size, stride).ToArray();

                var counted = windows.SelectMany(window => Enumerable.Range(window.FirstCounted, window.Counted));
                Assert.Equal(Enumerable.Range(start + 1, length - 1), counted);
                for (var i = 0; i < windows.Length; i++)
                {
                    Assert.Equal(start + i * stride, windows[i].Start);
                    Assert.InRange(windows[i].Length, 2, size);
                    // Of every window but the first only the last stride tokens count.
                    Assert.InRange(windows[i].Counted, 1, i == 0 ? windows[i].Length - 1 : Math.Min(stride, windows[i].Length - 1));
                }
            });

    [Theory]
    [InlineData(2)]
    [InlineData(31)]
    [InlineData(32)]
    public void Slide_PassageNoLongerThanTheWindow_IsThePassage(int length)
    {
        var passage = Window.Whole(7, length);

        Assert.Equal([passage], Window.Slide(passage, size: 32, stride: 16));
    }
}
