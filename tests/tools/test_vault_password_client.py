from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Run = Callable[..., CompletedProcess[str]]
STAGING = ("tools/vault-password-client", "--vault-id", "staging")
ENCRYPTED = "$ANSIBLE_VAULT;1.2;AES256;staging\n6162\n"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_file_of_the_environment_holds_the_password(project: Path, run: Run) -> None:
    write(project / ".placid/vault/staging", "from the file\n")
    assert run(*STAGING).stdout == "from the file\n"


def test_the_variable_comes_before_the_file(project: Path, run: Run) -> None:
    write(project / ".placid/vault/staging", "from the file\n")
    assert run(*STAGING, PLACID_VAULT_PASSWORD_STAGING="from the variable").stdout == "from the variable\n"


def test_one_environment_is_not_given_the_password_of_another(project: Path, run: Run) -> None:
    write(project / ".placid/vault/production", "of production\n")
    assert run(*STAGING, PLACID_VAULT_PASSWORD_SANDBOX="of sandbox").stdout not in {"of production\n", "of sandbox\n"}


@pytest.mark.parametrize("vault", [None, "---\nshape: only\n"])
def test_without_a_vault_the_password_is_made_up(project: Path, run: Run, vault: str | None) -> None:
    if vault is not None:
        write(project / "group_vars/staging/vault.yml", vault)
    first, second = run(*STAGING), run(*STAGING)
    assert (first.returncode, first.stderr) == (0, "")
    assert len(first.stdout) > 32
    assert first.stdout != second.stdout


@pytest.mark.parametrize("kept", [None, "", "\n"])
def test_a_vault_without_its_password_is_said_with_what_to_do(project: Path, run: Run, kept: str | None) -> None:
    write(project / "group_vars/staging/vault.yml", ENCRYPTED)
    if kept is not None:
        write(project / ".placid/vault/staging", kept)
    answer = run(*STAGING)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert f"{project}/.placid/vault/staging" in answer.stderr
    assert "PLACID_VAULT_PASSWORD_STAGING" in answer.stderr


def test_ansible_encrypts_nothing_with_a_made_up_password(project: Path, run: Run) -> None:
    write(project / "plain.yml", "---\n")
    answer = run("ansible-vault", "encrypt", "--encrypt-vault-id", "staging", "plain.yml")
    assert answer.returncode != 0
    assert f"{project}/.placid/vault/staging" in " ".join(answer.stderr.split())
    assert (project / "plain.yml").read_text() == "---\n"


def test_ansible_does_not_warn_of_environments_without_a_vault(run: Run) -> None:
    answer = run("ansible", "localhost", "-i", "localhost,", "-c", "local", "-m", "ansible.builtin.debug")
    assert (answer.returncode, answer.stderr) == (0, "")


@pytest.mark.parametrize(("staging", "opens"), [("right", True), ("wrong", False)])
def test_the_right_password_of_another_environment_opens_nothing(project: Path, run: Run, staging: str, opens: bool) -> None:
    write(project / "group_vars/staging/vault.yml", "vault_secret: of staging\n")
    encrypt = ("ansible-vault", "encrypt", "--encrypt-vault-id", "staging", "group_vars/staging/vault.yml")
    assert run(*encrypt, PLACID_VAULT_PASSWORD_STAGING="right").returncode == 0
    passwords = {"PLACID_VAULT_PASSWORD_STAGING": staging, "PLACID_VAULT_PASSWORD_PRODUCTION": "right"}
    answer = run("ansible-vault", "view", "group_vars/staging/vault.yml", **passwords)
    assert (answer.returncode == 0) == opens
    assert answer.stdout == ("vault_secret: of staging\n" if opens else "")
    assert opens or "Decryption failed" in answer.stderr
