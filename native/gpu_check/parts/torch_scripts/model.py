"""A whole greedy decode step of the 300M shape in plain PyTorch, eager, bf16 weights and f32 states, one state a row without slots."""
import json

import torch
import torch.nn.functional as F
from timing import microseconds

LAYERS, HEADS, DIM, INNER, VOCABULARY, STEPS = 20, 16, 64, 3072, 50400, 20
MODEL = HEADS * DIM


def weight(*shape):
    return torch.randn(*shape, device="cuda", dtype=torch.bfloat16) * shape[-1] ** -0.5


class Layer:
    def __init__(self):
        self.norm, self.norm_bias = torch.ones(MODEL, device="cuda", dtype=torch.bfloat16), weight(MODEL)
        self.qkv, self.out = weight(3 * MODEL, MODEL), weight(MODEL, MODEL)
        self.fc_in, self.fc_in_bias = weight(INNER, MODEL), weight(INNER)
        self.fc_out, self.fc_out_bias = weight(MODEL, INNER), weight(MODEL)
        self.sigma = torch.rand(HEADS, 1, device="cuda")


class Model:
    def __init__(self, rows):
        self.embedding, self.head, self.head_bias = weight(VOCABULARY, MODEL), weight(VOCABULARY, MODEL), weight(VOCABULARY)
        self.norm, self.norm_bias = torch.ones(MODEL, device="cuda", dtype=torch.bfloat16), weight(MODEL)
        self.layers = [Layer() for _ in range(LAYERS)]
        self.states = torch.zeros(LAYERS, rows * HEADS, DIM, DIM, device="cuda")
        self.frequencies = 10000.0 ** (-torch.arange(0, DIM, 2, device="cuda") / DIM)
        self.tokens = torch.arange(rows, device="cuda")
        self.position = torch.zeros((), device="cuda")

    def rotate(self, x, sine, cosine):
        even, odd = x[..., 0::2], x[..., 1::2]
        return torch.stack((even * cosine - odd * sine, odd * cosine + even * sine), -1).flatten(-2)

    def step(self):
        x = F.embedding(self.tokens, self.embedding)
        rows = x.shape[0]
        angles = self.position * self.frequencies
        sine, cosine = angles.sin(), angles.cos()
        for layer, state in zip(self.layers, self.states):
            h = F.layer_norm(x, (MODEL,), layer.norm, layer.norm_bias)
            q, k, v = (F.linear(h, layer.qkv).view(rows, 3, HEADS, DIM).float()).unbind(1)
            q, k = (F.normalize(self.rotate(y, sine, cosine), dim=-1).view(-1, DIM) for y in (q, k))
            v = (v / (self.position + 1) ** layer.sigma).view(-1, DIM)
            state.baddbmm_(v.unsqueeze(2), k.unsqueeze(1))
            o = torch.bmm(state, q.unsqueeze(2)).view(rows, MODEL).bfloat16()
            inner = F.gelu(F.linear(h, layer.fc_in, layer.fc_in_bias), approximate="tanh")
            x = x + F.linear(o, layer.out) + F.linear(inner, layer.fc_out, layer.fc_out_bias)
        logits = F.linear(F.layer_norm(x, (MODEL,), self.norm, self.norm_bias), self.head, self.head_bias)
        self.tokens = logits.argmax(-1)
        self.position += 1


def main():
    with torch.inference_mode():
        for rows in (1, 64):
            model = Model(rows)
            us = microseconds(lambda: [model.step() for _ in range(STEPS)], STEPS)
            print(json.dumps({"baseline": "PyTorch eager step", "rows": rows, "us": us}), flush=True)


main()
