"""Which machine this is, and what it has."""
import ctypes
import datetime
import os
import pathlib
import re
import shutil

CUBLASLT = ("libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so.11")


def describe(context) -> dict:
    """For the head of the report. Sets the context's nvcc, architecture and torch_missing."""
    card = _card(context)
    context.nvcc = None if context.is_cpu else _find_nvcc(context)
    torch = _torch_version(context)
    cublaslt = _find_cublaslt(context)
    return {
        "mode": "emulation: no time below means anything" if context.is_cpu else "gpu",
        "card": card["name"],
        "driver": card["driver"],
        "nvcc": _nvcc_version(context),
        "cublaslt": cublaslt,
        "torch": torch,
        "commit": _commit(context),
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _card(context) -> dict:
    if context.is_cpu:
        return {"name": "none", "driver": "none"}
    asked = context.commands.run(["nvidia-smi", "--query-gpu=name,driver_version,compute_cap", "--format=csv,noheader"], 20)
    parts = [part.strip() for part in asked.output.splitlines()[0].split(",")] if asked.is_good and asked.output else []
    if len(parts) != 3:
        return {"name": "unknown: " + asked.failure, "driver": "unknown"}
    context.architecture = parts[2].replace(".", "")
    return {"name": parts[0], "driver": parts[1]}


def _find_nvcc(context) -> str | None:
    candidates = [os.environ.get("NVCC"), shutil.which("nvcc"), "/usr/local/cuda/bin/nvcc", str(context.root / "artifacts/native/nvcc/bin/nvcc")]
    return next((path for path in candidates if path and pathlib.Path(path).exists()), None)


def _nvcc_version(context) -> str:
    if context.is_cpu:
        return "none"
    if context.nvcc is None:
        return "none found: not in $NVCC, the PATH or /usr/local/cuda"
    found = re.search(r"release ([0-9.]+), V([0-9.]+)", context.commands.run([context.nvcc, "--version"], 20).output)
    return found.group(2) if found else "unknown"


def _find_cublaslt(context) -> str:
    """Where the library is that the engine opens by name: on the loader's path, beside nvcc, or in PyTorch's packages. Found elsewhere
    than on the path, its folder is put there for everything that is started."""
    if context.is_cpu:
        return "none"
    for name in CUBLASLT:
        try:
            ctypes.CDLL(name)
            return name
        except OSError:
            pass
    folders = [pathlib.Path(context.nvcc).resolve().parent.parent / "lib64"] if context.nvcc else []
    packages = context.commands.run([context.python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"], 20)
    if packages.is_good:
        folders += sorted(pathlib.Path(packages.output.strip()).glob("nvidia/*/lib"))
    for folder in folders:
        if any((folder / name).exists() for name in CUBLASLT):
            os.environ["LD_LIBRARY_PATH"] = f"{folder}:{os.environ.get('LD_LIBRARY_PATH', '')}".rstrip(":")
            return str(folder)
    return "not found: the engine will not start"


def _torch_version(context) -> str:
    asked = context.commands.run([context.python, "-c", "import torch; print(torch.__version__, torch.cuda.is_available())"], 60)
    if not asked.is_good:
        context.torch_missing = f"{context.python} has no PyTorch"
        return "none"
    version, has_cuda = asked.output.split()[-2:]
    if has_cuda != "True":
        context.torch_missing = f"PyTorch {version} sees no GPU"
    return version


def _commit(context) -> str:
    asked = context.commands.run(["git", "-C", context.root, "rev-parse", "--short", "HEAD"], 10)
    return asked.output.strip() if asked.is_good else "unknown"
