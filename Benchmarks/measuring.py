# SPDX-License-Identifier: Apache-2.0
"""What the measuring scripts share: running commands, counting bytes, tables, clean ends."""
import contextlib, os, re, shutil, signal, subprocess, sys, tempfile, time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Another build may be measured instead.
CAIRN = Path(os.environ.get("CAIRN", ROOT / ".build/release/cairn"))
MEBIBYTE = 1 << 20


class MeasuringError(Exception):
    """Something that the caller should read."""


class Run:
    """One run of a command: wall and processor seconds, peak resident bytes, what it printed."""

    def __init__(self, seconds, usage, output):
        self.seconds = seconds
        self.processor_seconds = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss * 1024
        self.output = output


def run(command, environment=None, prepared=True):
    """Runs a shell command and measures it with all that it starts; an error if it fails.

    The peak is that of its largest process.
    """
    if prepared:
        os.sync()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            ["bash", "-o", "pipefail", "-c", command], stdin=subprocess.DEVNULL, stdout=output,
            stderr=errors, env={**os.environ, **(environment or {})}, start_new_session=True)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
        if process.returncode != 0:
            errors.seek(0)
            said = (errors.read().decode(errors="replace").strip() or text.strip()).splitlines()
            raise MeasuringError(
                f"exit {process.returncode}: {command}: {' / '.join(said[-3:])}")
    return Run(seconds, usage, text)


def remove(path):
    if os.path.islink(path) or os.path.isfile(path):
        os.remove(path)
    else:
        shutil.rmtree(path, ignore_errors=True)


def tally(path):
    """How many regular files lie below `path`, and their bytes."""
    if os.path.isfile(path):
        return 1, os.path.getsize(path)
    files = size = 0
    stack = [path]
    while stack:
        with os.scandir(stack.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    stack.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    files += 1
                    size += entry.stat(follow_symlinks=False).st_size
    return files, size


def warm(path):
    """Reads everything once, so that all programs find it in the page cache."""
    subprocess.run(["bash", "-c", 'find "$0" -type f -print0 | xargs -0 -r cat > /dev/null', path],
                   check=True)


def byte_count(text):
    """The number of bytes that text such as 64MiB or 20GB names."""
    units = {"": 1, "K": 10, "M": 20, "G": 30, "T": 40}
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?", text.strip(), re.IGNORECASE)
    if not found:
        raise ValueError(text)
    unit = found.group(2).upper()
    power = 1 << units[unit] if found.group(3) or not unit else 1000 ** (units[unit] // 10)
    return int(float(found.group(1)) * power)


def machine():
    """One line on where the figures come from."""
    model = "unknown processor"
    with contextlib.suppress(OSError):
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
        model = found.group(1) if found else os.uname().machine
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, Linux {os.uname().release}"


class Table:
    """A Markdown table that is printed row by row, and can be kept in a file."""

    kept = []

    def __init__(self, *columns):
        self.say("")
        self.row(*columns)
        self.row(*["---"] * len(columns))

    def row(self, *cells):
        self.say("| " + " | ".join(cells) + " |")

    @classmethod
    def say(cls, line):
        cls.kept.append(line)
        print(line, flush=True)

    @classmethod
    def save(cls, path):
        Path(path).write_text("\n".join(cls.kept).strip() + "\n")


def cairn():
    if not CAIRN.exists():
        raise MeasuringError(f"no {os.path.relpath(CAIRN)}: run `make build` first")
    return f"'{CAIRN}'"


def main(body):
    """Runs `body`, with clean exit codes: 0, 1 with a message, 130 when interrupted.

    SIGTERM and SIGHUP end as Ctrl-C does, through the clean-up of all that is open.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.getsignal(signal.SIGINT))
    name = os.path.basename(sys.argv[0])
    try:
        sys.exit(body())
    except MeasuringError as error:
        sys.exit(f"{name}: {error}")
    except OSError as error:
        sys.exit(f"{name}: {error}")
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        sys.exit(130)
