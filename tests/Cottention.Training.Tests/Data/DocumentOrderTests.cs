using Cottention.Training.Data;

namespace Cottention.Training.Tests.Data;

public sealed class DocumentOrderTests
{
    [Fact]
    public void EachPass_HoldsEveryDocumentOnce_InAnotherOrder()
    {
        var order = new DocumentOrder(documents: 50, seed: 3);

        var first = Enumerable.Range(0, 50).Select(i => order[i]).ToArray();
        var second = Enumerable.Range(50, 50).Select(i => order[i]).ToArray();

        Assert.Equal(Enumerable.Range(0, 50), first.Order());
        Assert.Equal(Enumerable.Range(0, 50), second.Order());
        Assert.NotEqual(first, second);
    }

    [Fact]
    public void Place_ReadAgainAfterAnotherPass_IsTheSame()
    {
        var order = new DocumentOrder(documents: 20, seed: 5);
        var first = order[7];

        Assert.InRange(order[27], 0, 19);
        Assert.Equal(first, order[7]);
        Assert.Equal(first, new DocumentOrder(documents: 20, seed: 5)[7]);
    }
}
