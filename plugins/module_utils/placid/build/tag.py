"""Tags a commit in the repository that it came from, for those who look there for what is live."""

from __future__ import annotations

from ansible.module_utils.placid.build.git import cause, run, without_password
from ansible.module_utils.placid.build.source import Source
from ansible.module_utils.placid.errors import SourceError


def tag(source: Source, commit: str, name: str, who: str, message: str) -> bool:
    """Make an annotated tag and push it to where the repository comes from; return whether it was missing.

    who: becomes the tagger. Raises SourceError where it cannot be pushed; then it is not here either, so that the next call tries
    again.
    """
    git = source.git
    here = f"--git-dir={git.directory}"
    if git.run("rev-parse", "--verify", "--quiet", f"refs/tags/{name}", allow=(0, 1)):
        return False
    words = ["-c", "tag.gpgSign=false", "tag", "--annotate", "--cleanup=whitespace", "--file=-", name, commit]
    made = run([here, *words], given=message, extra={"GIT_COMMITTER_NAME": who, "GIT_COMMITTER_EMAIL": who})
    if made.returncode:
        raise SourceError(f"{name} cannot be made in {git.name}: {cause(made.stderr)}.")
    pushed = run([here, "push", "--quiet", source.origin, f"refs/tags/{name}"])
    if pushed.returncode:
        git.run("tag", "--delete", name)
        told = [line.split(":", 1)[1].strip() for line in pushed.stderr.splitlines() if line.startswith("remote:")]
        raise SourceError(
            f"{name} cannot be pushed to {without_password(source.origin)}: {' '.join(told) or cause(pushed.stderr)}. Whoever "
            "deploys needs the right to push tags there; to try again, deploy the same version again."
        )
    return True
