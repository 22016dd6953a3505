namespace Cottention.Inference.Runners.Cpu;

/// <summary>
/// Reads rows of a checkpoint's tensor, widened to float32: the signature of <c>Checkpoint.ReadRows</c>.
/// Called from several threads at once while a model loads.
/// </summary>
/// <param name="tensor">Name as in a GPT-J checkpoint, for example <c>transformer.h.0.attn.q_proj.weight</c>.</param>
/// <param name="firstRow">First index of the tensor's first dimension.</param>
/// <param name="rowCount">Number of rows.</param>
/// <param name="values">[rowCount, remaining dimensions] f32.</param>
internal delegate void WeightRowReader(string tensor, int firstRow, int rowCount, Span<float> values);
