"""What was found: rows of one table, and the same as JSON."""
import json
import pathlib
import time

# A verdict of a check, of a measurement beside its target, or neither.
VERDICTS = ("ok", "FAIL", "SKIP", "met", "missed", "")


class Report:
    def __init__(self, machine: dict):
        self._machine = machine
        self._has_meaning = machine["mode"] == "gpu"
        self._rows = []
        self._records = {}
        self._part = ""
        self._began = time.monotonic()
        self._part_began = self._began

    def print_machine(self):
        for key, value in self._machine.items():
            print(f"{key:10} {value}", flush=True)

    def begin(self, part: str):
        self._part = part
        self._part_began = time.monotonic()
        print(f"\n== {part}", flush=True)

    def end(self):
        self._add("took", f"{time.monotonic() - self._part_began:.1f} s", "", "")

    def ok(self, what: str, value: str = ""):
        self._add(what, value, "", "ok")

    def fail(self, what: str, value: str):
        self._add(what, value, "", "FAIL")

    def skip(self, what: str, reason: str):
        self._add(what, reason, "", "SKIP")

    def check(self, what: str, is_good: bool, value: str):
        self._add(what, value, "", "ok" if is_good else "FAIL")

    def measured(self, what: str, value: str, target: str = "", is_met: bool | None = None):
        """A number; with a target, whether it was met. On the emulation neither is judged."""
        if not self._has_meaning:
            self._add(what, f"{value} (emulation: no meaning)", target, "")
        else:
            self._add(what, value, target, "" if is_met is None else "met" if is_met else "missed")

    def keep(self, name: str, records):
        """Raw measurements, for the JSON alone."""
        self._records.setdefault(name, []).extend(records)

    def count(self, verdict: str) -> int:
        return sum(row["verdict"] == verdict for row in self._rows)

    def _add(self, what: str, value: str, target: str, verdict: str):
        assert verdict in VERDICTS
        row = {"part": self._part, "what": what, "value": value, "target": target, "verdict": verdict}
        self._rows.append(row)
        print(self._line(row, 46), flush=True)

    @staticmethod
    def _line(row: dict, width: int) -> str:
        target = f"  [{row['target']}]" if row["target"] else ""
        return f"{row['verdict']:6} {row['what']:{width}} {row['value']}{target}".rstrip()

    def write(self, out: pathlib.Path):
        self._machine["seconds"] = round(time.monotonic() - self._began, 1)
        lines = [f"{key}: {value}" for key, value in self._machine.items()]
        part = None
        width = max(len(row["what"]) for row in self._rows)
        for row in self._rows:
            if row["part"] != part:
                part = row["part"]
                lines += ["", part]
            lines.append("  " + self._line(row, width))
        lines += ["", f"targets: {self.count('met')} met, {self.count('missed')} missed",
                  f"{self.count('ok')} passed, {self.count('FAIL')} failed, {self.count('SKIP')} skipped"]
        table = "\n".join(lines)
        (out / "table.txt").write_text(table + "\n")
        document = {**self._machine, "rows": self._rows, "measurements": self._records}
        (out / "gpu_check.json").write_text(json.dumps(document, indent=1) + "\n")
        print(f"\n{'=' * 100}\n{table}", flush=True)
