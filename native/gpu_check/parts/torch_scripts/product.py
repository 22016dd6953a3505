"""Flop a second of a bf16 product of two 8192 x 8192 matrices of random numbers."""
import json

import torch

SIZE = 8192
a, b = (torch.randn(SIZE, SIZE, device="cuda", dtype=torch.bfloat16) for _ in range(2))
for _ in range(5):
    a @ b
begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
ROUNDS = 30
begin.record()
for _ in range(ROUNDS):
    a @ b
end.record()
torch.cuda.synchronize()
seconds = begin.elapsed_time(end) / 1e3 / ROUNDS
print(json.dumps({"flop_a_second": 2 * SIZE**3 / seconds, "size": SIZE}), flush=True)
