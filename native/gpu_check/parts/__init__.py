"""The parts of gpu_check, each a module with run(context, report)."""
