from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

Run = Callable[..., CompletedProcess[str]]
MAKE = "tools/make-sandbox-vault"
PASSWORD = Path(".placid") / "vault" / "sandbox"
VAULT = Path("group_vars/sandbox/vault.yml")


def view(run: Run) -> str:
    return run("ansible-vault", "view", str(VAULT)).stdout


def test_the_secrets_are_random_encrypted_and_private(project: Path, run: Run) -> None:
    made = run(MAKE)
    assert (made.returncode, made.stderr) == (0, "")
    assert (project / VAULT).read_text().startswith("$ANSIBLE_VAULT;1.2;AES256;sandbox\n")
    assert {(project / path).stat().st_mode & 0o777 for path in (PASSWORD, VAULT)} == {0o600}
    assert "vault_guestbook_secret_key: " in view(run)


def test_no_secret_is_printed(project: Path, run: Run) -> None:
    output = run(MAKE).stdout
    secret = view(run).split('"')[1]
    assert len(secret) >= 50
    assert secret not in output
    assert (project / PASSWORD).read_text().strip() not in output


def test_the_vault_can_be_edited(project: Path, run: Run) -> None:
    run(MAKE)
    edit = run("ansible-vault", "edit", str(VAULT), EDITOR="sed -i s/secret_key:.*/secret_key:changed/")
    assert (edit.returncode, edit.stderr) == (0, "")
    assert (project / VAULT).read_text().startswith("$ANSIBLE_VAULT;1.2;AES256;sandbox\n")
    assert "vault_guestbook_secret_key:changed" in view(run)


def test_what_exists_stays(project: Path, run: Run) -> None:
    run(MAKE)
    before = [(project / path).read_bytes() for path in (PASSWORD, VAULT)]
    again = run(MAKE)
    assert (again.returncode, again.stdout) == (0, "")
    assert [(project / path).read_bytes() for path in (PASSWORD, VAULT)] == before


def test_a_vault_whose_password_is_gone_is_not_touched(project: Path, run: Run) -> None:
    run(MAKE)
    before = (project / VAULT).read_bytes()
    (project / PASSWORD).unlink()
    again = run(MAKE)
    assert again.returncode == 1
    assert f"rm {VAULT}" in again.stderr
    assert (project / VAULT).read_bytes() == before
