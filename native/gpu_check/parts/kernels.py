"""Times of the recurrent kernels beside the measured copy rate."""

# Least fraction of the copy rate of fused_recurrent with f32 states, one token a row.
LEAST_OF_COPY_RATE = {1024: 0.88, 256: 0.85, 64: 0.70}
MOST_US_OF_8_ROWS = 5.0       # head_dim 64
MOST_OF_FUSED_256_ROWS = 0.65  # the tail's time, mean of a fold period
MOST_OF_ONE_TOKEN_FUSED_8 = 1.25  # eight tokens a row, at 64 rows and more
MOST_OF_ONE_TOKEN_TAIL_4 = 1.15   # four tokens to verify, at 64 rows and more


def run(context, report):
    outcome = context.commands.run([context.build / "kernel_times", *(["--small"] if context.is_cpu else [])])
    report.keep("kernels", outcome.records)
    for record in outcome.records:
        key = tuple(record[part] for part in ("kernel", "head_dim", "state", "rows", "tokens"))
        context.kernel_us[key] = record["us"]
        report_time(context, report, record)
    report.check("kernel_times", outcome.is_good and bool(outcome.records), f"{len(outcome.records)} cases" if outcome.is_good else outcome.failure)
    report_ratios(context, report)


def report_time(context, report, record):
    what = f"{record['kernel']} {record['state']} {record['head_dim']}, {record['rows']} x {record['tokens']}"
    value = f"{record['us']:8.2f} us {record['bytes'] / 1e6:9.2f} MB"
    fraction = record["bytes"] / (record["us"] * 1e-6) / context.copy_rate if context.copy_rate else None
    if fraction is not None:
        value += f"  {fraction:.3f} of the copy rate"
    is_step = record["kernel"] == "fused_recurrent" and record["state"] == "f32" and record["tokens"] == 1
    least = LEAST_OF_COPY_RATE.get(record["rows"])
    if is_step and least is not None and fraction is not None:
        report.measured(what, value, f">= {least}", fraction >= least)
    elif is_step and record["rows"] == 8 and record["head_dim"] == 64:
        report.measured(what, value, f"<= {MOST_US_OF_8_ROWS} us", record["us"] <= MOST_US_OF_8_ROWS)
    else:
        report.measured(what, value)


def report_ratios(context, report):
    for head_dim in (64, 128):
        for rows in (64, 256, 1024):
            if rows >= 256:
                ratio(context, report, f"tail / fused_recurrent, {head_dim}, {rows} rows", ("tail", head_dim, "f32", rows, 1),
                      ("fused_recurrent", head_dim, "f32", rows, 1), MOST_OF_FUSED_256_ROWS)
            ratio(context, report, f"fused_recurrent 8 tokens / 1, {head_dim}, {rows} rows", ("fused_recurrent", head_dim, "f32", rows, 8),
                  ("fused_recurrent", head_dim, "f32", rows, 1), MOST_OF_ONE_TOKEN_FUSED_8)
            ratio(context, report, f"tail 4 tokens / 1, {head_dim}, {rows} rows", ("tail", head_dim, "f32", rows, 4),
                  ("tail", head_dim, "f32", rows, 1), MOST_OF_ONE_TOKEN_TAIL_4)


def ratio(context, report, what, upper, lower, most):
    times = context.kernel_us
    if upper in times and lower in times:
        found = times[upper] / times[lower]
        report.measured(what, f"{found:.3f}", f"<= {most}", found <= most)
