using Cottention.Inference.Model;
using Razorvine.Pickle;

namespace Cottention.Cli.Convert;

/// <summary>The only names a pickle may ask for, and what they make. None of them runs anything of the file's choosing.</summary>
internal static class TorchGlobals
{
    private static readonly Dictionary<string, IObjectConstructor> Constructors = new(StringComparer.Ordinal)
    {
        ["collections.OrderedDict"] = new DictConstructor(),
        ["torch._utils._rebuild_tensor_v2"] = new TensorConstructor(),
        ["torch._utils._rebuild_parameter"] = new ParameterConstructor(),
        ["torch.DoubleStorage"] = new StorageType(SafetensorsDtype.F64),
        ["torch.FloatStorage"] = new StorageType(SafetensorsDtype.F32),
        ["torch.HalfStorage"] = new StorageType(SafetensorsDtype.F16),
        ["torch.BFloat16Storage"] = new StorageType(SafetensorsDtype.BF16),
        ["torch.LongStorage"] = new StorageType(SafetensorsDtype.I64),
        ["torch.IntStorage"] = new StorageType(SafetensorsDtype.I32),
        ["torch.ShortStorage"] = new StorageType(SafetensorsDtype.I16),
        ["torch.CharStorage"] = new StorageType(SafetensorsDtype.I8),
        ["torch.ByteStorage"] = new StorageType(SafetensorsDtype.U8),
        ["torch.BoolStorage"] = new StorageType(SafetensorsDtype.Bool),
    };

    /// <summary>Whether a pickle may name it.</summary>
    /// <param name="name">Module and name with a dot between.</param>
    public static bool IsAllowed(string name) => Constructors.ContainsKey(name);

    /// <summary>Tells the pickle library, whose table is one for the whole process.</summary>
    public static void Register()
    {
        foreach (var (name, constructor) in Constructors)
        {
            var dot = name.LastIndexOf('.');
            Unpickler.registerConstructor(name[..dot], name[(dot + 1)..], constructor);
        }
    }

    /// <summary>A number of a pickle.</summary>
    /// <exception cref="PickleException">It is no whole number of 64 bits.</exception>
    public static long Number(object? value) => value switch
    {
        int number => number,
        long number => number,
        _ => throw new PickleException($"{Kind(value)} stands where a whole number must"),
    };

    /// <summary>What a value of a pickle is, in words.</summary>
    public static string Kind(object? value) => value switch
    {
        null => "None",
        string => "text",
        bool => "True or False",
        int or long or double or System.Numerics.BigInteger => "a number",
        TorchTensor => "a tensor",
        TorchStorage => "a storage",
        System.Collections.Hashtable => "a dict",
        object[] => "a tuple",
        System.Collections.ArrayList => "a list",
        IObjectConstructor => "a class",
        _ => "something else",
    };

    private static long[] Numbers(object? tuple) => tuple is object[] { Length: <= 64 } items
        ? Array.ConvertAll(items, Number)
        : throw new PickleException($"{Kind(tuple)} stands where sizes or strides must");

    /// <summary>A storage's class: names an element type, makes nothing.</summary>
    internal sealed class StorageType(SafetensorsDtype dtype) : IObjectConstructor
    {
        public SafetensorsDtype Dtype => dtype;

        public object construct(object[] args) => throw new PickleException("a storage's class is called");
    }

    private sealed class DictConstructor : IObjectConstructor
    {
        public object construct(object[] args) => args.Length == 0
            ? new PickledDict()
            : throw new PickleException($"OrderedDict is called with {args.Length} arguments; allowed: none");
    }

    /// <summary>Storage, offset, size, stride, requires_grad, hooks; newer versions add metadata.</summary>
    private sealed class TensorConstructor : IObjectConstructor
    {
        public object construct(object[] args) => args is [TorchStorage storage, var offset, var shape, var strides, ..] && args.Length <= 7
            ? new TorchTensor(storage, Number(offset), Numbers(shape), Numbers(strides))
            : throw new PickleException($"_rebuild_tensor_v2 is called with ({string.Join(", ", args.Take(8).Select(Kind))})");
    }

    /// <summary>Tensor, requires_grad, hooks.</summary>
    private sealed class ParameterConstructor : IObjectConstructor
    {
        public object construct(object[] args) => args is [TorchTensor tensor, _, _]
            ? tensor
            : throw new PickleException($"_rebuild_parameter is called with ({string.Join(", ", args.Take(8).Select(Kind))})");
    }
}
