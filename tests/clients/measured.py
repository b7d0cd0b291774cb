"""Runs a command to its end and says what it used, as the kernel counts it (wait4(2)).

measured.py FOLDER PROGRAM ARGUMENTS…: its output goes to FOLDER/stdout and FOLDER/stderr; one line of JSON says the exit code,
wall seconds, CPU seconds (user and system) and the peak of its resident memory in MiB. That peak is at least what this
interpreter holds, some 10 MiB, since a process begins as a copy of its parent.
"""

import json
import os
import subprocess
import sys
import time

folder, command = sys.argv[1], sys.argv[2:]
with open(f"{folder}/stdout", "wb") as stdout, open(f"{folder}/stderr", "wb") as stderr:
    began = time.monotonic()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
    _, status, usage = os.wait4(child.pid, 0)
    wall_s = time.monotonic() - began
    # It is reaped: nobody else may wait for that pid.
    child.returncode = os.waitstatus_to_exitcode(status)
print(
    json.dumps(
        {
            "code": child.returncode,
            "wallS": wall_s,
            "cpuS": usage.ru_utime + usage.ru_stime,
            "peakMib": usage.ru_maxrss / 1024,
        }
    )
)
