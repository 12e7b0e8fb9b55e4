"""Control characters from outside in what commands print and servers log."""

import os
import unicodedata

from . import Figure, at_most, attack
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
        c != "\n" and c != "\t" and (unicodedata.category(c) in ("Cc", "Zl", "Zp") or c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
        for c in text)
    return controls, sum(line.startswith(FAKE) for line in text.splitlines())


def pastes():
    host = "kd40127.us-east-1.privatelink.snowflakecomputing.com"
    service = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"
    good = f'"privatelink-account-url": "{host}", "privatelink-vpce-id": "{service}"'
    yield "an unknown key", "{" + good + f', "x{NASTY}-url": "a.privatelink.snowflakecomputing.com"' + "}"
    yield "an unknown key's value", "{" + good + f', "privatelink-x-url": "a{NASTY}.privatelink.snowflakecomputing.com"' + "}"
    yield "an account's name", "{" + good + f', "privatelink-account-name": "a{NASTY}"' + "}"
    yield "a host", f'{{"privatelink-account-url": "a{NASTY}.privatelink.snowflakecomputing.com", "privatelink-vpce-id": "{service}"}}'
    yield "an endpoint service", f'{{"privatelink-account-url": "{host}", "privatelink-vpce-id": "{service}{NASTY}"}}'
    yield "a stage", "{" + good + f', "privatelink-internal-stage": "s{NASTY}.s3.amazonaws.com"' + "}"
    yield "no JSON at all", "key,value\nprivatelink-account-url," + NASTY_TEXT.replace("\n", "") + "\n" + NASTY_TEXT
    yield "raw octets", "{" + good + ', "privatelink-y\x1b[2J\x9b": "z\x1b[2J"}'


@attack("escapes", "5", 60)
def escapes():
    """control characters and faked lines in what is printed of pastes, files and questions"""
    with Server({"victim": GOOD}) as server:

        def judge(what, outcome):
            outputs = outcome if isinstance(outcome, bytes) else outcome.stdout + outcome.stderr
            controls, faked = unsafe(outputs)
            return Figure(what, f"{controls} characters, {faked} lines", "0 characters, 0 lines", not controls and not faked)

        for what, paste in pastes():
            for json in ([], ["--json"]):
                outcome = server.command_line(
                    "import", "snowflake", "--workspace", "victim", "--link", "one", "--endpoint", VPCE, "--dry-run", *json, "-",
                    input=paste.encode("utf-8", "replace"))
                yield judge(f"import snowflake{' --json' * bool(json)}, {what}", outcome)
        outcome = server.command_line(
            "import", "hosts", "--workspace", "victim", "--link", "one", "--endpoint", "10.1.2.3", "--from", "-", "--dry-run",
            input=f"a.corp.example\nb{NASTY_TEXT}.corp.example\n".encode())
        yield judge("import hosts", outcome)
        yield judge("import hosts, a name as argument", server.command_line(
            "import", "hosts", "--workspace", "victim", "--link", "one", "--endpoint", "10.1.2.3", f"b{NASTY_TEXT}.x"))
        server.write("evil/workspace.json", '{ "clients": ["' + NASTY + '"], "' + NASTY + '": 1, "forward": [{"zone": "' + NASTY + '", "to": ["' + NASTY + '"]}], "tokens": [{"id": "' + NASTY + '", "sha256": "' + NASTY + '"}] }')
        server.write("evil/corp.example.zone", ZONE + f'a{NASTY_TEXT} A {NASTY_TEXT}\n{NASTY_TEXT}\n"{NASTY_TEXT}" A 1\n')
        server.write("evil/links/one.json", '{ "kind": "' + NASTY + '", "' + NASTY + '": 2 }')
        server.write(f"evil/a{NASTY_TEXT.replace(chr(10), '')}.zone", ZONE)
        os.makedirs(os.path.join(server.zones, NASTY_TEXT.replace("/", "")))
        for words in (["check"], ["check", "--json"], ["reload"], ["status"], ["status", "--json"], ["link", "list"], ["workspace", "list"]):
            yield judge(" ".join(words), server.command_line(*words))
        for name in (f"a{NASTY_TEXT}.corp.example", "a\\027[2J\\013\\010b.corp.example", "www.corp.example"):
            yield judge("explain", server.command_line("explain", "--workspace", "victim", name))
        yield judge("the log", server.log_text().encode())
