"""The library and the programs, built on this machine; the library loaded."""
import ctypes
import os

from parts.commands import PartFailed


class DeviceInfo(ctypes.Structure):
    """ctn_device_info of cottention.h."""
    _fields_ = [("struct_size", ctypes.c_int32), ("compute_major", ctypes.c_int32), ("compute_minor", ctypes.c_int32),
                ("multiprocessors", ctypes.c_int32), ("total_bytes", ctypes.c_int64), ("free_bytes", ctypes.c_int64),
                ("is_emulation", ctypes.c_int32), ("name", ctypes.c_char * 256)]


def run(context, report):
    if not context.is_cpu:
        list_cards(context, report)
    build(context, report, "CPU build", "cpu", ["-DCTN_CUDA=OFF"], [] if context.is_cpu else ["--target", "library"])
    if not context.is_cpu:
        if context.nvcc is None:
            raise PartFailed("no nvcc in $NVCC, the PATH or /usr/local/cuda")
        if not context.architecture:
            raise PartFailed("nvidia-smi does not say the card's compute capability")
        build(context, report, f"nvcc build for sm_{context.architecture}", "cuda",
              ["-DCTN_CUDA=ON", f"-DCMAKE_CUDA_COMPILER={context.nvcc}", f"-DCMAKE_CUDA_ARCHITECTURES={context.architecture}-real"], [])
    load(context, report)


def list_cards(context, report):
    listed = context.commands.run(["nvidia-smi", "-L"], 20)
    report.check("nvidia-smi -L", listed.is_good, listed.output.splitlines()[0].split(" (UUID")[0] if listed.is_good else listed.failure)


def build(context, report, what, kind, options, targets):
    folder = context.artifacts / "build" / kind
    # What a compiler of this machine warns of, native/check's need not have: no reason to measure nothing.
    strict = "ON" if context.is_cpu else "OFF"
    configured = context.commands.run(["cmake", "-S", context.here, "-B", folder, f"-DCTN_STRICT={strict}", *options])
    if not configured.is_good:
        report.fail(what, f"cmake: {configured.failure}; see log.txt")
        return
    # -k: a program that does not build must not keep the others from it.
    keep_going = ["--", "-k", "0"] if (folder / "build.ninja").exists() else ["--", "-k"]
    built = context.commands.run(["cmake", "--build", folder, "--parallel", os.cpu_count() or 1, *targets, *keep_going])
    report.check(what, built.is_good, f"{configured.seconds + built.seconds:.1f} s" if built.is_good else f"{built.failure}; see log.txt")


def load(context, report):
    """The library by itself, as a program without its header finds it."""
    try:
        library = ctypes.CDLL(str(context.library))
    except OSError as error:
        report.fail("library loads", str(error))
        return
    header = (context.root / "native/include/cottention.h").read_text()
    expected = int(header.split("#define CTN_ABI_VERSION")[1].split()[0])
    report.check("ABI version", library.ctn_abi_version() == expected, f"{library.ctn_abi_version()}, the header's is {expected}")

    library.ctn_last_message.restype = ctypes.c_char_p
    info = DeviceInfo(struct_size=ctypes.sizeof(DeviceInfo))
    status = library.ctn_device_describe(0, ctypes.byref(info))
    if status != 0:
        report.fail("device 0", f"status {status}: {library.ctn_last_message().decode()}")
        return
    is_right = bool(info.is_emulation) == context.is_cpu
    report.check("device 0", is_right, f"{info.name.decode()}, {info.compute_major}.{info.compute_minor}, {info.multiprocessors} multiprocessors, "
                 f"{info.total_bytes / 2**30:.1f} GiB, {info.free_bytes / 2**30:.1f} GiB free")
    info.struct_size -= 1
    status = library.ctn_device_describe(0, ctypes.byref(info))
    report.check("a stale struct is refused", status == 1, f"status {status}: {library.ctn_last_message().decode()}")
