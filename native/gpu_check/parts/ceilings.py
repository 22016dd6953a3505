"""What the card can do: bytes a second within its memory, flop a second of a large product."""


def run(context, report):
    sizes = ["1", "4"] if context.is_cpu else ["1000", "4000"]
    copied = context.commands.run([context.build / "copy_rate", *sizes])
    report.keep("copies", copied.records)
    for record in copied.records:
        report.measured(f"copy of {record['copy_mb']} MB", f"{record['bytes_a_second'] / 1e9:.0f} GB/s read and written")
        context.copy_rate = max(context.copy_rate, record["bytes_a_second"])
    report.check("copy_rate", copied.is_good, copied.failure if not copied.is_good else "")

    if context.torch_missing:
        report.skip("bf16 product of 8192^3", context.torch_missing)
        return
    multiplied = context.commands.run(context.torch_script("product.py"))
    report.keep("products", multiplied.records)
    for record in multiplied.records:
        context.product_rate = record["flop_a_second"]
        report.measured("bf16 product of 8192^3", f"{context.product_rate / 1e12:.0f} TFLOP/s")
    report.check("product.py", multiplied.is_good, multiplied.failure if not multiplied.is_good else "")
