"""Commands with time limits, their output kept in one log."""
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time


class PartFailed(Exception):
    """A part cannot go on; the message says why."""


@dataclasses.dataclass
class Outcome:
    output: str
    status: int
    seconds: float
    ran_out: bool  # it was stopped at its limit

    @property
    def is_good(self) -> bool:
        return self.status == 0 and not self.ran_out

    @property
    def failure(self) -> str:
        """One line."""
        lines = [line for line in self.output.splitlines() if line.strip() and not line.startswith("{")]
        last = lines[-1].strip()[:160] if lines else "no output"
        return f"stopped after {self.seconds:.0f} s: {last}" if self.ran_out else f"status {self.status}: {last}"

    @property
    def records(self) -> list[dict]:
        """The lines that are JSON objects, also of a command that did not end well."""
        found = []
        for line in self.output.splitlines():
            if line.startswith("{"):
                try:
                    found.append(json.loads(line))
                except ValueError:
                    pass  # the line that a stop cut short
        return found


class Commands:
    def __init__(self, log: pathlib.Path, total_seconds: float):
        self._log = log
        self._log.write_text("")
        self._end = time.monotonic() + total_seconds
        self._part_end = self._end

    def begin_part(self, seconds: float):
        self._part_end = min(self._end, time.monotonic() + seconds)

    @property
    def seconds_left(self) -> float:
        return self._part_end - time.monotonic()

    def run(self, arguments, seconds: float = 1e9, environment: dict | None = None, directory=None) -> Outcome:
        """Runs a command, at most so long and as long as its part may; never raises for what the command does."""
        limit = min(seconds, self.seconds_left)
        if limit < 1:
            raise PartFailed("no time is left")
        arguments = [str(argument) for argument in arguments]
        began = time.monotonic()
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            try:
                # A process group of its own, so that nothing it started outlives it.
                process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=directory,
                                           env={**os.environ, **(environment or {})}, start_new_session=True)
            except OSError as error:
                return Outcome(str(error), 127, 0.0, False)
            try:
                status, ran_out = process.wait(limit), False
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                status, ran_out = process.wait(), True
            output.seek(0)
            text = output.read()
        outcome = Outcome(text, status, time.monotonic() - began, ran_out)
        self.note(f"$ {' '.join(arguments)}\n{text}-> status {status} after {outcome.seconds:.1f} s{', stopped' if ran_out else ''}\n")
        return outcome

    def note(self, text: str):
        with self._log.open("a") as log:
            log.write(text + "\n")
