"""What answers cost a worker whose content an upstream or a workspace chooses."""

import random
import socket
import struct
import threading
import time

from . import at_most, attack, wire
from .server import BAD, GOOD, HOSTILE, ZONE, Server
from .upstream import Upstream, good

#: The most processor time of a worker that one answer of 64 KB may cost, in milliseconds.
ANSWER_MILLISECONDS = 20


def deep(number):
    """A name of 120 labels of one octet."""
    generator = random.Random(number)
    return wire.labels([bytes([generator.choice(b"abcdefghijklmnopqrstuvwxyz0123456789")]) for _ in range(120)])


def deep_alike(number):
    """The same, with all but the first three labels shared."""
    return wire.labels([bytes([97 + (number >> shift & 15)]) for shift in (0, 4)] + [b"a"] * 118)


def deep_until(number):
    """The same, with all but the last two labels shared: names that differ only where a comparison comes last."""
    return wire.labels([b"a"] * 118 + [bytes([97 + (number & 15)]), bytes([97 + (number >> 4 & 15)])])


def nsec(owner):
    return wire.record(owner, wire.NSEC, b"\0" + b"\0\1\x40")


def fitting(records):
    """So many of them as a message takes."""
    kept, octets = [], 0
    for record in records:
        octets += len(record)
        if octets > 64_500:
            break
        kept.append(record)
    return kept


def soa_of(name):
    return wire.record(b"\0", wire.SOA, name + name + struct.pack(">IIIII", 1, 3600, 600, 86400, 300))


def chain(query, end):
    """Seven CNAMEs over names of 120 labels, and what is at their end."""
    names = [deep(1000 + number) for number in range(7)]
    records = [wire.record(None, wire.CNAME, names[0])]
    records += [wire.record(a, wire.CNAME, b) for a, b in zip(names, names[1:])]
    return records + [wire.record(names[-1], wire.A, bytes([192, 0, 2, number])) for number in range(end)]


#: Answers of up to 64 KB, by what is in them: functions of the query to answers and authorities.
SHAPES = {
    "240 NSEC of 120 labels": lambda query: ([], [wire.soa()] + [nsec(deep(number)) for number in range(240)]),
    "240 NSEC of 120 labels that are alike": lambda query: (
        [],
        [wire.soa()] + [nsec(deep_alike(number)) for number in range(240)],
    ),
    "240 NSEC of 120 labels that differ last": lambda query: (
        [],
        [wire.soa()] + [nsec(deep_until(number)) for number in range(240)],
    ),
    "998 NSEC": lambda query: ([], [wire.soa()] + [nsec(wire.name(f"o{number}.example")) for number in range(998)]),
    "998 NSEC of 12 labels": lambda query: (
        [],
        [wire.soa()]
        + fitting(nsec(wire.labels([b"%x" % random.randrange(256) for _ in range(16)])) for _ in range(998)),
    ),
    "SOA of 120 labels": lambda query: ([], [soa_of(deep(1))]),
    "7 CNAMEs of 120 labels": lambda query: (chain(query, 1), []),
    "7 CNAMEs and 99 addresses": lambda query: (chain(query, 99), []),
    "100 PTR of 120 labels": lambda query: (
        [wire.record(None, wire.question(query)[1], deep(number)) for number in range(100)],
        [],
    ),
    "100 MX of 120 labels": lambda query: (
        [wire.record(None, wire.MX, b"\0\1" + deep(number)) for number in range(100)],
        [],
    ),
    "900 records of others": lambda query: (
        [wire.record(wire.name(f"o{number}.example"), wire.A, b"\1\2\3\4") for number in range(900)],
        [wire.soa()],
    ),
}
KINDS = {"100 PTR of 120 labels": wire.PTR, "100 MX of 120 labels": wire.MX}


def shaped(query, over_tcp):
    """By the first label: the number of a shape, over TCP alone."""
    name, _ = wire.question(query)
    if not name.startswith("shape"):
        return good(query, over_tcp)
    if not over_tcp:
        return wire.response(query, truncated=True)
    answers, authorities = list(SHAPES.values())[int(name.split(".")[1])](query)
    return wire.response(query, answers, authorities)


class Waits(threading.Thread):
    """The victim, who asks for a name of its own zone again and again: how long it waited at most."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.longest, self.asked, self.unanswered, self.going = server, 0.0, 0, 0, True

    def run(self):
        while self.going:
            start = time.monotonic()
            self.asked += 1
            self.unanswered += self.server.ask("www.corp.example", patience=3) is None
            self.longest = max(self.longest, time.monotonic() - start)
            time.sleep(0.01)

    def end(self):
        self.going = False
        self.join()


@attack("answers", "2", 90)
def answers():
    """answers of 64 KB that an upstream makes up, with DO over TCP: a worker's time for each, new and from the cache"""
    for number, what in enumerate(SHAPES):
        with Upstream(shaped) as upstream, Server({"victim": GOOD, "hostile": BAD}, upstream) as server:
            name, kind = f"shape.{number}.example", KINDS.get(what, wire.A)
            waits = Waits(server)
            waits.start()
            costs = []
            octets = 0
            for count in (1, 4):
                stream = server.stream(HOSTILE, patience=12)
                before = server.worker_seconds()
                for _ in range(count):
                    stream.send(wire.query(name, kind, secure=True))
                    octets = len(stream.receive() or b"")
                costs.append((server.worker_seconds() - before) / count * 1000)
                stream.close()
                if costs[0] > 5000:
                    break
            waits.end()
            yield at_most(f"{what}, {octets} octets, new", costs[0], ANSWER_MILLISECONDS, " ms", "{:.1f}")
            if len(costs) > 1:
                yield at_most(f"{what}, from the cache", costs[1], ANSWER_MILLISECONDS, " ms", "{:.1f}")
            yield at_most(f"{what}, longest wait of another", waits.longest, 0.25, " s", "{:.2f}")


@attack("pipelined-costs", "2", 45)
def pipelined_costs():
    """2 KB of questions for the costliest answer: another workspace's questions meanwhile, and SIGTERM"""
    with Upstream(shaped) as upstream, Server({"victim": GOOD, "hostile": BAD}, upstream) as server:
        stream = server.stream(HOSTILE)
        stream.send(*[wire.query("shape.2.example", secure=True) for _ in range(40)])
        time.sleep(0.2)
        unanswered = sum(server.ask("www.corp.example", patience=0.25) is None for _ in range(24))
        yield at_most("of 24 questions, not answered in 0.25 s", unanswered, 0)
        yield at_most("until SIGTERM ended it", server.seconds_until_ended(), 6, " s", "{:.1f}")


def types_zone(count):
    return (
        ZONE
        + "www A 192.0.2.1\n"
        + "".join(f"many TYPE{number} \\# 1 00\n" for number in range(1000, 1000 + count) if not 65_280 <= number)
    )


@attack("many-types", "2", 60)
def many_types():
    """64,000 types at a name: a question for it against a question for another"""
    with Server({"victim": {**GOOD, "corp.example.zone": types_zone(64_000)}, "other": BAD}) as server:
        costs = []
        for name in ("www.corp.example", "many.corp.example"):
            message = wire.query(name, wire.AAAA)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
                end.bind(("127.0.0.2", 0))
                end.connect(("127.0.0.1", server.port))
                end.settimeout(1)
                before = server.worker_seconds()
                for _ in range(200):
                    for _ in range(50):
                        end.send(message)
                    for _ in range(50):
                        end.recv(4096)
                costs.append((server.worker_seconds() - before) / 10_000 * 1e6)
        yield at_most(f"a question's cost of {costs[0]:.1f} us, times", costs[1] / costs[0], 1.5, "", "{:.2f}")
