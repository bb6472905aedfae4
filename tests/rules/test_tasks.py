from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from rules import task_rules as rules
from rules.repository import Task, parse, plays, tasks

BAD = [
    (rules.is_named_in_the_imperative, "{ansible.builtin.meta: noop}"),
    (rules.is_named_in_the_imperative, "{name: Installing nginx, ansible.builtin.meta: noop}"),
    (rules.is_named_in_the_imperative, "{name: Installs nginx, ansible.builtin.meta: noop}"),
    (rules.is_named_in_the_imperative, "{name: The nginx package, ansible.builtin.meta: noop}"),
    (rules.is_named_in_the_imperative, "{name: install nginx, ansible.builtin.meta: noop}"),
    (rules.is_named_in_the_imperative, f"{{name: Install {'x' * 70}, ansible.builtin.meta: noop}}"),
    (rules.has_a_qualified_module, "{name: Install nginx, apt: {name: nginx}}"),
    (rules.has_a_qualified_module, "{name: Install nginx, local_action: apt name=nginx}"),
    (rules.runs_no_string, "{name: List files, ansible.builtin.shell: ls | wc}"),
    (rules.runs_no_string, "{name: List files, ansible.builtin.raw: ls}"),
    (rules.ignores_no_errors, "{name: Stop nginx, ansible.builtin.meta: noop, ignore_errors: true}"),
    (rules.asks_for_no_latest, "{name: Install nginx, ansible.builtin.apt: {name: nginx, state: latest}}"),
    (rules.explains_its_command, "{name: Test nginx, ansible.builtin.command: nginx -t, changed_when: false}"),
    (rules.says_when_its_command_changes, "{name: Test nginx, ansible.builtin.command: nginx -t}"),
    (rules.quotes_its_modes, "{name: Own it, ansible.builtin.file: {path: /x, mode: 0644}}"),
    (rules.quotes_its_modes, "{name: Own it, ansible.builtin.file: {path: /x, mode: 'u=rw'}}"),
    (rules.owns_what_it_creates, "{name: Write it, ansible.builtin.copy: {dest: /x, owner: root, group: root}}"),
    (rules.owns_what_it_creates, "{name: Make it, ansible.builtin.file: {path: /x, state: directory, mode: '0755'}}"),
    (rules.owns_what_it_creates, "{name: Add it, ansible.builtin.lineinfile: {path: /x, line: y, create: true}}"),
    (rules.loops_with_loop, "{name: Install it, ansible.builtin.apt: {name: x}, with_items: [x]}"),
    (rules.labels_loops_over_mappings, "{name: Install it, ansible.builtin.meta: noop, loop: '{{ x | dict2items }}'}"),
    (rules.labels_loops_over_mappings, "{name: Install it, ansible.builtin.meta: noop, loop: [{a: b}]}"),
    (rules.keeps_its_variables_internal, "{name: Read it, ansible.builtin.meta: noop, register: result}"),
    (rules.keeps_its_variables_internal, "{name: Set it, ansible.builtin.set_fact: {nginx_x: 1}}"),
    (rules.keeps_its_variables_internal, "{name: Set it, ansible.builtin.meta: noop, vars: {x: 1}}"),
    (rules.keeps_its_variables_internal, "{name: Loop, ansible.builtin.meta: noop, loop_control: {loop_var: x}}"),
]

GOOD = """
name: Write the site of each application
ansible.builtin.template:
  src: site.conf.j2
  dest: /etc/nginx/sites-available/guestbook
  owner: root
  group: root
  mode: "0644"
loop: "{{ nginx_sites }}"
loop_control:
  label: "{{ item.name }}"
register: __nginx_site
"""


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_every_task(rule: Callable[[Task], str]) -> None:
    assert rules.broken(rule, tasks()) == []


def test_every_play_has_a_short_name() -> None:
    assert unnamed(plays()) == []


@pytest.mark.parametrize(("rule", "sample"), BAD)
def test_a_rule_sees_a_bad_task(rule: Callable[[Task], str], sample: str) -> None:
    assert rule(Task(parse(sample), role="nginx"))


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_a_rule_lets_a_good_task_pass(rule: Callable[[Task], str]) -> None:
    assert rule(Task(parse(GOOD), role="nginx")) == ""


def test_every_rule_has_a_bad_sample() -> None:
    assert {rule for rule, _ in BAD} == set(rules.RULES)


@pytest.mark.parametrize("sample", [{"hosts": "all"}, {"hosts": "all", "name": "x" * 70}])
def test_a_play_without_a_short_name_is_seen(sample: dict[str, str]) -> None:
    assert unnamed(iter([("sample.yml:1", sample)]))


def unnamed(found: Iterator[tuple[str, dict[str, str]]]) -> list[str]:
    return [where for where, play in found if not 0 < len(play.get("name", "")) < 70]
