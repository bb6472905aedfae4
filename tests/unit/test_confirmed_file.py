"""How long a host that cannot be entered is waited for."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible.errors import AnsibleConnectionFailure

from unit.plugins import load

action = load("action/confirmed_file.py")
BACK = "The host brought the old /etc/x back by itself and is to be reached as before."
LOST = "host is not to be reached now either: look at it over its console."


class Host:
    """Takes its time, counts from the middle of that, and lets nobody in from the change until it was taken back."""

    def __init__(self, begins_after: float, late: float, shut: bool) -> None:
        self.now, self.begins_after, self.late, self.shut, self.back = 0.0, begins_after, late, shut, 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def answer(self, confirm: str = "") -> dict[str, Any]:
        if not confirm:
            self.now += self.begins_after
            self.back = self.now + 12 + self.late
            return {"changed": True, "confirm": "token"}
        self.now += 0.5
        if self.shut and self.now < self.back:
            raise AnsibleConnectionFailure("Permission denied")
        return {"failed": True, "msg": "not confirmed in time"} if self.shut else {"changed": True}


@pytest.mark.parametrize(
    ("begins_after", "late", "shut", "said"),
    [
        pytest.param(1, 0, False, "", id="the door stays open"),
        pytest.param(1, 1, True, BACK, id="a host at rest"),
        pytest.param(9, 3, True, BACK, id="a busy host"),
        pytest.param(1, 20, True, BACK, id="a very late timer"),
        pytest.param(1, 3600, True, LOST, id="a host that never comes back"),
    ],
)
def test_a_host_is_waited_for_until_it_has_the_old_file(
    monkeypatch: pytest.MonkeyPatch, begins_after: float, late: float, shut: bool, said: str
) -> None:
    host = Host(begins_after, late, shut)
    monkeypatch.setattr(action, "time", MagicMock(monotonic=lambda: host.now, sleep=host.sleep))
    task = MagicMock(args={"path": "/etc/x", "seconds": 12}, async_val=0, check_mode=False)
    module = action.ActionModule(task, MagicMock(), MagicMock(), MagicMock(), MagicMock(), MagicMock())
    monkeypatch.setattr(module, "_module", host.answer)
    result = module.run(None, {"inventory_hostname": "host"})
    assert result["changed"]
    assert result.get("failed", False) is bool(said)
    assert said in result.get("msg", "")
    assert host.now < 60
