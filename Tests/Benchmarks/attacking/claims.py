"""What a workspace's file claims, and what it takes from others by that.

Without grants the files are the operator's word, and a claim that meets another's may make its clients nobody's: what
holds all the same is that a proof which a workspace requires is not undone by a weaker one. All else is promised where there
are grants, and cannot be measured on a program that does not know them.
"""

import hashlib

from . import at_least, attack, skipped
from .server import HOSTILE, ZONE, Ended, Server

TOKEN = bytes(range(16))


def zone(address):
    return ZONE + f"www A {address}\n"


def answered(server, token):
    """How many of the victim's clients get the victim's address."""
    answers = [server.ask("www.corp.example", source=source, patience=0.5, token=token) for source in CLIENTS]
    return sum(answer is not None and answer.addresses == ["192.0.2.1"] for answer in answers)


def held(victim, claim, token=None, is_leased=False, needs_grants=True):
    """How many of its clients the victim has before another's claim, with it, and after a start with it.

    `claim` makes the other's workspace.json of the server. By the grants it may claim one address of its own.
    """
    grants = {"victim": {"clients": victim.get("clients", []), "tokens": 1}, "hostile": {"clients": [HOSTILE + "/32"]}}
    for config, how in [({"grants": grants}, ""), ({}, ", without grants")][: 1 if needs_grants else 2]:
        try:
            yield from measured(victim, claim, token, is_leased, config, how)
        except Ended:
            if not config:
                raise
            yield skipped("clients", "this program knows no grants")


def measured(victim, claim, token, is_leased, config, how):
    files = {"corp.example.zone": zone("192.0.2.66"), "workspace.json": {"clients": [HOSTILE]}}
    workspaces = {"victim": {"workspace.json": victim, "corp.example.zone": zone("192.0.2.1")}, "hostile": files}
    with Server(workspaces, config=config) as server:
        if is_leased:
            server.command_line("lease", "add", "--workspace", "victim", "--ttl", "1h", *CLIENTS)
        before = answered(server, token)
        server.write("hostile/workspace.json", claim(server))
        server.command_line("reload")
        yield at_least(f"clients of {len(CLIENTS)}, {before} before{how}", answered(server, token), len(CLIENTS))
        server.kill()
        server.start()
        yield at_least(f"after a start{how}", answered(server, token), len(CLIENTS))


PREFIX = "127.20.0.0/24"
CLIENTS = [f"127.20.0.{number}" for number in range(5, 255, 25)]
DIGEST = hashlib.sha256(TOKEN).hexdigest()
BY_TOKEN = {"require": ["token"], "tokens": [{"id": "one", "sha256": DIGEST}]}


@attack("claim-halves", "8")
def claim_halves():
    """a workspace names the two halves of another's prefix: the other's clients that are still its own"""
    yield from held({"clients": [PREFIX]}, lambda server: {"clients": ["127.20.0.0/25", "127.20.0.128/25"]})


@attack("claim-same", "8")
def claim_same():
    """a workspace names another's very prefix: the other's clients that are still answered"""
    yield from held({"clients": [PREFIX]}, lambda server: {"clients": [PREFIX]})


@attack("claim-listener", "8")
def claim_listener():
    """a workspace claims the address that all ask at: others' clients that are still answered"""
    listen = lambda server: {"clients": [HOSTILE], "listen": [f"127.0.0.1:{server.port}"]}  # noqa: E731
    yield from held({"clients": [PREFIX]}, listen)


@attack("claim-everybody", "8")
def claim_everybody():
    """a workspace claims 0.0.0.0/0: bearers of another's token, which that one requires, that are still answered"""
    yield from held(BY_TOKEN, lambda server: {"clients": ["0.0.0.0/0"]}, TOKEN, needs_grants=False)


@attack("claim-leased", "8")
def claim_leased():
    """a workspace claims what another leases, which also requires a token: bearers that are still answered"""
    victim = {**BY_TOKEN, "require": ["token", "lease"]}
    yield from held(victim, lambda server: {"clients": [PREFIX]}, TOKEN, is_leased=True, needs_grants=False)


@attack("claim-token", "8")
def claim_token():
    """a workspace claims the digest of another's token: bearers that are still answered"""
    tokens = [{"id": "two", "sha256": DIGEST}]
    yield from held(BY_TOKEN, lambda server: {"clients": [HOSTILE], "tokens": tokens}, TOKEN)
