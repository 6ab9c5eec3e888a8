"""Runs a program and measures its time and memory."""
import os, subprocess, sys
from typing import NamedTuple

# What wait4 tells as a process's largest memory includes that of whoever started it, until it became the program itself. So a small Python starts
# the program, and writes to the pipe argv[1].
SMALL = """
import os, sys, time
begin = time.perf_counter()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
seconds = time.perf_counter() - begin
os.write(int(sys.argv[1]), f"{seconds} {usage.ru_maxrss / 2**20}".encode())
sys.exit(abs(os.waitstatus_to_exitcode(status)))
"""


class Run(NamedTuple):
    code: int
    out: str
    err: str  # where it was captured
    seconds: float
    gib: float  # of memory, at the peak


def run(command, capture=False):
    """Runs command, a list; capture: its stderr too."""
    read, write = os.pipe()
    with os.fdopen(read) as pipe:
        p = subprocess.Popen([sys.executable, "-I", "-S", "-c", SMALL, str(write), *command], pass_fds=[write],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE if capture else None, text=True)
        os.close(write)
        out, err = p.communicate()
        seconds, gib = map(float, pipe.read().split())
    return Run(p.returncode, out, err or "", seconds, gib)
