"""The packed server on the device, over a socket: answers, a kill and a resume by id, and memory that stays flat."""
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import threading
import time
import urllib.error
import urllib.request

from parts.commands import PartFailed

MODEL = "deploy/models/cottention-stories"
LONG_TOKENS = 100_000
# nvidia-smi counts in MiB; a driver's own allocations may move by a few.
MOST_GROWTH_MIB = 4


def run(context, report):
    unpack(context)
    server, cli = context.artifacts / "packed/server/Cottention.Server", context.artifacts / "packed/cli/cottention"
    if not server.exists() or not cli.exists():
        report.skip("server end to end", "artifacts/gpu_check/packed is missing; native/gpu_check/pack makes it where there is a .NET SDK")
        return
    if not (context.root / MODEL / "model.safetensors").exists():
        report.skip("server end to end", f"{MODEL} is missing")
        return
    with tempfile.TemporaryDirectory() as folder:
        for device in ("cpu", "cuda") if context.is_cpu else ("cuda",):
            sessions = pathlib.Path(folder) / device
            with Session(context, server, cli, device, sessions) as served:
                check_resume(context, report, served)
                check_memory(context, report, served)


def unpack(context):
    """Where only the small file was brought."""
    packed = context.artifacts / "packed.tar.xz"
    if packed.exists() and not (context.artifacts / "packed").exists():
        with tarfile.open(packed) as archive:
            archive.extractall(context.artifacts)


class Session(contextlib.AbstractContextManager):
    """A running server with its session folder, and the command line that talks to it."""

    def __init__(self, context, server, cli, device, sessions):
        self.device = device
        self._context, self._server, self._cli, self._sessions = context, server, cli, sessions
        self._log = (sessions.parent / f"{device}.log").open("w+")
        self._process = None
        self._ports = free_ports(2)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        self._log.seek(0)
        self._context.commands.note(f"server with --device {self.device}:\n{self._log.read()}")
        self._log.close()

    def start(self):
        """Starts and waits until it can serve; answers the seconds that took."""
        grpc, http = self._ports
        began = time.monotonic()
        self._process = subprocess.Popen(
            [self._server, "--device", self.device, "--model", self._context.root / MODEL, "--sessions", self._sessions,
             "--grpc-port", str(grpc), "--http-port", str(http)],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT, start_new_session=True,
            env={**os.environ, "COTTENTION_NATIVE_LIBRARY": str(self._context.library)})
        while not self._is_ready(http):
            if self._process.poll() is not None:
                raise PartFailed(f"the server ended with status {self._process.returncode}: {self._last_line()}")
            if time.monotonic() - began > min(60, self._context.commands.seconds_left):
                raise PartFailed(f"the server was not ready after {time.monotonic() - began:.0f} s: {self._last_line()}")
            time.sleep(0.1)
        return time.monotonic() - began

    def kill(self):
        """SIGKILL, as a machine that loses power."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    @property
    def pid(self):
        return self._process.pid

    def command(self, *arguments, seconds=90):
        """The command's stdout; what fails ends the part."""
        outcome = self._context.commands.run([self._cli, "--server", f"http://127.0.0.1:{self._ports[0]}", *arguments], seconds)
        if not outcome.is_good:
            raise PartFailed(f"cottention {arguments[0]}: {outcome.failure}")
        return outcome.output

    def generate(self, prompt, session, tokens, *flags, seconds=90):
        return self.command("generate", prompt, "--session", session, "--max-tokens", str(tokens), "--ignore-eos", *flags, seconds=seconds)

    def _last_line(self):
        self._log.seek(0)
        lines = self._log.read().strip().splitlines()
        return lines[-1][:200] if lines else "it said nothing"

    @staticmethod
    def _is_ready(port):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def check_resume(context, report, served):
    """Two sessions that began alike: the one goes on at once, the other after a kill, and both must say the same."""
    for name in ("undisturbed", "killed"):
        served.command("sessions", "create", name, "--seed", "7")
    first = {name: served.generate("Once upon a time", name, 24) for name in ("undisturbed", "killed")}
    expected = served.generate(" Then", "undisturbed", 24)
    report.check(f"--device {served.device}: two sessions of one seed", first["undisturbed"] == first["killed"], shorten(first["undisturbed"]))
    served.kill()
    seconds = served.start()
    found = served.generate(" Then", "killed", 24)
    report.check(f"--device {served.device}: the same text after kill -9", found == expected, shorten(found) if found == expected
                 else f"{shorten(found)} and not {shorten(expected)}")
    report.measured(f"--device {served.device}: start to ready", f"{seconds:.1f} s")


def shorten(text):
    return repr(text[:50])


def check_memory(context, report, served):
    """Memory while one session generates very many tokens: nothing may grow with its length."""
    tokens = 500 if context.is_cpu else LONG_TOKENS
    if context.is_cpu and served.device == "cuda":
        report.skip(f"memory of a session over {LONG_TOKENS} tokens", "the emulation is too slow for more than a few tokens")
        return
    served.command("sessions", "create", "long", "--seed", "1")
    served.generate("Once", "long", 64)
    used = MemoryWatch((lambda: resident_mib(served.pid)) if context.is_cpu else card_mib)
    began = time.monotonic()
    with used:
        served.generate(" upon", "long", tokens, seconds=context.commands.seconds_left)
    seconds = time.monotonic() - began
    what = f"--device {served.device}: memory over {tokens} tokens of a session"
    value = f"{used.least:.0f} to {used.most:.0f} MiB in {used.count} readings, {tokens / seconds:.0f} tokens/s"
    if context.is_cpu:
        report.measured(what, value)
    else:
        report.check(what, used.count >= 3 and used.most - used.least <= MOST_GROWTH_MIB, value)


class MemoryWatch(contextlib.AbstractContextManager):
    """Reads a number of MiB twice a second while it is open, once at least at both ends."""

    def __init__(self, read):
        self._read, self._ended = read, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._values = []

    def __enter__(self):
        self._values.append(self._read())
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()
        self._values.append(self._read())

    def _watch(self):
        while not self._ended.wait(0.5):
            self._values.append(self._read())

    least = property(lambda self: min(self._values))
    most = property(lambda self: max(self._values))
    count = property(lambda self: len(self._values))


def card_mib():
    if shutil.which("nvidia-smi") is None:
        raise PartFailed("no nvidia-smi")
    asked = subprocess.run(["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"], capture_output=True, text=True, timeout=20, check=True)
    return float(asked.stdout.splitlines()[0])


def resident_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
