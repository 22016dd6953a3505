using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net;
using System.Reflection;
using Cottention.Cuda;
using Microsoft.Extensions.Options;

namespace Cottention.Server.Hosting;

/// <summary>
/// Checks <see cref="ServerOptions"/> and its engine's, all faults at once, each with the value and what is allowed (the generated
/// validators name neither the value nor the variable). Whether the slots fit the memory needs the model: see <see cref="StateBudget"/>.
/// </summary>
internal sealed class ServerOptionsValidator : IValidateOptions<ServerOptions>
{
    public ValidateOptionsResult Validate(string? name, ServerOptions options)
    {
        var faults = new List<string>();
        CheckAttributes(options, "", faults);
        CheckAttributes(options.Engine, $"{nameof(options.Engine)}:", faults);
        if (!IPAddress.TryParse(options.Listen, out _))
            faults.Add($"Listen is '{options.Listen}'; allowed: an IP address such as 127.0.0.1, 0.0.0.0 or ::1");
        if (!Enum.IsDefined(options.Weights))
            faults.Add($"Weights is {options.Weights}; allowed: auto, f32, bf16, int8, int4");
        if (!string.IsNullOrEmpty(options.Device) && DeviceOption.Fault(options.Device, CudaDevices.Find, TorchRunner.IsBuiltIn) is { } fault)
            faults.Add(fault);
        if (options.GrpcPort == options.HttpPort && options.GrpcPort != 0)
            faults.Add($"HttpPort is {options.HttpPort}, the same as GrpcPort; allowed: another port");
        faults.AddRange(options.Engine.Faults().Select(wrong => $"{nameof(options.Engine)}:{wrong}"));
        foreach (var origin in options.AllowedOrigins)
            if (!Uri.TryCreate(origin, UriKind.Absolute, out var uri) || uri.GetLeftPart(UriPartial.Authority) != origin)
                faults.Add($"AllowedOrigins holds '{origin}'; allowed: scheme://host or scheme://host:port");
        return faults.Count > 0 ? ValidateOptionsResult.Fail(faults) : ValidateOptionsResult.Success;
    }

    private static void CheckAttributes(object options, string path, List<string> faults)
    {
        foreach (var property in options.GetType().GetProperties())
        {
            var value = property.GetValue(options);
            if (property.GetCustomAttribute<RangeAttribute>() is { } range && !range.IsValid(value))
                faults.Add(string.Create(CultureInfo.InvariantCulture, $"{path}{property.Name} is {value}; allowed: {range.Minimum} to {range.Maximum}"));
            if (property.GetCustomAttribute<RequiredAttribute>() is { } required && !required.IsValid(value))
                faults.Add($"{path}{property.Name} is empty; allowed: anything else");
        }
    }
}
