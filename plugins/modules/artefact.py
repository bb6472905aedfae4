"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: artefact
short_description: Build an application's artefact on the controller
description:
  - Makes, of one commit of an application, a source archive with its submodules, the wheels of its lock for the hosts'
    interpreter and platform, and a manifest with the digests of them all.
  - Everything is kept in a cache by content. The same commit for the same target is made once and then found again;
    what is found is verified before it is used, and made again where it is not what it was.
  - Nothing that is uncommitted or untracked is ever in an artefact.
  - Runs wholly on the controller. No connection to the host is opened and nothing is changed there.
version_added: "0.1.0"
author: The Placid authors
options:
  application:
    description: Name of the application. A small letter, then at most 23 small letters, digits and underscores.
    type: str
    required: true
  repository:
    description:
      - A directory on the controller, the top of a work tree or a bare repository, which is read in place; a relative one
        is relative to the playbook.
      - Or a URL (https, ssh, git, file, or C(user@host:path)), of which a mirror is kept in the cache. The mirror is
        fetched each time unless O(version) is a full commit that it already has. A URL with a password is refused.
    type: str
    required: true
  version:
    description:
      - The commit to build, full or short, or a tag or branch.
      - In a work tree a branch is the local one, or that of C(origin) where there is no local one.
      - V(HEAD) is what is checked out in a directory, and the default branch of a URL.
      - What is unknown, or means several commits, is an error that lists them.
    type: str
    required: true
  subdirectory:
    description: The directory of the repository that becomes the release, for a repository that holds several.
    type: str
    default: ""
  lock:
    description:
      - Path of the lock below O(subdirectory), read from the commit. Markers are evaluated for O(target).
      - A C(uv.lock), with the C(pyproject.toml) beside it; or a C(pylock.toml) (PEP 751).
      - Or a requirements file in which every package is pinned, by C(==), by a git URL with a full commit, or by a wheel,
        an sdist or a directory that the repository carries. Hashes are checked where it has them.
      - Lines that name an index are ignored with a warning. Includes, other URLs and editable packages are refused.
    type: str
    default: requirements.txt
  lock_missing:
    description:
      - What to do with a requirements file that leaves versions open, or a C(pyproject.toml).
      - V(refuse) fails and names them. V(generate) makes a lock once, keeps it in O(cache_dir) for the same content and
        O(target), and warns.
    type: str
    default: refuse
    choices: [refuse, generate]
  extras:
    description: Extras of the project to install. For a C(uv.lock), C(pylock.toml) or C(pyproject.toml).
    type: list
    elements: str
    default: []
  groups:
    description: Dependency groups to install; no group is by itself, but those that a C(pylock.toml) has as default.
    type: list
    elements: str
    default: []
  test:
    description:
      - Commands that must succeed on the controller, in a copy of what is archived; once for the same files. No shell runs them.
    type: list
    elements: str
    default: []
  builder:
    description:
      - Where a wheel is built of what is published only as source. Never on the hosts.
      - Empty builds nothing and names all that would have to be. V(local) builds on the controller, which runs the build
        code of those packages there; a wheel that does not fit O(target) is refused.
      - Anything else is a host of O(builders). What it is to build is answered in RV(to_build) instead of an artefact;
        M(source_wheels) has it built, and the same task once more then finds it. No build code runs on the controller.
      - The same source is built once for a target; its wheel is kept and used again.
    type: str
    default: ""
  builders: {description: The hosts that O(builder) may name., type: list, elements: str, default: []}
  target:
    description: What the hosts run.
    type: dict
    required: true
    suboptions:
      python: {description: "Version of CPython, like V(3.13).", type: str, required: true}
      machine: {description: Machine of the hosts., type: str, required: true, choices: [x86_64, aarch64]}
      glibc:
        description: Version of the C library, like V(2.41). Wheels for a newer one are not used.
        type: str
        required: true
  cache_dir:
    description: Directory of the cache. It is made where it is missing.
    type: path
    required: true
  since:
    description:
      - Full commit of the live release, or an empty string where there is none. Where it is given, RV(plan) is answered.
    type: str
  previous_requirements:
    description: What the live release has installed, as C(requirements) of M(release)'s C(ask), to compare packages with.
    type: str
    default: ""
requirements:
  - git
  - Python packages C(packaging), C(pip), C(uv) and C(zstandard) beside Ansible
attributes:
  check_mode:
    description: The artefact is built into the cache in check mode too, so that the plan is true. No host is touched.
    support: full
  diff_mode:
    description: There is no diff; RV(plan) says what would change.
    support: none
notes:
  - Where packages come from is what pip on the controller is configured to, by its files or C(PIP_INDEX_URL) and the like.
"""

EXAMPLES = r"""
- name: Build the artefact of a tag
  artefact:
    application: guestbook
    repository: https://git.example.org/guestbook.git
    version: v1.2.0
    target: {python: "3.13", machine: x86_64, glibc: "2.41"}
    cache_dir: "{{ playbook_dir }}/.placid"
  run_once: true
  register: built

- name: Build from a directory of this machine, and say what would change
  artefact:
    application: guestbook
    repository: /home/me/guestbook
    version: main
    subdirectory: site
    lock: uv.lock
    extras: [postgresql]
    groups: [production]
    builder: local
    target: {python: "3.11", machine: aarch64, glibc: "2.36"}
    cache_dir: "{{ playbook_dir }}/.placid"
    since: 3f786850e387550fdab836ed7e6dc881de23001b
    previous_requirements: "{{ asked.phases.ask.requirements }}"
"""

RETURN = r"""
changed:
  description: Whether something was built. False where the whole artefact came from the cache.
  returned: success
  type: bool
commit:
  description: The full commit that O(version) means.
  returned: success
  type: str
  sample: 3f786850e387550fdab836ed7e6dc881de23001b
version:
  description: The version as it was given.
  returned: success
  type: str
  sample: v1.2.0
archive:
  description: Absolute path of the source archive, a tar compressed with zstd.
  returned: success
  type: str
  sample: /home/me/placid/.placid/artefacts/guestbook/3f786850e387550fdab836ed7e6dc881de23001b.tar.zst
manifest_file:
  description:
    - Absolute path of the manifest as canonical JSON. Beside it C(.log), instead of C(.json), says how the artefact was made, and
      C(.lock.txt) is the lock that was generated for it, if one was.
  returned: success
  type: str
wheels_dir:
  description: Absolute path of the directory of wheels. A wheel lies there at C(<sha256>/<file>).
  returned: success
  type: str
manifest:
  description: What the artefact was made from and what belongs to it. It holds no time and no user of the build.
  returned: success
  type: dict
  contains:
    format: {description: Version of this form., type: int, sample: 2}
    application: {description: Name of the application., type: str}
    repository: {description: "Where it came from, without a password.", type: str}
    subdirectory: {description: The directory that was archived., type: str}
    commit: {description: The full commit., type: str}
    committed_at: {description: "Time of the commit, UTC.", type: str, sample: "2026-01-31T12:00:00Z"}
    author: {description: Author of the commit., type: str}
    subject: {description: First line of its message., type: str}
    describe: {description: Its place after the nearest tag but those of deployments., type: str, sample: v1.2.0-3-g3f786850e387}
    submodules: {description: "C(path) and C(commit) of each submodule.", type: list, elements: dict}
    source:
      description: The archive. Its C(file), C(sha256), C(size) and C(unpacked_size) in bytes, C(files), C(tree_sha256).
      type: dict
    lock:
      description: C(file), C(sha256) and whether it was C(generated), then C(generated_sha256); C(extras), C(groups) if any.
      type: dict
    target: {description: "C(python), C(machine) and C(glibc).", type: dict}
    requirements: {description: "What to install, a line for each wheel with its one hash.", type: str}
    wheels: {description: "C(name), C(version), C(file), C(sha256) and C(size) of each wheel.", type: list, elements: dict}
    installer: {description: The wheel of uv for the target., type: dict}
    tools: {description: "Versions of C(git), C(pip) and C(uv) that made it.", type: dict}
    venv_digest: {description: Digest of requirements and target., type: str}
    digest: {description: "Digest of all the rest but C(describe), which tags made later change.", type: str}
plan:
  description: What would change since the live release. Null where O(since) was not given.
  returned: success
  type: dict
  contains:
    direction: {description: "V(first), V(same), V(forward), V(backward) or V(diverged).", type: str}
    commits:
      description: The newest 50 below O(subdirectory) that become live, as C(commit), C(author), C(date) and C(subject).
      type: list
      elements: dict
    lost: {description: The same of those that are live and not in the new commit., type: list, elements: dict}
    more: {description: "How many more there are of each, as C(commits) and C(lost).", type: dict}
    packages:
      description: Packages C(added) and C(removed), as C(name==version), and C(changed) with C(name), C(from) and C(to).
      type: dict
    migrations: {description: Files of migrations that the new commit has and the live one lacks., type: list, elements: str}
    migrations_removed: {description: Files of migrations that only the live one has., type: list, elements: str}
    migration_files: {description: "Files of migrations of the commit, and of packages that change.", type: list, elements: str}
to_build:
  description:
    - What a builder has to build first, for M(source_wheels). Where it is not empty there is no artefact yet, and of the other
      values only RV(version) and RV(seconds).
    - Of each C(name), C(version), C(shown) for people, C(line) of the lock, C(key) by which its wheel is found again, C(origin),
      which is a file of the cache for a day, and C(subdirectory) in it.
  returned: success
  type: list
  elements: dict
output:
  description: What each test wrote, C(stdout) and C(stderr) by C(test COMMAND); at most 100,000 characters of its end.
  returned: success or failure
  type: dict
log:
  description: What was done, a line each.
  returned: success or failure
  type: list
  elements: str
seconds:
  description: How long it took.
  returned: success
  type: float
"""
