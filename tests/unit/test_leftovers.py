"""What a killed run left at work is ended before what it left on the disk is removed."""

from __future__ import annotations

import os
import pwd
import subprocess

import pytest
from ansible.module_utils.placid import leftovers


@pytest.mark.skipif(os.geteuid() != 0, reason="only root works as another user")
def test_what_runs_as_the_user_that_builds_is_ended_and_nothing_else() -> None:
    user = pwd.getpwnam("games")
    theirs = subprocess.Popen(["sh", "-c", "sleep 60 & wait"], user=user.pw_uid, start_new_session=True)
    ours = subprocess.Popen(["sleep", "60"])
    try:
        leftovers.end_processes("games")
        assert leftovers.processes(user.pw_uid) == []
        assert (theirs.wait(), ours.poll()) == (-9, None)
    finally:
        ours.kill()
        ours.wait()


def test_a_user_that_is_not_there_runs_nothing() -> None:
    leftovers.end_processes("nobody-of-that-name")
