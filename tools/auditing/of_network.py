"""What a host shows to who comes by the network."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator

from auditing.common import VENV, Host, Result, debian_13, lacking, missed, run

#: The certificate of a site, as its host has it.
OWN = "openssl s_client -connect 127.0.0.1:443 -servername {domain} </dev/null 2>/dev/null | openssl x509"
#: What is wrong with every certificate that is self-signed: nobody vouches for it, and for how long it is.
OWN_FAULTS = {"certificate_path_validation", "maximum_certificate_lifespan"}
HEADERS = ("X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Content-Security-Policy")
#: A page, one that is not there, a file, one that is not there, and what the web server itself refuses.
PATHS = ("/", "/there-is-no-such-page", "/static/entries/style.css", "/static/there-is-none", "/%")


def ssh(host: Host) -> Iterator[Result]:
    output = run(VENV / "ssh-audit", "--no-colors", "-p", host.facts["ssh"], host.address).stdout
    host.keep("ssh-audit.txt", output)
    fails, warns = output.count("[fail]"), output.count("[warn]")
    looked = "(kex)" in output
    yield Result("ssh-audit", f"{fails} fail, {warns} warn" if looked else "no answer", "0, 0", looked and fails == warns == 0)


def ports(host: Host) -> Iterator[Result]:
    """nmap from here, against what was declared for everybody: neither more nor less answers."""
    if why := lacking("nmap"):
        yield missed("nmap -p-", why)
        return
    words = ("-Pn", "-n", "-p-", "-T4", "--min-rate", "2000", "--max-retries", "2", "-oG", "-", host.address)
    output = run("nmap", *words).stdout
    host.keep("nmap.txt", output)
    found = {int(port) for port in re.findall(r"(\d+)/open/", output)}
    declared = {int(port) for entry in host.facts["open"] if "from" not in entry for port in entry["ports"]}
    declared |= {int(host.facts["ssh"])}
    yield Result("nmap -p-", f"open: {sorted(found)}", f"{sorted(declared)}", found == declared)


def tls(host: Host) -> Iterator[Result]:
    """testssl and sslyze on each site that has HTTPS."""
    for domain, source in host.certificates.items():
        yield sslyze(host, domain, self_signed=source == "self_signed")
        yield testssl(host, domain, self_signed=source == "self_signed")


def sslyze(host: Host, domain: str, *, self_signed: bool) -> Result:
    """Mozilla's profile that the site has chosen."""
    profile = host.facts["profile"]
    done = run(VENV / "sslyze", f"--mozilla_config={profile}", f"{domain}:443{{{host.address}}}")
    host.keep(f"sslyze-{domain}.txt", done.stdout + done.stderr)
    verdict = done.stdout.split("COMPLIANCE AGAINST TLS CONFIGURATION")[-1]
    wrong = set(re.findall(r"^\s+\* (\w+):", verdict, re.MULTILINE)) - (OWN_FAULTS if self_signed else set())
    good = not wrong and ("OK - Compliant" in verdict or "FAILED - Not compliant" in verdict)
    return Result(f"sslyze {domain}", ", ".join(sorted(wrong)) or ("compliant" if good else "no answer"), profile, good)


def testssl(host: Host, domain: str, *, self_signed: bool) -> Result:
    what = f"testssl {domain}"
    if why := lacking("host", "hexdump", "openssl"):
        return missed(what, why)
    tree = debian_13("testssl.sh")
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as own:
        # Who says self_signed does not want to be told that nobody vouches for it.
        if self_signed:
            own.write(host.sh(OWN.replace("{domain}", domain)))
            own.flush()
        trust = ("--add-ca", own.name) if self_signed else ()
        options = ("--quiet", "--color", "0", "--warnings", "off", *trust, "--ip", host.address)
        environment = {"TESTSSL_INSTALL_DIR": str(tree / "etc/testssl"), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        output = run("bash", tree / "usr/bin/testssl", *options, f"{domain}:443", env=environment).stdout
    host.keep(f"testssl-{domain}.txt", output)
    grade = (re.findall(r"Overall Grade\s+(\S+)", output) or ["none"])[0]
    score = int((re.findall(r"Final Score\s+(\d+)", output) or ["0"])[0])
    return Result(what, f"{grade} / {score}", "A+, >= 96", grade == "A+" and score >= 96)


def headers(host: Host) -> Iterator[Result]:
    """What every answer carries, whoever made it and whatever it says."""
    for domain in host.facts["domains"]:
        https = domain in host.certificates
        where = ("--connect-to", f"{domain}:{443 if https else 80}:{host.address}:", "--insecure", "--path-as-is")
        for path in PATHS:
            answer = run("curl", "-s", "-o", "/dev/null", "-D", "-", *where, f"http{'s' * https}://{domain}{path}").stdout
            wanted = [*HEADERS, *(["Strict-Transport-Security"] if https else [])]
            wrong = [f"no {name}" for name in wanted if not re.search(f"^{name}:", answer, re.MULTILINE | re.IGNORECASE)]
            wrong += ["unsafe-inline"] if "unsafe-inline" in answer else []
            wrong += [] if "frame-ancestors" in answer else ["no frame-ancestors"]
            status = (re.findall(r"^HTTP/\S+ (\d+)", answer) or ["no answer"])[0]
            yield Result(
                f"headers of {domain}{path}", f"{status}, {', '.join(wrong) or 'all'}", "all", bool(answer) and not wrong
            )
