using Cottention.Cli;

return await RootCommandLine.InvokeAsync(args);
