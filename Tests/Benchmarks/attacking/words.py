"""Control characters from outside in what commands print and servers log."""

import os
import unicodedata

from . import Figure, attack
from .server import GOOD, ZONE, Server

FAKE = "backroad: FAKED"
#: Colours, a window title, a bell, a carriage return, a C1 introducer, and what turns the direction of text.
NASTY = "\\u001b[2J\\u001b]0;t\\u0007\\r\\n" + FAKE + "\\u009b31m\\u202eabc\\u2028" + FAKE + "\\u007f"
NASTY_TEXT = NASTY.encode().decode("unicode_escape")
VPCE = "vpce-0a1b2c3d4e5f60718-abcdefgh.vpce-svc-0123456789abcdef0.us-east-1.vpce.amazonaws.com"


def unsafe(octets):
    """How many characters could do something to a terminal, and how many lines are faked."""
    text = octets.decode("utf-8", "replace")
    controls = sum(
        c != "\n"
        and c != "\t"
        and (
            unicodedata.category(c) in ("Cc", "Zl", "Zp")
            or c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"
        )
        for c in text
    )
    return controls, sum(line.startswith(FAKE) for line in text.splitlines())


def pastes():
    """Configurations with something nasty in one place each."""
    domain, service = "privatelink.snowflakecomputing.com", "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"
    url = f'"privatelink-account-url": "kd40127.us-east-1.{domain}"'
    good = f'{url}, "privatelink-vpce-id": "{service}"'
    yield "an unknown key", f'{{{good}, "x{NASTY}-url": "a.{domain}"}}'
    yield "an unknown key's value", f'{{{good}, "privatelink-x-url": "a{NASTY}.{domain}"}}'
    yield "an account's name", f'{{{good}, "privatelink-account-name": "a{NASTY}"}}'
    yield "a host", f'{{"privatelink-account-url": "a{NASTY}.{domain}", "privatelink-vpce-id": "{service}"}}'
    yield "an endpoint service", f'{{{url}, "privatelink-vpce-id": "{service}{NASTY}"}}'
    yield "a stage", f'{{{good}, "privatelink-internal-stage": "s{NASTY}.s3.amazonaws.com"}}'
    yield "no JSON at all", "key,value\nprivatelink-account-url," + NASTY_TEXT.replace("\n", "") + "\n" + NASTY_TEXT
    yield "raw octets", f'{{{good}, "privatelink-y\x1b[2J\x9b": "z\x1b[2J"}}'


FILES = {
    "workspace.json": """{ "clients": ["X"], "X": 1, "forward": [{ "zone": "X", "to": ["X"] }], "require": ["X"],
      "listen": ["X"], "tokens": [{ "id": "X", "sha256": "X" }], "zones": { "X": { "miss": "X" } }, "cache": "X" }""",
    "corp.example.zone": ZONE + f'a{NASTY_TEXT} A {NASTY_TEXT}\n{NASTY_TEXT}\n"{NASTY_TEXT}" A 1\n',
    "links/one.json": '{ "kind": "X", "X": 2 }',
}


@attack("escapes", "5", 60)
def escapes():
    """control characters and faked lines in what is printed of pastes, files and questions"""
    with Server({"victim": GOOD}) as server:

        def judge(what, outcome):
            outputs = outcome if isinstance(outcome, bytes) else outcome.stdout + outcome.stderr
            controls, faked = unsafe(outputs)
            return Figure(
                what, f"{controls} characters, {faked} lines", "0 characters, 0 lines", not controls and not faked
            )

        link = ["--workspace", "victim", "--link", "one", "--dry-run", "--endpoint"]
        for what, paste in pastes():
            for json in ([], ["--json"]):
                words, input = ["import", "snowflake", *link, VPCE, *json], paste.encode("utf-8", "replace")
                yield judge(
                    " ".join(["import snowflake", *json]) + f", {what}", server.command_line(*words, "-", input=input)
                )
        words, hosts = ["import", "hosts", *link, "10.1.2.3"], f"a.corp.example\nb{NASTY_TEXT}.corp.example\n"
        yield judge("import hosts", server.command_line(*words, "--from", "-", input=hosts.encode()))
        yield judge("import hosts, a name as argument", server.command_line(*words, f"b{NASTY_TEXT}.x"))
        for file, text in FILES.items():
            server.write(f"evil/{file}", text.replace("X", NASTY) if file.endswith(".json") else text)
        server.write(f"evil/a{NASTY_TEXT.replace(chr(10), '')}.zone", ZONE)
        os.makedirs(os.path.join(server.zones, NASTY_TEXT))
        for words in ("check", "check --json", "reload", "status", "status --json", "link list", "workspace list"):
            yield judge(words, server.command_line(*words.split()))
        for name in (f"a{NASTY_TEXT}.corp.example", "a\\027[2J\\013\\010b.corp.example", "www.corp.example"):
            yield judge("explain", server.command_line("explain", "--workspace", "victim", name))
        yield judge("the log", server.log_text().encode())
