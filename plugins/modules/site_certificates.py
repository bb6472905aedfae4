#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Give a host's sites their certificates."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_certificates
short_description: Give a host's sites their certificates
description:
  - Puts certificate and key of each site into C(/etc/ssl/placid/NAME), both by one rename, so that they always belong together.
  - Makes what is self-signed, and makes it anew where less than half of its days are left.
  - For a certificate of an authority it makes the key, a self-signed certificate that stands in until there is another, and the
    request; what asks the authority is a unit of the host's own.
options:
  certificates:
    description: The certificates of this host.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The directory's name.
        type: str
        required: true
      domains:
        description: The names that the certificate is for.
        type: list
        elements: str
        required: true
      source:
        description: Where it comes from.
        type: str
        choices: [acme, files, self_signed]
        required: true
      certificate:
        description: With files, the certificate in PEM with its chain behind it.
        type: str
        default: ""
      key:
        description: With files, its key in PEM.
        type: str
        default: ""
  days:
    description: Days that a self-signed certificate is valid.
    type: int
    default: 365
  served:
    description:
      - Whether the web server has read its sites. It answers the authority then, which is asked for what is due, and uses no
        other certificates any more; those of names that are not among them, and that no site names, are removed.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Says what would be made, and makes nothing.
  diff_mode:
    support: full
    description: A line for each certificate, without any part of it.
author: Placid
"""

EXAMPLES = r"""
- name: Put the certificates in place
  site_certificates:
    certificates:
      - name: guestbook
        domains: [guestbook.example.org]
        source: acme
"""

RETURN = r"""
done:
  description: What was done, or would be, a line each.
  type: list
  elements: str
  returned: success
  sample: ["guestbook: a self-signed certificate for guestbook.example.org"]
"""

import datetime
import os
import shutil
from collections.abc import Callable
from functools import partial
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid import certificate_files as files
from ansible.module_utils.placid import certificate_making as making
from ansible.module_utils.placid import systemd
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.files import replace_file

UNIT = "placid-acme.service"
#: One of them serves the sites; of one that is not here, systemctl only complains.
WEB_SERVERS = ("nginx.service", "apache2.service")
SITES = ("etc/nginx/sites-enabled", "etc/apache2/sites-enabled")
NOW = datetime.datetime.now(datetime.UTC)
#: A line that says what is to be done, and what does it.
Step = tuple[str, Callable[[], None]]


def steps(store: files.Store, wanted: dict[str, Any], days: int) -> list[Step]:
    """What one certificate needs."""
    name, domains, source = wanted["name"], wanted["domains"], wanted["source"]
    found, names = store.certificate(name), frozenset(domain.lower() for domain in domains)
    result = []
    if source != "acme" and store.request(name).exists():
        result.append((f"{name}: no authority is asked any more", lambda: store.ask_no_more(name)))
    if found and store.exposed(name):
        result.append((f"{name}: its key is root's alone again", lambda: store.conceal(name)))
    if source == "files":
        chain, key = (f"{wanted[each].strip()}\n" for each in ("certificate", "key"))
        if not found or (store.chain(name).read_text(), store.key(name).read_text()) != (chain, key):
            result.append((f"{name}: the certificate that was given", lambda: store.put(name, chain, key)))
        return result
    own = found and found.made_here and found.names == names and making.lasts(found, days, NOW)
    issued = found and not found.made_here and source == "acme"
    if not own and not issued:
        what = "a self-signed certificate" if source == "self_signed" else "one that stands in for the authority's"
        line = f"{name}: {what}, for {', '.join(domains)}"
        result.append((line, lambda: store.put(name, *making.self_signed(name, domains, days))))
    if source == "acme" and (not (own or issued) or not requested(store, name, names)):
        result.append((f"{name}: a request for {', '.join(domains)}", lambda: ask(store, name, domains)))
    return result


def requested(store: files.Store, name: str, names: frozenset[str]) -> bool:
    """Whether the request on disk is for these names and the key that is served."""
    try:
        found = files.read_request(store.request(name).read_text())
        return found == files.Request(names, files.public_key(store.key(name)))
    except (OSError, files.CertificateError):
        return False


def ask(store: files.Store, name: str, domains: list[str]) -> None:
    replace_file(store.request(name), making.request(name, domains, store.key(name).read_text()).encode())


def served(store: files.Store, name: str) -> bool:
    """Whether a site still names the certificate, as that of an application does which only left the inventory.

    Without it the web server would not read its configuration again, and serve nobody after a reboot.
    """
    sites = [site for directory in SITES for site in (store.base / directory).glob("*.conf")]
    return any(f"/etc/ssl/placid/{name}/" in site.read_text(errors="replace") for site in sites if site.is_file())


def due(store: files.Store, name: str) -> bool:
    try:
        return store.due(name)
    except (OSError, files.CertificateError):
        return True  # a check run wrote no request


def main() -> None:
    certificate = {
        "name": {"type": "str", "required": True},
        "domains": {"type": "list", "elements": "str", "required": True},
        "source": {"type": "str", "choices": ["acme", "files", "self_signed"], "required": True},
        "certificate": {"type": "str", "default": ""},
        "key": {"type": "str", "default": "", "no_log": True},
    }
    module = AnsibleModule(
        argument_spec={
            "certificates": {"type": "list", "elements": "dict", "required": True, "options": certificate},
            "days": {"type": "int", "default": 365},
            "served": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    wanted, store = module.params["certificates"], files.Store()
    os.umask(0o022)
    try:
        if module.check_mode and not shutil.which("openssl"):  # a bare host: this very run would install it
            lines = [f"{each['name']}: a certificate" for each in wanted]
        else:
            lines = run(module, store, wanted)
    except (files.CertificateError, PlacidError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=bool(lines), done=lines, diff={"prepared": "".join(f"{each}\n" for each in lines)})


def run(module: AnsibleModule, store: files.Store, wanted: list[dict[str, Any]]) -> list[str]:
    todo, strangers = [step for each in wanted for step in steps(store, each, module.params["days"])], list[str]()
    if module.params["served"]:
        strangers = [name for name in store.strangers(each["name"] for each in wanted) if not served(store, name)]
        todo += [(f"{name}: removed", partial(store.remove, name)) for name in strangers]
    if todo and not module.check_mode:
        with store.locked():
            for _, do in todo:
                do()
    if strangers and not module.check_mode:  # else the next run would take what is gone for news to the web server
        systemd.systemctl("try-reload-or-restart", *WEB_SERVERS, check=False)
    lines = [line for line, _ in todo]
    asked = [each["name"] for each in wanted if each["source"] == "acme" and due(store, each["name"])]
    if module.params["served"] and asked:
        lines.append(f"{', '.join(asked)}: the authority is asked")
        if not module.check_mode:
            issue(store, asked)
    return lines


def issue(store: files.Store, names: list[str]) -> None:
    """Have the unit ask the authority. Raises PlacidError with the reason of each that it did not get."""
    systemd.systemctl("daemon-reload")
    try:
        systemd.systemctl("start", UNIT)
    except systemd.UnitError as error:
        problem = f"{error}{systemd.log(UNIT)}"
    else:
        problem = f"Look at: journalctl --unit={UNIT}"
    lacking = [name for name in names if due(store, name)]
    reasons = [f"{name}: {store.complaint(name)}" for name in lacking if store.complaint(name)]
    if lacking:
        raise PlacidError(
            f"The authority issued no certificate for {', '.join(lacking)}; what was served before is served on. "
            "Let every domain lead to this host, on port 80, and type the same command again; the host itself asks twice a day. "
            + (" ".join(reasons) or problem)
        )


if __name__ == "__main__":
    main()
