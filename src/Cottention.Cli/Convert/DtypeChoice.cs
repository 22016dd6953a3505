namespace Cottention.Cli.Convert;

/// <summary>What element types a conversion writes.</summary>
internal enum DtypeChoice
{
    /// <summary>Those of the source.</summary>
    Keep,

    /// <summary>Every float as F32.</summary>
    F32,

    /// <summary>Matrices as BF16; norms, biases and norm_const, which need the digits and take no room, as F32.</summary>
    BF16,
}
