using Cottention.Server.Hosting;

return await ServerCommand.InvokeAsync(args, ServerHost.RunAsync);
