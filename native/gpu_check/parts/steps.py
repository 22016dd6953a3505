"""Whole decode steps of the engine beside the floor that the card's ceilings set."""

LEAST_OF_FLOOR = {1: 0.70, 64: 0.80, 256: 0.80}
MOST_HOST_US = 20.0


def run(context, report):
    rows = ["--small", "1", "3"] if context.is_cpu else ["1", "8", "64", "256"]
    outcome = context.commands.run([context.build / "step_times", *rows])
    report.keep("steps", outcome.records)
    for record in outcome.records:
        if not record["runs_ahead"]:
            context.step_us[record["rows"]] = record["step_us"]
        report_step(context, report, record)
    report.check("step_times", outcome.is_good and bool(outcome.records), f"{len(outcome.records) // 2} batches" if outcome.is_good else outcome.failure)


def report_step(context, report, record):
    rows = record["rows"]
    what = f"{record['shape']} step{' ahead' if record['runs_ahead'] else ''}, {rows} rows"
    host = record["begin_us"] + record["end_us"]
    alone = "" if record["runs_ahead"] else f" {record['step_us'] - host:.0f} of them the device's alone,"
    value = f"{record['step_us']:.0f} us,{alone} {record['tokens_a_second']:.0f} tokens/s"
    if context.copy_rate:
        part = floor_us(context, record) / record["step_us"]
        value += f", {part:.3f} of the floor of {floor_us(context, record):.0f} us"
        least = LEAST_OF_FLOOR.get(rows)
        report.measured(what, value, f">= {least}" if least else "", part >= least if least else None)
    else:
        report.measured(what, value)
    report.measured(f"{what}: host", f"{host:.1f} us ({record['begin_us']:.1f} to begin, {record['end_us']:.1f} to end)", f"<= {MOST_HOST_US} us",
                    host <= MOST_HOST_US)
    if record["undecided"]:
        report.measured(f"{what}: draws left to the host", str(record["undecided"]))


def floor_us(context, record):
    """Weights read or multiplied, whichever takes longer, then states and tails moved."""
    weights = record["weight_bytes"] / context.copy_rate
    if context.product_rate:
        weights = max(weights, 2 * record["weights_read"] * record["rows"] / context.product_rate)
    return 1e6 * (weights + record["state_bytes"] / context.copy_rate)
