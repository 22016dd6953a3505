#!/usr/bin/env python3
"""Plants faults in copies of the engine's sources, as mutations.py does in the kernels'; the engine's tests must find every one.

engine_mutations.py [PART_OF_A_NAME]
"""

import sys

import mutations
from mutations import NATIVE, compile_object

SLOTS, FUZZ, STEPS, MEMORY = "engine_slots_test", "engine_fuzz_test", "engine_test", "engine_memory_test"
ARGUMENTS, DRAWS, READS = "engine_arguments_test", "draw_test", "engine_reads_test"
AHEAD, AHEAD_FUZZ, WAITS = "engine_ahead_test", "engine_ahead_fuzz_test", "engine_waits_test"


# Sources that include a header.
INCLUDERS = {
    "src/candidates.h": ["src/sample.cu"],
    "src/step_buffers.h": [f"src/{name}.cpp" for name in ("api", "engine", "engine_slots", "forward", "step_buffers", "step_graphs", "step_results")],
}


def fault(name, tests, file, text, instead):
    return name, (INCLUDERS.get(file, [file]), tests), file, text, instead


MUTATIONS = [
    fault("a write does not wait for the step", [SLOTS], "src/slot_transfers.cpp", "    if (is_in_use) {", "    if (false) {"),
    fault("a step does not wait for a write", [SLOTS], "src/slot_transfers.cpp",
          "        CTN_TRY(wait(steps, written_.get()));\n", ""),
    fault("a write does not wait for the last write", [SLOTS], "src/slot_transfers.cpp", "    if (has_written_)\n", "    if (false)\n"),
    fault("a write does not wait for a read", [READS], "src/slot_transfers.cpp",
          "    CTN_TRY(wait_for_reads(slot, write_stream_.get()));\n", ""),
    fault("a step does not wait for a read", [READS], "src/slot_transfers.cpp", "    return wait_for_reads(slot, steps);", "    return CTN_OK;"),
    fault("a step waits for every read", [WAITS], "src/slot_transfers.cpp", "        if (slot == read.slot) {", "        if (read.slot != none) {"),
    fault("a read does not wait for the steps", [READS], "src/slot_transfers.cpp",
          "    CTN_TRY(wait(read_stream_.get(), before_read_.get()));\n", ""),
    fault("a read is not waited for", [READS], "src/slot_transfers.cpp", "    CTN_TRY(synchronize_event(read.copied.get()));\n", ""),
    fault("reads share their memory", [READS], "src/slot_transfers.cpp", "    CTN_TRY(copy(read.pinned.get(), state",
          "    CTN_TRY(copy(reads_[0].pinned.get(), state"),
    fault("a read begins in another's place", [READS], "src/slot_transfers.cpp", "        if (reads_[number].stage == Stage::Free)\n", ""),
    fault("a read ends twice", [ARGUMENTS], "src/slot_transfers.cpp", "    read.stage = Stage::Free;\n", "    read.stage = Stage::UnderWay;\n"),
    fault("a read does not fold", [SLOTS], "src/engine_slots.cpp", "        CTN_TRY(arena_.fold(slot, stream_.get()));\n", ""),
    fault("a step is not waited for", [FUZZ], "src/step_results.cpp", "    CTN_TRY(synchronize_event(step.has_run.get()));\n", ""),
    fault("the newest step is ended", [AHEAD], "src/step_results.cpp", "steps_[ended_ % CTN_MOST_STEPS];", "steps_[(begun_ - 1) % CTN_MOST_STEPS];"),
    fault("an ended step's successor counts as run", [AHEAD_FUZZ], "src/step_results.cpp", "    has_run_ = step.put;",
          "    has_run_ = steps_[(begun_ - 1) % CTN_MOST_STEPS].put;"),
    fault("a third step begins", [AHEAD], "src/step_results.cpp", "begun_ - ended_ < CTN_MOST_STEPS", "begun_ - ended_ <= CTN_MOST_STEPS"),
    fault("logits that are gone are read", [AHEAD], "src/step_results.cpp", "    if (begun_ - ended_ == CTN_MOST_STEPS)", "    if (false)"),
    fault("logits of the newest step are read", [AHEAD], "src/step_results.cpp", "((ended_ - 1) % CTN_MOST_STEPS);", "((begun_ - 1) % CTN_MOST_STEPS);"),
    fault("a read of logits waits for the newer step", [WAITS], "src/step_results.cpp", "    CTN_TRY(copy(logits,",
          "    CTN_TRY(synchronize_event(steps_[1 - turn].has_run.get()));\n    CTN_TRY(copy(logits,"),
    fault("steps share their drawn tokens", [AHEAD], "src/step_results.cpp", "    CTN_TRY(copy(step.drawn.get(),", "    CTN_TRY(copy(steps_[0].drawn.get(),"),
    fault("steps share their logits", [AHEAD], "src/step_buffers.cpp",
          "    for (int64_t &logits : logits_)\n        logits = ", "    logits_[0] = logits_[1] = "),
    fault("graphs know one buffer of logits", [AHEAD], "src/step_graphs.cpp", "forward.enqueue(shape, layout, logits, stream)",
          "forward.enqueue(shape, layout, 0, stream)"),
    fault("kernel by kernel, one buffer of logits", [AHEAD_FUZZ], "src/engine.cpp", "forward_.enqueue(shape, layout, results_.turn(), stream_.get())",
          "forward_.enqueue(shape, layout, 0, stream_.get())"),
    fault("a descriptor is written too early", [WAITS], "src/step_buffers.cpp",
          "    CTN_TRY(synchronize_event(pinned_[last_].sent.get()));\n", ""),
    fault("steps share their descriptor", [WAITS], "src/step_buffers.h", "descriptors = 4;", "descriptors = 1;"),
    fault("a beginning waits for the device", [WAITS], "src/engine.cpp", "    plan_.arrange(request, arena_);",
          "    CTN_TRY(synchronize(stream_.get()));\n    plan_.arrange(request, arena_);"),
    fault("a step without logits is to be ended", [AHEAD], "src/engine.cpp", "plan_.logits() == 0 ? CTN_OK : ", ""),
    fault("a row takes another row's draw", [AHEAD], "src/embedding.cu", "drawn[~token]", "drawn[0]"),
    fault("a row takes the draw after its own", [AHEAD], "src/embedding.cu", "drawn[~token]", "drawn[-token]"),
    fault("an open draw is not token 0", [AHEAD], "src/embedding.cu", "draw < 0 ? 0 : draw", "draw < 0 ? 1 : draw"),
    fault("an unwanted draw leaves the last step's", [AHEAD], "src/sample.cu", "    if (threadIdx.x == 0)\n        *answer = CTN_UNDECIDED;\n", ""),
    fault("rows that run ahead count as provisional", [AHEAD], "src/step_checks.cpp", " && !runs_ahead(request, i);", ";"),
    fault("a row runs ahead of a draw that is none", [AHEAD], "src/step_checks.cpp", "logits < request.last_logits", "logits <= request.last_logits"),
    fault("a row of two tokens runs ahead", [AHEAD], "src/step_checks.cpp", "row.token_count == 1 && ", ""),
    fault("a row that counts runs ahead", [AHEAD], "src/step_checks.cpp", "row.is_provisional && row.token_count == 1", "row.token_count == 1"),
    fault("a copy has what is not committed", [AHEAD], "src/arena.cpp", "tail(destination) = {from.end, from.length, 0};",
          "tail(destination) = {from.end + from.pending, from.length + from.pending, 0};"),
    fault("a fold has what is not committed", [AHEAD], "src/arena.cpp", "{own.end, {0, 0}, slot, own.length, 1}",
          "{own.end + own.pending, {0, 0}, slot, own.length + own.pending, 1}"),
    fault("a copy lacks the tail", [SLOTS], "src/arena.cpp", "        if (from.length > 0)\n", "        if (from.length > 8)\n"),
    fault("a fold keeps the tail", [SLOTS, FUZZ], "src/arena.cpp", "    own.length = 0;\n", ""),
    fault("a fill keeps the tail", [SLOTS, FUZZ], "src/arena.cpp", "    forget_all(slot);\n    return CTN_OK;\n}\n\nctn_status Arena::copy",
          "    return CTN_OK;\n}\n\nctn_status Arena::copy"),
    fault("a commit moves no position", [SLOTS], "src/arena.cpp", "    own.end += count;\n", ""),
    fault("a commit can be repeated", [SLOTS], "src/arena.cpp", "    own.pending -= count;\n", ""),
    fault("pending tokens outlive the next provisional row", [SLOTS], "src/arena.cpp", "        tail(slot).pending = 0;\n", "        (void)slot;\n"),
    fault("a row keeps its slot's pending tokens", [SLOTS], "src/step_plan.cpp", "    tail.pending = 0;\n", ""),
    fault("a fold in a step keeps the tail", [STEPS], "src/step_plan.cpp", "const int kept = folds ? 0 : tail.length;", "const int kept = tail.length;"),
    fault("no fold before a long row", [FUZZ], "src/step_plan.cpp",
          "    if (tail.length > 0)\n        fold_before(row.slot, tail);\n    (is_chunk", "    (is_chunk"),
    fault("no fold before a jump", [STEPS], "src/step_plan.cpp", "tail.end != row.position", "tail.end < 0"),
    fault("folds of the step are not run", [FUZZ], "src/forward.cpp", "    if (shape.folds == 0)\n", "    if (shape.folds >= 0)\n"),
    fault("a provisional row counts as committed", [SLOTS], "src/step_plan.cpp", "        tail = {row.position, kept, 0};",
          "        tail = {row.position + row.token_count, kept + row.token_count, 0};"),
    fault("logits of the row's first tokens", [STEPS], "src/step_plan.cpp",
          "int token = request.rows[i].token_count - request.rows[i].logits_count; token < request.rows[i].token_count;",
          "int token = 0; token < request.rows[i].logits_count;"),
    fault("short rows from the first token on", [STEPS], "src/forward.cpp",
          "        CTN_TRY(ctn_tail(&launch, stream));", "        ctn_recurrent wrong = launch;\n        if (shape.most_short == 1)\n"
          "            wrong.token_begin = nullptr;\n        CTN_TRY(ctn_tail(&wrong, stream));"),
    # Padding has no slot and no token; with one of the two it still does nothing.
    fault("padding is a token of slot 0", [FUZZ], "src/step_plan.cpp",
          "        array<int32_t>(descriptor, layout.short_rows.token_begin)[i + 1] = first;\n",
          "        array<int32_t>(descriptor, layout.short_rows.token_begin)[i + 1] = first + 1, "
          "array<int32_t>(descriptor, layout.short_rows.slot)[i] = 0;\n"),
    fault("a step without logits runs the head", [AHEAD], "src/step_plan.cpp", "is_short && logits_ > 0 &&", "is_short &&"),
    fault("the second product does not add", [STEPS], "src/forward.cpp", "CTN_F32, true, true}", "CTN_F32, false, true}"),
    fault("chunk rows behind the others", [STEPS], "src/step_plan.cpp",
          "    int first = write_rows(request, chunk_rows_, 0, descriptor, layout.chunk_rows, tokens);\n"
          "    first = write_rows(request, short_rows_, first, descriptor, layout.short_rows, tokens);\n",
          "    int first = write_rows(request, short_rows_, 0, descriptor, layout.short_rows, tokens);\n"
          "    write_rows(request, chunk_rows_, first + 300, descriptor, layout.chunk_rows, tokens);\n"),
    fault("long rows are not loaded", [MEMORY], "src/step_plan.cpp", "    shape.long_rows = shape.folds = shape.short_rows;\n", "    shape.folds = shape.short_rows;\n"),
    fault("tiles for many rows are not loaded", [MEMORY], "src/step_graphs.cpp", " || tokens == token_buckets.sizes().back()", ""),
    fault("a failed device is forgotten", [MEMORY], "src/engine.cpp", "            has_failed_ = true;\n", ""),
    fault("a row may name a slot twice", [ARGUMENTS], "src/step_checks.cpp", "    seen_[(size_t)row.slot] = request_;\n", ""),
    fault("the last missing row is overlooked", [ARGUMENTS], "src/weights.cpp", "if (tensor.missing > 0)", "if (tensor.missing > 1)"),
    fault("ties go to the highest id", [DRAWS], "src/candidates.h", "(uint32_t)~id;", "(uint32_t)id;"),
    fault("top_k keeps one less", [DRAWS], "src/sample.cu", "const int count = draw.top_k;", "const int count = draw.top_k > 1 ? draw.top_k - 1 : 1;"),
    fault("no margin", [DRAWS], "src/sample.cu", "return 2.3e-16 *", "return -2.3e-10 *"),
    fault("min_p before the best is known", [DRAWS], "src/sample.cu", "weight >= kept.least_weight ? weight : 0", "weight > 2 * kept.least_weight ? weight : 0"),
    fault("dead ids are drawn", [DRAWS], "src/sample.cu", "{logits + (int64_t)blockIdx.x * vocabulary, draw.live, 0, 0}",
          "{logits + (int64_t)blockIdx.x * vocabulary, vocabulary, 0, 0}"),
    fault("a draw lacks a barrier", [DRAWS], "src/candidates.h", "    __syncthreads();\n    return true;", "    return true;"),
]


def build_whole(folder, run):
    names = [p for p in sorted((NATIVE / "src").glob("*.c*")) if not p.stem.endswith(("_cuda", "_cublaslt"))]
    tests = [NATIVE / "tests" / f"{name}.cpp" for name in (SLOTS, READS, FUZZ, STEPS, MEMORY, ARGUMENTS, DRAWS, AHEAD, AHEAD_FUZZ, WAITS)]
    sources = names + sorted((NATIVE / "emulation").glob("*.cpp")) + tests
    return {str(p.relative_to(NATIVE)): o for p, o in run.map(lambda p: (p, compile_object(p, folder / f"{p.name}.o")), sources)}


if __name__ == "__main__":
    mutations.MUTATIONS = MUTATIONS
    mutations.build_whole = build_whole
    sys.exit(mutations.main())
