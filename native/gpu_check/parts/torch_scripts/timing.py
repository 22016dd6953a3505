"""Times of work on a GPU, by its own events."""
import torch


def microseconds(body, launches):
    """Of one of the launches that body makes: the median of five calls, after two that are not counted."""
    times = []
    for _ in range(7):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        body()
        end.record()
        torch.cuda.synchronize()
        times.append(begin.elapsed_time(end) * 1e3 / launches)
    return sorted(times[2:])[2]


def graph_of(body):
    """body as a CUDA graph, after a run of it that compiles and allocates what it needs."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        body()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        body()
    return graph
