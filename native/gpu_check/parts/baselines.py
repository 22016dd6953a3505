"""What others take for the same on this card: plain PyTorch operations, fla's Triton kernel, PyTorch's whole step."""

LEAST_OF_PLAIN_64_ROWS = 3.0
LEAST_OF_FLA_WITH_SLOTS = 2.5
LEAST_OF_EAGER = {1: 5.0}


def run(context, report):
    if context.torch_missing:
        report.skip("plain PyTorch operations, fla, PyTorch eager", context.torch_missing)
        return
    recurrent = context.commands.run(context.torch_script("recurrent.py"), context.commands.seconds_left * 0.6)
    report.keep("baselines", recurrent.records)
    for record in recurrent.records:
        if "skipped" in record:
            report.skip(record["baseline"], record["skipped"])
        else:
            report_recurrent(context, report, record)
    report.check("recurrent.py", recurrent.is_good, "" if recurrent.is_good else recurrent.failure)

    model = context.commands.run(context.torch_script("model.py"))
    report.keep("baselines", model.records)
    for record in model.records:
        report_model(context, report, record)
    report.check("model.py", model.is_good, "" if model.is_good else model.failure)


def report_recurrent(context, report, record):
    rows = record["rows"]
    value = f"{record['us']:.1f} us"
    ours = context.kernel_us.get(("fused_recurrent", 64, "f32", rows, 1))
    what = f"{record['baseline']}, {rows} rows"
    if ours is None:
        report.measured(what, value)
        return
    times = record["us"] / ours
    value += f", {times:.2f} x fused_recurrent"
    least = least_times(record["baseline"], rows)
    report.measured(what, value, f">= {least} x" if least else "", times >= least if least else None)


def least_times(baseline, rows):
    if baseline == "plain operations, graph" and rows == 64:
        return LEAST_OF_PLAIN_64_ROWS
    if baseline == "fla with slots":
        return LEAST_OF_FLA_WITH_SLOTS
    return None


def report_model(context, report, record):
    rows = record["rows"]
    value = f"{record['us']:.0f} us"
    ours = context.step_us.get(rows)
    least = LEAST_OF_EAGER.get(rows)
    if ours is None:
        report.measured(f"PyTorch eager step, {rows} rows", value)
        return
    times = record["us"] / ours
    report.measured(f"PyTorch eager step, {rows} rows", f"{value}, {times:.2f} x the engine's", f">= {least} x" if least else "",
                    times >= least if least else None)
