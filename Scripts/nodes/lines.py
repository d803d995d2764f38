# SPDX-License-Identifier: Apache-2.0
"""A node driven by JSON lines: one object a line in, one a line out.

A command is {"id": N, "cmd": NAME, ...}; its answer is {"id": N, "ok": true, ...} or {"id": N,
"ok": false, "error": TEXT}. Answers come in any order, as commands run at the same time. The first
line out is {"event": "ready", ...}; {"cmd": "quit"}, or the end of the input, ends the node.
"""
import json
import os
import sys
import threading


class Output:
    """Standard output, kept for JSON: whatever else prints goes to standard error."""

    def __init__(self):
        self.file = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(2, 1)
        self.lock = threading.Lock()

    def send(self, **values):
        with self.lock:
            self.file.write(json.dumps(values) + "\n")
            self.file.flush()


def parse(line):
    """The command of a line, or None if it is none."""
    try:
        command = json.loads(line)
        return command if isinstance(command, dict) and "cmd" in command else None
    except ValueError:
        return None


def serve(output, perform):
    """Runs each command of standard input in a thread of its own until "quit"."""
    def work(command):
        try:
            result = {"ok": True, **(perform(command) or {})}
        except Exception as error:  # a driver must go on, whatever a command did
            result = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        output.send(id=command.get("id"), **result)

    for line in sys.stdin:
        if not line.strip():
            continue
        command = parse(line)
        if command is None:
            output.send(id=None, ok=False, error=f"no command: {line.strip()}")
        elif command["cmd"] == "quit":
            return
        else:
            threading.Thread(target=work, args=(command,), daemon=True).start()
