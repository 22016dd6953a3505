using System.Collections;
using Razorvine.Pickle;

namespace Cottention.Cli.Convert;

/// <summary>A <c>collections.OrderedDict</c> of a pickle. Its order is not kept; a key given twice is refused.</summary>
internal sealed class PickledDict : Hashtable
{
    /// <inheritdoc/>
    public override object? this[object key]
    {
        get => base[key];
        set
        {
            if (ContainsKey(key))
                throw new PickleException($"a dict has '{key}' twice");
            base[key] = value;
        }
    }

    /// <summary>What the pickle library calls for attributes; a state dict has <c>_metadata</c>, which is not needed.</summary>
#pragma warning disable IDE1006, CA1707, CA1822 // The library finds it by this name, on an instance.
    public void __setstate__(Hashtable attributes)
#pragma warning restore IDE1006, CA1707, CA1822
    {
    }
}
