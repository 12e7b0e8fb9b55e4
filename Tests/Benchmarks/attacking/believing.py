"""What a question or an upstream's answer makes the server say: values that are special inside, odd codes."""

import time

from . import at_most, attack, wire
from .server import BAD, GOOD, HOSTILE, ZONE, Server, fresh
from .upstream import Upstream, good


def no_data(query, over_tcp):
    """Addresses for what the victim asks; of all else the statement that there is no such data."""
    name, kind = wire.question(query)
    if kind == wire.A and name:
        return good(query, over_tcp)
    return wire.response(query, authorities=[wire.soa()])


@attack("cache-types", "1")
def cache_types():
    """one question of a reserved type by a neighbour, and what others' uncached names are answered with"""
    reserved = [0, 65535, 41, 249, 250, 251, 252, 253, 254, 255, 128, 65280, 65534]
    for owner in (".", "example"):
        with Upstream(no_data) as upstream, Server({"victim": GOOD, "hostile": BAD}, upstream) as server:
            wrong, guilty = 0, []
            for kind in reserved:
                server.ask(owner, kind, source=HOSTILE, patience=1)
                answers = [server.ask(fresh("example")) for _ in range(10)]
                bad = sum(answer is None or answer.addresses != ["192.0.2.9"] for answer in answers)
                wrong += bad
                if bad and not guilty:
                    guilty = [f", first after TYPE{kind}"]
            yield at_most(
                f"names of 130 that are answered wrongly after {len(reserved)} questions for {owner}{''.join(guilty)}",
                wrong,
                0,
            )


def odd_code(query, over_tcp):
    if wire.question(query)[0].startswith("odd"):
        return wire.response(query, code=wire.YXDOMAIN)
    return good(query, over_tcp)


@attack("yxdomain", "7")
def yxdomain():
    """YXDOMAIN without a DNAME from an upstream, and what clients are told"""
    with Upstream(odd_code) as upstream, Server({"victim": GOOD}, upstream) as server:
        answers = [server.ask(fresh("example", "odd")) for _ in range(10)]
        made = sum(answer is not None and answer.code == wire.NOERROR and not answer.records for answer in answers)
        yield at_most("of 10 questions, told that there is no data", made, 0)


def authentic(query, over_tcp):
    if wire.question(query)[1] == wire.A:
        return wire.response(query, [wire.record(None, wire.A, b"\xc0\x00\x02\x09", 1)], authentic=True)
    return wire.response(query, authorities=[wire.soa()])


@attack("stale-ad", "7")
def stale_ad():
    """AD on answers past their TTL"""
    with Upstream(authentic) as upstream, Server({"victim": GOOD}, upstream) as server:
        names = [fresh("example") for _ in range(5)]
        for name in names:
            server.ask(name, authentic=True)
        upstream.die()
        time.sleep(1.5)
        answers = [server.ask(name, authentic=True, patience=5) for name in names]
        stale = [answer for answer in answers if answer and any(code == 3 for code, _ in answer.errors)]
        yield at_most(f"of {len(stale)} stale answers, with AD", sum(answer.authentic for answer in stale), 0)


@attack("alias-without-rd", "7")
def alias_without_rd():
    """questions without RD for an ALIAS, and what goes to the upstream for them"""
    target = wire.name("counted.elsewhere.test")
    text = ZONE + f"@ TYPE65401 \\# {len(target)} {target.hex()}\nwww A 192.0.2.1\n"
    with Upstream(good) as upstream:
        with Server({"victim": {**GOOD, "corp.example.zone": text}}, upstream) as server:
            for kind in (wire.A, wire.AAAA):
                server.ask("corp.example", kind, recursion=False, patience=1)
            yield at_most("queries to the upstream for 2 questions", upstream.count.value, 0)
