"""What a lock file asks for on a target, and what a lock may not hold."""

from __future__ import annotations

import pytest
from ansible.module_utils.placid.build.lock import Lock, Pin, parse
from ansible.module_utils.placid.build.target import Target
from ansible.module_utils.placid.errors import LockError, UnpinnedError, WheelhouseError

TARGET = Target("3.13", "x86_64", "2.41")
A, B, C = "a" * 64, "b" * 64, "c" * 40


def read(text: str, target: Target = TARGET) -> Lock:
    return parse(text.encode(), "requirements.txt", target)


def test_comments_continuations_hashes_and_extras_are_read() -> None:
    lock = read(
        "# made by a tool\n\n"
        "Django==5.2 \\\n"
        f"    --hash=sha256:{A} \\\n"
        f"    --hash=sha256:{B.upper()}\n"
        "    # via -r requirements.in\n"
        f"psycopg[binary,pool] == 3.2.1 --hash=sha256:{A}  # the driver\r\n"
        f"zope.interface==7.1 --hash sha256:{B}"
    )
    assert lock.pins == [
        Pin("django", "5.2", frozenset({A, B})),
        Pin("psycopg", "3.2.1", frozenset({A})),
        Pin("zope-interface", "7.1", frozenset({B})),
    ]
    assert lock.warnings == []


@pytest.mark.parametrize(
    ("marker", "applies"),
    [
        ('python_version == "3.13"', True),
        ('python_version < "3.12"', False),
        ('python_full_version >= "3.12"', True),
        ('sys_platform == "win32"', False),
        ('sys_platform == "linux" and platform_machine == "x86_64"', True),
        ('platform_machine == "aarch64"', False),
        ('implementation_name == "pypy"', False),
        ('platform_python_implementation == "CPython" or extra == "x"', True),
        ('os_name == "nt"', False),
    ],
)
def test_markers_are_evaluated_for_the_target(marker: str, applies: bool) -> None:
    assert bool(read(f"a==1 ; {marker} --hash=sha256:{A}").pins) is applies


def test_a_marker_on_the_patch_version_is_warned_about() -> None:
    lock = read(f'a==1 ; python_full_version < "3.13.2" --hash=sha256:{A}')
    assert [str(pin) for pin in lock.pins] == ["a==1"]
    assert "line 1: whether a is needed depends on the patch version of Python 3.13" in lock.warnings[0]


def test_one_name_may_have_a_version_for_each_marker() -> None:
    text = 'a==1 ; python_version < "3.13"\na==2 ; python_version >= "3.13"\n'
    assert [str(pin) for pin in read(text).pins] == ["a==2"]
    assert [str(pin) for pin in read(text, Target("3.12", "x86_64", "2.36")).pins] == ["a==1"]


@pytest.mark.parametrize(
    "line",
    [
        "-i https://me:hunter2@index.example.org/simple",
        "--index-url=https://me:hunter2@index.example.org/simple",
        "--extra-index-url https://me:hunter2@index.example.org/simple",
        "--find-links /srv/wheels",
        "-f/srv/wheels",
        "--trusted-host index.example.org",
        "--no-index",
        "--no-binary :all:",
    ],
)
def test_lines_about_indexes_are_ignored_with_a_warning_that_shows_no_password(line: str) -> None:
    lock = read(f"{line}\na==1 --hash=sha256:{A}\n")
    assert [str(pin) for pin in lock.pins] == ["a==1"]
    assert lock.warnings[0].startswith("requirements.txt, line 1: -")
    assert "is ignored" in lock.warnings[0]
    assert "hunter2" not in lock.warnings[0]


def test_packages_without_hashes_are_warned_about() -> None:
    assert read(f"a==1\nb==2 --hash=sha256:{A}").warnings == [
        "requirements.txt has no hashes for 1 of 2 packages (a==1): what an index serves for them is trusted. "
        "Add them with: uv pip compile --generate-hashes requirements.in -o requirements.txt"
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a", "a is not pinned to one version (name==1.2.3). Make a lock with: uv pip compile"),
        ("a>=1", "a>=1 is not pinned"),
        ("a==1.*", "a==1.* is not pinned"),
        ("a===1", "a===1 is not pinned"),
        ("a==1,>0", "a==1,>0 is not pinned"),
        ("-e .", "-e installs a working directory, not a version; a lock stands alone"),
        ("--editable=./x", "--editable installs a working directory"),
        ("-r base.txt", "-r includes another file; a lock stands alone"),
        ("-rbase.txt", "includes another file"),
        ("-c constraints.txt", "-c includes another file"),
        ("--requirement base.txt", "--requirement includes another file"),
        (
            "git+https://tok3n@git.example.org/a.git@v1",
            "git+https://***@git.example.org/a.git@v1 is the project",
        ),
        ("a @ git+https://tok3n@git.example.org/a.git", "names no full commit; a branch or a tag moves. Write the commit's 40"),
        ("a @ git+https://git.example.org/a.git@v1", "names no full commit"),
        (f"a @ git+https://me:tok3n@git.example.org/a.git@{C}", "holds a password"),
        (f"a @ hg+https://example.org/a@{C}", "comes from a URL"),
        ("a @ file:///srv/a-1.whl", "comes from a URL"),
        ("https://example.org/a-1-py3-none-any.whl", "is not within the repository. Commit the file"),
        ("../a-1-py3-none-any.whl", "is not within the repository"),
        ("/srv/a-1.tar.gz", "is not within the repository"),
        ("./a-1.whl", "a-1.whl does not have the name of a wheel or sdist"),
        ("./a-1.zip ; nonsense", "the marker of ./a-1.zip ; nonsense cannot be understood"),
        (".", ". is the project itself, a URL or a path here, not a version"),
        ("/srv/vendor/a", "/srv/vendor/a is the project itself, a URL or a path"),
        (f"./vendor/a --hash=sha256:{A}", "./vendor/a is a directory, which has no hash"),
        ("a==1 --hash=md5:123", "--hash=md5:123… is not a sha256"),
        (f"a==1 --hash=sha256:{A[1:]}", "is not a sha256"),
        ("a==1 --global-option=x", "only --hash may follow a requirement (a==1)"),
        ("a==1 ==", "cannot be understood"),
        ("--frobnicate", "--frobnicate is not known in a lock"),
        ("b==2", "b==2 contradicts b==1 in line 1"),
    ],
)
def test_what_a_lock_may_not_hold_is_refused_with_its_line(line: str, message: str) -> None:
    with pytest.raises(LockError) as error:
        read(f"b==1\n\n{line}\n")
    assert str(error.value).startswith("requirements.txt, line 3: ")
    assert message in str(error.value)
    assert "tok3n" not in str(error.value)


def test_a_line_after_a_continuation_has_its_own_number() -> None:
    with pytest.raises(LockError, match="line 4: c is not pinned"):
        read(f"a==1 \\\n  --hash=sha256:{A} \\\n  --hash=sha256:{B}\nc\n")


def test_a_requirement_over_several_lines_has_the_number_of_its_first() -> None:
    with pytest.raises(LockError, match="line 2: b is not pinned"):
        read(f"a==1\nb \\\n  --hash=sha256:{A} \\\n  --hash=sha256:{B}\n")


def test_the_same_version_twice_is_one_pin_with_all_hashes() -> None:
    assert read(f"a==1 --hash=sha256:{A}\nA[x]==1 --hash=sha256:{B}").pins == [Pin("a", "1", frozenset({A, B}))]


def test_require_hashes_is_kept_as_a_promise() -> None:
    with pytest.raises(LockError, match="says --require-hashes, but has none for b==2"):
        read(f"--require-hashes\na==1 --hash=sha256:{A}\nb==2")


def test_everything_that_is_unpinned_is_named_at_once() -> None:
    with pytest.raises(UnpinnedError, match=r"line 1: a is not pinned .*, nor are B, c\. Make a lock with") as error:
        read("a\nx==1\nB>=1\nc ~= 2.0\nd ; python_version < '3'")
    assert error.value.names == ["a", "B", "c"]


def test_a_commit_of_a_git_repository_is_a_pin() -> None:
    lock = read(f"A @ git+https://git.example.org/a.git@{C}#egg=a&subdirectory=b ; python_version > '3'\n")
    assert lock.pins == [Pin("a", "", git=f"git+https://git.example.org/a.git@{C}#subdirectory=b")]
    assert lock.warnings == []


def test_files_of_the_tree_are_pins() -> None:
    lock = read(
        f"./wheelhouse/A_b-1.0-py3-none-any.whl --hash=sha256:{A}\nc-2.tar.gz ; sys_platform == 'linux'\nd-1.zip;os_name=='nt'"
    )
    assert lock.pins == [
        Pin("a-b", "1.0", frozenset({A}), path="./wheelhouse/A_b-1.0-py3-none-any.whl"),
        Pin("c", "2", path="c-2.tar.gz"),
    ]
    assert lock.warnings == []


def test_a_file_that_is_not_text_is_refused() -> None:
    with pytest.raises(LockError, match=r"is not UTF-8 text \(byte 3\)"):
        parse(b"a==\xff", "requirements.txt", TARGET)


def test_a_byte_order_mark_is_ignored() -> None:
    assert [str(pin) for pin in parse(b"\xef\xbb\xbfa==1", "requirements.txt", TARGET).pins] == ["a==1"]


# --- Targets ---------------------------------------------------------------------------------------------------------


def test_platform_tags_go_down_from_the_glibc_of_the_target() -> None:
    assert Target("3.11", "x86_64", "2.17").platforms()[:3] == [
        "manylinux_2_17_x86_64",
        "manylinux2014_x86_64",
        "manylinux_2_16_x86_64",
    ]
    assert Target("3.11", "x86_64", "2.36").platforms()[-1] == "manylinux1_x86_64"
    assert Target("3.11", "aarch64", "2.36").platforms()[-1] == "manylinux2014_aarch64"
    assert not [tag for tag in TARGET.platforms() if "musl" in tag or "2_42" in tag]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (("3", "x86_64", "2.41"), "target.python is '3'; it must be like '3.13'"),
        (("3.13", "riscv64", "2.41"), "target.machine is 'riscv64'; it must be one of: x86_64, aarch64."),
        (("3.13", "x86_64", "2"), "target.glibc is '2'; it must be like '2.41'"),
    ],
)
def test_an_odd_target_is_refused(target: tuple[str, str, str], message: str) -> None:
    with pytest.raises(WheelhouseError) as error:
        Target(*target)
    assert message in str(error.value)
