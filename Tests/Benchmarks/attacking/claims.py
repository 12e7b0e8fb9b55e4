"""What a workspace's file claims, and what it takes from others by that.

The server is told by grants what each workspace may claim, where it knows grants; an older one is run without.
"""

import hashlib

from . import at_least, attack, wire
from .server import HOSTILE, ZONE, Ended, Server

TOKEN = bytes(range(16))


def zone(address):
    return ZONE + f"www A {address}\n"


def serve(victim, hostile, grants, **options):
    """A server on the two workspaces under these grants, and whether it knows grants."""
    digest = hashlib.sha256(TOKEN).hexdigest()
    tokens = {"tokens": [{"id": "one", "sha256": digest}]} if "require" in victim else {}
    workspaces = {
        "victim": {"workspace.json": {**victim, **tokens}, "corp.example.zone": zone("192.0.2.1")},
        "watch": {"workspace.json": {"clients": ["127.99.0.1"]}, "corp.example.zone": zone("192.0.2.3")},
        "hostile": {"workspace.json": hostile, "corp.example.zone": zone("192.0.2.66")}}
    grants = {"watch": {"clients": ["127.99.0.1"]}, "victim": {"clients": victim.get("clients", []), "tokens": 1}, **grants}
    try:
        return Server(workspaces, config={"grants": grants}, ready="www.corp.example", **options), ""
    except Ended:
        return Server(workspaces, **options), ", without grants"


def answered(server, sources, token=None):
    """How many of these clients get the victim's address."""
    answers = [server.ask("www.corp.example", source=source, patience=0.5, token=token) for source in sources]
    return sum(answer is not None and answer.addresses == ["192.0.2.1"] for answer in answers)


PREFIX = "127.20.0.0/24"
CLIENTS = [f"127.20.0.{number}" for number in range(5, 255, 25)]


@attack("claim-halves", "8")
def claim_halves():
    """a workspace names the two halves of another's prefix: the other's clients that are still its own"""
    hostile = {"clients": ["127.20.0.0/25", "127.20.0.128/25"]}
    server, how = serve({"clients": [PREFIX]}, hostile, {"hostile": {"clients": [HOSTILE + "/32"]}})
    with server:
        yield at_least(f"of {len(CLIENTS)} clients{how}", answered(server, CLIENTS), len(CLIENTS))


@attack("claim-same", "8")
def claim_same():
    """a workspace names another's very prefix: the other's clients that are still answered"""
    server, how = serve({"clients": [PREFIX]}, {"clients": [PREFIX]}, {"hostile": {"clients": [HOSTILE + "/32"]}})
    with server:
        yield at_least(f"of {len(CLIENTS)} clients{how}", answered(server, CLIENTS), len(CLIENTS))


@attack("claim-listener", "8")
def claim_listener():
    """a workspace claims the address that all ask at: others' clients that are still answered"""
    victim = {"clients": [PREFIX]}
    server, how = serve(victim, {"clients": [HOSTILE]}, {"hostile": {"clients": [HOSTILE + "/32"]}})
    with server:
        server.write("hostile/workspace.json", {"clients": [HOSTILE], "listen": [f"127.0.0.1:{server.port}"]})
        server.command_line("reload")
        yield at_least(f"of {len(CLIENTS)} clients{how}", answered(server, CLIENTS), len(CLIENTS))


@attack("claim-everybody", "8")
def claim_everybody():
    """a workspace claims 0.0.0.0/0: bearers of another's token, which that one requires, that are still answered"""
    for what, victim in (("", {"require": ["token"]}), (" with a lease", {"require": ["token", "lease"]})):
        server, how = serve(victim, {"clients": ["0.0.0.0/0"]}, {"hostile": {"clients": [HOSTILE + "/32"]}})
        with server:
            if what:
                server.command_line("lease", "add", "--workspace", "victim", "--ttl", "1h", *CLIENTS)
            count = answered(server, CLIENTS, TOKEN)
            yield at_least(f"of {len(CLIENTS)} bearers{what}{how}", count, len(CLIENTS))


@attack("claim-token", "8")
def claim_token():
    """a workspace claims the digest of another's token: bearers that are still answered"""
    digest = hashlib.sha256(TOKEN).hexdigest()
    hostile = {"clients": [HOSTILE], "tokens": [{"id": "two", "sha256": digest}]}
    server, how = serve({"require": ["token"]}, hostile, {"hostile": {"clients": [HOSTILE + "/32"]}})
    with server:
        yield at_least(f"of {len(CLIENTS)} bearers{how}", answered(server, CLIENTS, TOKEN), len(CLIENTS))
