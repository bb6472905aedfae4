"""Many who want one deployment lock at the same moment, in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from unit.plugins import PLUGINS

# Who has the lock prints which round it is, and keeps it until all others gave up.
CONTEND = f"""
import multiprocessing, os, sys
import ansible.module_utils
ansible.module_utils.__path__.append({str(PLUGINS / "module_utils")!r})
from pathlib import Path
from ansible.module_utils.placid import lock
path, contenders, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
context = multiprocessing.get_context("fork")
barrier = context.Barrier(contenders, timeout=30)
lock.GRACE_SECONDS = 0.0
def contend(number):
    for each in range(rounds):
        barrier.wait()
        try:
            with lock.held(path, lock.Holder(str(number), f"who{{number}}", "what", "when"), last=True):
                os.write(1, b"%d\\n" % each)
                barrier.wait()
        except lock.BusyError:
            barrier.wait()
processes = [context.Process(target=contend, args=[number]) for number in range(contenders)]
for process in processes:
    process.start()
for process in processes:
    process.join()
"""


def test_of_many_at_once_one_wins_each_time(tmp_path: Path) -> None:
    """What a file that is tested and then written gets wrong."""
    words = [sys.executable, "-c", CONTEND, str(tmp_path / "lock"), "20", "50"]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == [str(each) for each in range(50)], done.stderr[-2000:]
