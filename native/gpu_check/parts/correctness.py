"""native/tests on the device: against references in double, against the emulation, under compute-sanitizer."""
import re
import shutil

# Tests of the engine that demand the same bits whatever the number of tokens in a step. On a GPU cuBLASLt may choose another algorithm
# for another number, so there they may differ; where only the folds are others, the numbers are the same.
SAME_SIZES = {"Step_EveryFoldInterval_SameBits"}

# Largest difference from the emulation over the largest element of the launch's array. f32 outputs differ by the rounding of a GPU's
# sines and powers; 16-bit ones by a unit where that falls on a tie.
MOST_OF_LARGEST = {"f32": 2e-5, "bf16": 1e-2, "f16": 2e-3}

# Each run of it; a part has 180 s for all of its work.
SANITIZER_SECONDS = 20

# Program, case: small ones, for a tool that makes each access hundreds of times slower.
SANITIZED = (
    ("on_device_fused_recurrent_test", "FusedRecurrent_HalfState_RoundsWithoutBias"),
    ("on_device_tail_test", "Tail_RowBeyondItsBounds_IsLeftAlone"),
    ("on_device_chunk_test", "Chunk_OneTokenARow_NeedsNoTokenBegin"),
)


def run(context, report):
    programs = sorted(context.build.glob("on_device_*_test"))
    if not programs:
        report.fail("tests on the device", f"no program in {context.build}")
    apart = {}
    for program in programs:
        outcome = context.commands.run([program], environment=environment(context, True))
        report_cases(context, report, program.name.removeprefix("on_device_"), outcome)
        gather(apart, outcome.records)
    report_distances(report, apart)
    sanitize(context, report)


def environment(context, with_emulation):
    # Room for the thread-local memory of two libraries that a program opens while it runs.
    return {"GLIBC_TUNABLES": "glibc.rtld.optional_static_tls=65536", "GPU_CHECK_LIBRARY": str(context.library),
            "GPU_CHECK_CPU_LIBRARY": str(context.cpu_library) if with_emulation else ""}


def report_cases(context, report, name, outcome):
    passed = re.findall(r"^ok +(\w+)$", outcome.output, re.M)
    failed = re.findall(r"^FAIL +(\w+)$", outcome.output, re.M)
    allowed = [case for case in failed if may_differ(context, name, case)]
    failed = [case for case in failed if case not in allowed]
    value = f"{len(passed)} cases passed, {outcome.seconds:.1f} s"
    if failed:
        first = re.search(r"^  \S+: (.*)$", outcome.output, re.M)
        report.fail(name, f"{', '.join(failed)}: {first.group(1)[:120] if first else 'see log.txt'}")
    elif not passed or outcome.status not in (0, 1) or outcome.ran_out or (outcome.status == 1 and not allowed):
        report.fail(name, outcome.failure)
    else:
        report.ok(name, value)
    for case in allowed:
        report.measured(case, "other bits, as cuBLASLt's choice of algorithms may cause; see log.txt")


def may_differ(context, name, case):
    return not context.is_cpu and name.startswith("engine") and "SameBits" in case and case not in SAME_SIZES


def gather(apart, records):
    """The worst of all programs, by kernel, array and type."""
    for record in records:
        if "against_emulation" not in record:
            continue
        sum_ = apart.setdefault(record["against_emulation"], {"elements": 0, "same_bits": 0, "most_ulps": 0, "most_of_largest": 0})
        for key in ("elements", "same_bits"):
            sum_[key] += record[key]
        for key in ("most_ulps", "most_of_largest"):
            sum_[key] = max(sum_[key], record[key])


def report_distances(report, apart):
    if not apart:
        report.fail("against the emulation's bits", "nothing was compared")
    report.keep("against_emulation", [{"array": name, **distance} for name, distance in apart.items()])
    for name, distance in apart.items():
        limit = MOST_OF_LARGEST[type_of(name)]
        # k and v of bf16 rows are rounded before they meet the state: a tie that fell otherwise is a unit of bf16 there.
        if "of bf16 rows" in name:
            limit = MOST_OF_LARGEST["bf16"]
        report.check(f"emulation: {name}", distance["most_of_largest"] <= limit,
                     f"{100 * distance['same_bits'] / distance['elements']:.2f} % same bits, at most {distance['most_ulps']:.0f} ulp, "
                     f"{distance['most_of_largest']:.1e} of the largest (allowed {limit:.0e})")


def type_of(name):
    """'tail f16 states of f32 rows': f16; 'tail outputs of bf16 rows': bf16."""
    words = name.split()
    return words[1] if words[1] in MOST_OF_LARGEST else words[-2]


def sanitize(context, report):
    if context.is_cpu:
        report.skip("compute-sanitizer", "no GPU")
        return
    tool = shutil.which("compute-sanitizer") or shutil.which("compute-sanitizer", path="/usr/local/cuda/bin")
    if tool is None:
        report.skip("compute-sanitizer", "not installed")
        return
    for check in ("memcheck", "racecheck"):
        for program, case in SANITIZED:
            outcome = context.commands.run([tool, "--tool", check, "--error-exitcode", "9", context.build / program, case], SANITIZER_SECONDS,
                                           environment(context, False))
            what = f"{check}: {case}"
            summary = re.findall(r"^=+ ((?:ERROR|RACECHECK) SUMMARY.*)$", outcome.output, re.M)
            if outcome.ran_out:
                report.skip(what, f"did not end within {SANITIZER_SECONDS} s")
            elif not summary and re.search(r"[Dd]evice not supported|unsupported", outcome.output):
                report.skip(what, "compute-sanitizer does not support this device here")
            else:
                report.check(what, outcome.is_good and bool(summary), summary[-1] if summary else outcome.failure)
