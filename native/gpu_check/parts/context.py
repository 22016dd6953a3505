"""What the parts share."""
import dataclasses
import pathlib

from parts.commands import Commands


@dataclasses.dataclass
class Context:
    root: pathlib.Path      # of the repository
    here: pathlib.Path      # native/gpu_check
    is_cpu: bool            # no GPU: the CPU build stands in for it
    python: str             # that has PyTorch
    commands: Commands
    nvcc: str | None = None
    architecture: str = ""  # "90" for sm_90
    torch_missing: str = ""  # why PyTorch cannot be used here; empty where it can
    copy_rate: float = 0.0  # bytes a second, read and written both counted; 0: not measured
    product_rate: float = 0.0  # flop a second of a large bf16 product; 0: not measured
    kernel_us: dict = dataclasses.field(default_factory=dict)  # (kernel, head_dim, state, rows, tokens) -> us
    step_us: dict = dataclasses.field(default_factory=dict)  # rows -> us

    @property
    def artifacts(self) -> pathlib.Path:
        return self.root / "artifacts/gpu_check"

    @property
    def build(self) -> pathlib.Path:
        """Where the programs are."""
        return self.artifacts / "build" / ("cpu" if self.is_cpu else "cuda")

    @property
    def library(self) -> pathlib.Path:
        return self.build / "native" / ("libcottention-cpu.so" if self.is_cpu else "libcottention.so")

    @property
    def cpu_library(self) -> pathlib.Path:
        return self.artifacts / "build/cpu/native/libcottention-cpu.so"

    def torch_script(self, name: str) -> list[str]:
        return [self.python, str(self.here / "parts/torch_scripts" / name)]
