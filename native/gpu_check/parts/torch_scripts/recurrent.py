"""The recurrence of one token for 64 and 256 rows, 16 heads of 64, f32 states in slots: in plain PyTorch operations and, where fla is
installed, with its fused_recurrent_simple_gla. Slots and layers change with each launch, as in kernel_times.cpp, so that no state is
found in a cache. q, k and v are ready: rotation, norm and scaling are left out, to the baselines' advantage."""
import json

import torch
from timing import graph_of, microseconds

HEADS, DIM, LAUNCHES = 16, 64, 50


class Case:
    def __init__(self, rows):
        self.rows = rows
        slots = max(rows, 256)
        layers = -(-1_500_000_000 // (slots * HEADS * DIM * DIM * 4))
        self.states = torch.randn(layers, slots, HEADS, DIM, DIM, device="cuda")
        order = torch.randperm(slots, device="cuda")
        self.places = [(self.states[i % layers], order[[(i // layers * rows + row) % slots for row in range(rows)]]) for i in range(LAUNCHES)]
        self.q, self.k, self.v = (torch.randn(rows * HEADS, DIM, device="cuda") for _ in range(3))

    def plain(self):
        for states, slots in self.places:
            state = states.index_select(0, slots).view(-1, DIM, DIM)
            state = torch.baddbmm(state, self.v.unsqueeze(2), self.k.unsqueeze(1))
            torch.bmm(state, self.q.unsqueeze(2))
            states.index_copy_(0, slots, state.view(-1, HEADS, DIM, DIM))

    def fla(self, function, with_slots):
        q, k, v = (x.view(self.rows, 1, HEADS, DIM).bfloat16() for x in (self.q, self.k, self.v))
        for states, slots in self.places:
            before = states.index_select(0, slots) if with_slots else states[:self.rows]
            _, after = function(q, k, v, scale=1.0, initial_state=before, output_final_state=True)
            if with_slots:
                states.index_copy_(0, slots, after)


def tell(baseline, rows, **found):
    print(json.dumps({"baseline": baseline, "rows": rows, **found}), flush=True)


def import_fla():
    try:
        from fla.ops.simple_gla import fused_recurrent_simple_gla
        return fused_recurrent_simple_gla, ""
    except Exception as error:  # An installation can break in many ways.
        return None, f"{type(error).__name__}: {error}"


def main():
    function, reason = import_fla()
    with torch.inference_mode():
        for rows in (64, 256):
            case = Case(rows)
            tell("plain operations, eager", rows, us=microseconds(case.plain, LAUNCHES))
            tell("plain operations, graph", rows, us=microseconds(graph_of(case.plain).replay, LAUNCHES))
            if function is None:
                continue
            for name, with_slots in (("fla alone", False), ("fla with slots", True)):
                try:
                    tell(name, rows, us=microseconds(graph_of(lambda: case.fla(function, with_slots)).replay, LAUNCHES))
                except Exception as error:
                    tell(f"{name}, {rows} rows", rows, skipped=f"{type(error).__name__}: {error}"[:200])
    if function is None:
        tell("fla", 0, skipped=reason[:200])


main()
