"""The image that hosts start from: Debian's own packages, put together by mmdebstrap."""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from common import SandboxError, say
from engine import Engine

RELEASES = {"bookworm": "12", "trixie": "13"}
PACKAGES = (
    "systemd,systemd-sysv,libpam-systemd,dbus,udev,openssh-server,python3,python3-apt,sudo,ca-certificates,"
    "iproute2,nftables,procps,kmod,less,vim-tiny,cron,logrotate,netbase,tzdata"
)
MIRROR = "http://deb.debian.org/debian"


def recipe(suite: str) -> tuple[list[str], list[str]]:
    """Return the mmdebstrap command: the part before the name of what it writes, and the part after."""
    mirror = os.environ.get("SANDBOX_MIRROR", MIRROR).rstrip("/")
    script = Path(__file__).with_name("image.sh").read_text(encoding="utf-8")
    customize = f"suite={shlex.quote(suite)} mirror={shlex.quote(mirror)}\n{script}"
    sources = [
        f"deb {mirror} {suite} main",
        f"deb {mirror}-security {suite}-security main",
        f"deb {mirror} {suite}-updates main",
    ]
    # Debian's installer leaves the package lists in place too; without them check mode knows no package.
    options = ["--variant=minbase", f"--include={PACKAGES}", "--skip=cleanup/apt/lists"]
    return ["mmdebstrap", *options, f"--customize-hook={customize}", suite], sources


def ensure(engine: Engine, suite: str) -> str:
    """Return the name of the suite's image, which is built when there is none of this recipe."""
    command, sources = recipe(suite)
    digest = hashlib.sha256(repr((command, sources)).encode()).hexdigest()
    name = f"localhost/placid-sandbox:{suite}-{digest[:12]}"
    if engine.ok("image", "exists", name):
        return name
    release = f"Debian {RELEASES[suite]}"
    say(f"building the {release} image (about a minute, once)")
    with tempfile.TemporaryDirectory(prefix="placid-sandbox-") as directory:
        archive, log = Path(directory) / "image.tar", engine.paths.run / f"image-{suite}.log"
        with log.open("wb") as output:
            done = subprocess.run([*command, str(archive), *sources], cwd="/", stdout=output, stderr=output, check=False)
        if done.returncode:
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            cause = next((line for line in lines if line.startswith("E:")), "no cause given")
            raise SandboxError(
                f"mmdebstrap could not build the {release} image ({cause}): read {log}; where another mirror "
                "is nearer, type `export SANDBOX_MIRROR=http://…/debian`, then repeat the command"
            )
        engine.podman("import", "-q", str(archive), name)
    return name
