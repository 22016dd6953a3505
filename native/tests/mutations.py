#!/usr/bin/env python3
"""Plants faults in copies of the kernels' sources; the tests must find every one.

mutations.py [PART_OF_A_NAME] builds each faulty copy as the CPU build and runs the tests that should find it. A fault that no
test finds, or one whose text is no longer in the source, makes the exit status 1.
"""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

NATIVE = pathlib.Path(__file__).resolve().parent.parent
FLAGS = "-std=c++17 -O1 -w -ffp-contract=off -DCTN_EMULATION -pthread".split()
COMPILER = os.environ.get("CXX", "c++")

# Sources that a fault in a shared header makes anew, and the tests that then run.
FUSED = (["src/fused_recurrent.cu"], ["fused_recurrent_test"])
TAIL = (["src/tail.cu"], ["tail_test", "split_test"])
BOTH = (["src/fused_recurrent.cu", "src/tail.cu"], ["fused_recurrent_test", "tail_test", "split_test"])
CHUNK = (["src/chunk.cu"], ["chunk_test"])
ALL = [BOTH, CHUNK]

# name, (sources, tests), file, text, text in its place
MUTATIONS = [
    ("fused: no barrier behind the first tokens", FUSED, "src/fused_recurrent.cu",
     "    __syncthreads();\n\n    tile.begin();", "    tile.begin();"),
    ("fused: no barrier before shared memory is used again", FUSED, "src/fused_recurrent.cu",
     "            /* Other threads still read the last tokens. */\n            __syncthreads();\n", ""),
    ("fused: no barrier behind the next tokens", FUSED, "src/fused_recurrent.cu",
     "work.tokens - token), ready);\n            __syncthreads();", "work.tokens - token), ready);"),
    ("fused: shared memory one value short", FUSED, "src/fused_recurrent.cu",
     "floats_a_token * sizeof(float)}", "floats_a_token * sizeof(float) - 4}"),
    ("fused: an output a token late", FUSED, "src/fused_recurrent.cu",
     "(launch, work, token, dim));", "(launch, work, token - (token == 9), dim));"),
    ("fused: rounding by slot", FUSED, "src/fused_recurrent.cu",
     "launch.rounding_seed,", "launch.rounding_seed + work.slot,"),
    ("tail: no barrier", TAIL, "src/tail.cu", "    __syncthreads();\n", ""),
    ("tail: an entry is not replayed", TAIL, "src/tail.cu", "i < entries; i++", "i + 1 < entries; i++"),
    ("tail: a state is written unasked", TAIL, "src/tail.cu", "    if (folds)\n", "    if (entries > 0)\n"),
    ("tail: new tokens are folded too", TAIL, "src/tail.cu",
     "    if (folds)\n        tile.write(", "    if (folds && work.tokens > 0)\n        tile.update(fresh.k, fresh.v);\n    if (folds)\n        tile.write("),
    ("tail: entries are read from the next position", TAIL, "src/tail.cu",
     "work.position - entries, entries", "work.position - entries + 1, entries"),
    ("tail: entries are appended a position late", TAIL, "src/tail.cu",
     "ring.append(work.position,", "ring.append(work.position + 1,"),
    ("tail: the ring does not wrap", TAIL, "src/recurrent_ring.h",
     "wrap_(launch.tail_capacity - 1)", "wrap_(2 * launch.tail_capacity - 1)"),
    ("tail: a full ring takes one more", TAIL, "src/tail.cu",
     "entries + work.tokens > launch.tail_capacity", "entries + work.tokens > launch.tail_capacity + 1"),
    ("tail: shared memory a row short", TAIL, "src/tail.cu",
     "(size_t)launch.tail_capacity * (dim", "((size_t)launch.tail_capacity - 1) * (dim"),
    ("both: positions of 32 bits", BOTH, "src/vectors.h", "turns * (uint64_t)position", "turns * (uint64_t)(uint32_t)position"),
    ("both: a value's count does not advance", BOTH, "src/recurrent_tokens.h",
     "value_divisor(work.position + first + token, sigma)", "value_divisor(work.position + first, sigma)"),
    ("both: every head has the first one's sigma", BOTH, "src/recurrent_tokens.h", "launch.sigma[work.head]", "launch.sigma[0]"),
    ("both: rows of v one apart", BOTH, "src/recurrent_tokens.h", "work.tile * Tile::rows + i % Tile::rows;",
     "work.tile * Tile::rows + (i + 1) % Tile::rows;"),
    ("both: keys are not rounded to the rows' type", BOTH, "src/recurrent_tokens.h", "            vector.round();\n", "            ;\n"),
    ("both: sums end on the wrong lane", BOTH, "src/recurrent_tile.h",
     "lane_ % lanes / lanes_a_sum, sums[0]", "lane_ % lanes % rows_a_thread, sums[0]"),
    ("both: a column beyond the head", BOTH, "src/recurrent_tile.h", "column < dim_)", "column <= dim_)"),
    ("chunk: no barrier before tiles are filled again", CHUNK, "src/chunk.cu",
     "        if (first > 0)\n            __syncthreads();\n", ""),
    ("chunk: no barrier behind the tiles of a change", CHUNK, "src/chunk.cu",
     "values, tile_elements);\n        __syncthreads();\n\n", "values, tile_elements);\n"),
    ("chunk: no barrier behind the tiles of outputs", CHUNK, "src/chunk.cu",
     "values, tile_elements);\n        __syncthreads();\n        if (!is_idle)", "values, tile_elements);\n        if (!is_idle)"),
    ("chunk: no barrier between q and the state", CHUNK, "src/chunk.cu",
     "    __syncthreads();\n\n    fill_state_tiles", "    fill_state_tiles"),
    ("chunk: no barrier behind the state", CHUNK, "src/chunk.cu",
     "shared);\n    __syncthreads();\n    if (!is_idle)", "shared);\n    if (!is_idle)"),
    ("chunk: no barrier between the state and tokens", CHUNK, "src/chunk.cu",
     "first += kTileTokens) {\n        __syncthreads();\n", "first += kTileTokens) {\n"),
    ("chunk: shared memory a row short", CHUNK, "src/chunk.cu",
     "outputs_shared_elements<Row, D>();", "(outputs_shared_elements<Row, D>() - kTileStride<D>);"),
    ("chunk: a token does not see itself", CHUNK, "src/chunk_warp.h",
     "> query + sum_row(lane, o)", ">= query + sum_row(lane, o)"),
    ("chunk: a token sees the next one", CHUNK, "src/chunk_warp.h",
     "> query + sum_row(lane, o)", "> query + sum_row(lane, o) + 1"),
    ("chunk: the state without its second term", CHUNK, "src/chunk_warp.h",
     "*reinterpret_cast<uint2 *>(low) = words;", "*reinterpret_cast<uint2 *>(low) = uint2{0, 0};"),
    ("chunk: products of second terms left out", CHUNK, "src/chunk_tiles.h", "if (i + j <= 1)", "if (i + j == 0)"),
    ("chunk: outputs see their own chunk's state", CHUNK, "src/chunk.cu",
     "(chunk_stride / 4)] = state;", "(chunk_stride / 4)] = float4{state.x + changes[i].x, state.y, state.z, state.w};"),
    ("chunk: the state is not written", CHUNK, "src/chunk.cu", "    *stored = state;\n", ""),
    ("chunk: positions do not advance from chunk to chunk", CHUNK, "src/chunk_tiles.h",
     "p.position[row] + before", "p.position[row]"),
    ("chunk: tokens behind the end are read", CHUNK, "src/chunk_tiles.h", "&& token < chunk.count;", "&& token <= chunk.count;"),
    ("chunk: an output behind the end is written", CHUNK, "src/chunk_warp.h", "if (token < chunk.count)", "if (token <= chunk.count)"),
    ("chunk: rows share chunks", CHUNK, "src/chunk_tiles.h", "/ kChunkTokens + row;", "/ kChunkTokens + (row + 1) / 2;"),
    ("chunk: rows before the launch's first take chunks", CHUNK, "src/chunk_tiles.h", "(first_token(p, row) - first_token(p, 0))", "first_token(p, row)"),
    ("chunk: the last 16 tokens of a part are skipped", CHUNK, "src/chunk.cu",
     "token < tokens; token += 16", "token + 15 < tokens; token += 16"),
]


def compile_object(source, target):
    subprocess.run([COMPILER, *FLAGS, "-x", "c++", "-c", str(source), "-o", str(target)], check=True)
    return target


def build_whole(folder, run):
    """Objects of the sources as they are, and of the tests."""
    names = [p for p in sorted((NATIVE / "src").glob("*.cpp")) if not p.stem.endswith(("_cuda", "_cublaslt"))]
    needed = {"status", "recurrent_check", "runtime_emulated"}
    sources = [p for p in names if p.stem in needed] + sorted((NATIVE / "emulation").glob("*.cpp"))
    sources += [NATIVE / source for kernels, _ in ALL for source in kernels]
    tests = [NATIVE / "tests" / f"{name}.cpp" for _, names in ALL for name in names]
    objects = list(run.map(lambda p: (p, compile_object(p, folder / f"{p.name}.o")), sources + tests))
    return {str(path.relative_to(NATIVE)): target for path, target in objects}


def is_found(folder, objects, mutation):
    """Whether a test fails on the faulty copy; says which."""
    name, (sources, tests), file, text, instead = mutation
    whole = (NATIVE / file).read_text()
    if whole.count(text) < 1:
        return name, False, f"{file} no longer contains {text!r}"
    copy = pathlib.Path(tempfile.mkdtemp(dir=folder))
    for part in ("src", "emulation", "include"):
        shutil.copytree(NATIVE / part, copy / part)
    (copy / file).write_text(whole.replace(text, instead, 1))
    mine = dict(objects)
    for source in sources:
        mine[source] = compile_object(copy / source, copy / (pathlib.Path(source).name + ".o"))
    for test in tests:
        linked = [str(o) for path, o in mine.items() if not path.startswith("tests/") or path == f"tests/{test}.cpp"]
        program = str(copy / test)
        subprocess.run([COMPILER, "-pthread", *linked, "-o", program], check=True)
        try:
            ran = subprocess.run([program], capture_output=True, text=True, timeout=120, env={**os.environ, "CTN_TEST_STOP": "1"})
        except subprocess.TimeoutExpired:
            return name, True, f"{test} did not end"
        if ran.returncode != 0:
            lines = (ran.stdout + ran.stderr).strip().splitlines()
            return name, True, f"{test}: {lines[-1].strip()[:110] if lines else ran.returncode}"
    return name, False, "no test failed"


def main():
    chosen = [m for m in MUTATIONS if len(sys.argv) < 2 or sys.argv[1] in m[0]]
    with tempfile.TemporaryDirectory() as root, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as run:
        folder = pathlib.Path(root)
        objects = build_whole(folder, run)
        results = list(run.map(lambda m: is_found(folder, objects, m), chosen))
    for name, found, why in results:
        print(f"{'found ' if found else 'MISSED'} {name} ({why})")
    missed = sum(not found for _, found, _ in results)
    print(f"{len(results)} faults, {missed} missed")
    return 1 if missed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
