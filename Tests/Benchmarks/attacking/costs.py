"""What answers, names and files cost whose content somebody else chooses."""

import random
import socket
import struct
import threading
import time

from . import at_most, attack, wire
from .server import BAD, GOOD, HOSTILE, ZONE, Server, fresh
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
    "240 NSEC of 120 labels that are alike": lambda query: ([], [wire.soa()] + [nsec(deep_alike(number)) for number in range(240)]),
    "240 NSEC of 120 labels that differ last": lambda query: ([], [wire.soa()] + [nsec(deep_until(number)) for number in range(240)]),
    "998 NSEC": lambda query: ([], [wire.soa()] + [nsec(wire.name(f"o{number}.example")) for number in range(998)]),
    "998 NSEC of 12 labels": lambda query: ([], [wire.soa()] + fitting(nsec(wire.labels([b"%x" % random.randrange(256) for _ in range(16)])) for _ in range(998))),
    "SOA of 120 labels": lambda query: ([], [soa_of(deep(1))]),
    "7 CNAMEs of 120 labels": lambda query: (chain(query, 1), []),
    "7 CNAMEs and 99 addresses": lambda query: (chain(query, 99), []),
    "100 PTR of 120 labels": lambda query: ([wire.record(None, wire.question(query)[1], deep(number)) for number in range(100)], []),
    "100 MX of 120 labels": lambda query: ([wire.record(None, wire.MX, b"\0\1" + deep(number)) for number in range(100)], []),
    "900 records of others": lambda query: ([wire.record(wire.name(f"o{number}.example"), wire.A, b"\1\2\3\4") for number in range(900)], [wire.soa()]),
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
    """2 KB of questions for the costliest answer: another workspace's 24 questions that are answered meanwhile, and SIGTERM"""
    with Upstream(shaped) as upstream, Server({"victim": GOOD, "hostile": BAD}, upstream) as server:
        stream = server.stream(HOSTILE)
        stream.send(*[wire.query("shape.2.example", secure=True) for _ in range(40)])
        time.sleep(0.2)
        unanswered = sum(server.ask("www.corp.example", patience=0.25) is None for _ in range(24))
        yield at_most("of 24 questions, not answered in 0.25 s", unanswered, 0)
        start = time.monotonic()
        server.process.terminate()
        try:
            server.process.wait(8)
        except Exception:
            pass
        yield at_most("until SIGTERM ended it", time.monotonic() - start, 6, " s", "{:.1f}")


MULTIPLIER, MASK = 0xD6E8_FEB8_6659_FD93, (1 << 64) - 1


def unshifted(hash):
    """Undoes hash ^= hash >> 29."""
    return hash ^ hash >> 29 ^ hash >> 58


def colliding_labels(apex, count):
    """Labels of 15 octets that the unkeyed hash of names once gave one slot all below an apex: what it mixes is undone."""
    hash = 0x9E37_79B9_7F4A_7C15

    def mixed(hash, word):
        hash = (hash ^ word) * MULTIPLIER & MASK
        return hash ^ hash >> 29

    for label in reversed(apex.split(".")):
        octets = bytes([len(label)]) + label.encode()
        for at in range(0, len(octets), 8):
            hash = mixed(hash, int.from_bytes(octets[at : at + 8], "little"))
    hash = mixed(hash, int.from_bytes(b"\x0faaaaaaa", "little"))
    inverse, made, high = pow(MULTIPLIER, -1, 1 << 64), [], 0
    while len(made) < count:
        high += 1
        # The folded hash is its upper half with its lower half: made to be 7.
        word = (unshifted(high << 32 | high ^ 7) * inverse & MASK) ^ hash
        octets = word.to_bytes(8, "little")
        if not any(65 <= octet <= 90 for octet in octets):
            made.append("aaaaaaa" + "".join(ESCAPED[octet] for octet in octets))
    return made


ESCAPED = [chr(o) if 97 <= o <= 122 or 48 <= o <= 57 else f"\\{o:03}" for o in range(256)]


def plain_labels(count):
    """Labels of the same form, by chance."""
    generator = random.Random(7)
    octets = [o for o in range(256) if not 65 <= o <= 90]
    return ["aaaaaaa" + "".join(ESCAPED[o] for o in generator.choices(octets, k=8)) for _ in range(count)]


@attack("colliding-names", "2", 90)
def colliding_names():
    """names chosen to have one hash: another workspace's change behind them, and behind as many by chance"""
    count, waits = 100_000, []
    for labels in (plain_labels(count), colliding_labels("corp.example", count)):
        text = ZONE + "".join(f"{label} A 10.0.0.1\n" for label in labels)
        with Server({"victim": GOOD, "hostile": BAD}) as server:
            server.write("hostile/corp.example.zone", text)
            time.sleep(0.3)
            waits.append(server.seconds_until_changed(9, 30))
            if server.command_line("check").returncode:
                waits[-1] = 0  # It was refused, which costs nobody anything.
    yield at_most(f"{count} names by chance", waits[0], 1, " s", "{:.2f}")
    yield at_most(f"{count} names of one hash", waits[1], max(1, 2 * waits[0]), " s", "{:.2f}")


def elements(form, octets=1_000_000):
    """So many elements of a JSON list as 1 MB takes."""
    made, size, number = [], 0, 0
    while size < octets:
        made.append(form(number))
        size += len(made[-1]) + 1
        number += 1
    return ",".join(made)


def letters(number):
    return "".join(chr(97 + (number // 26**power) % 26) for power in range(4))


FILES = {
    "rules": lambda: '{"forward":[' + elements(lambda n: f'{{"zone":"{letters(n)}","to":[]}}') + "]}",
    "4096 rules": lambda: '{"forward":[' + ",".join(f'{{"zone":"{letters(n)}","to":["10.0.0.1"]}}' for n in range(4096)) + "]}",
    "rules of 120 labels": lambda: '{"forward":[' + ",".join(f'{{"zone":"{"a." * 118}{n >> 6 & 63:02}.{n & 63:02}","to":[]}}' for n in range(3700)) + "]}",
    "clients": lambda: '{"clients":[' + elements(lambda n: f'"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"') + "]}",
    "65,536 clients": lambda: '{"clients":[' + ",".join(f'"9.{n >> 16}.{n >> 8 & 255}.{n & 255}"' for n in range(65_536)) + "]}",
    "zones": lambda: '{"zones":{' + elements(lambda n: f'"{letters(n)}":{{"miss":"forward"}}') + "}}",
    "unknown keys": lambda: "{" + elements(lambda n: f'"{letters(n)}":1') + "}",
    "one key": lambda: "{" + elements(lambda n: '"cache":"own"') + "}",
    "tokens": lambda: '{"tokens":[' + elements(lambda n: f'{{"id":"{letters(n)}","sha256":"{n:064x}"}}') + "]}",
    "listeners": lambda: '{"listen":[' + elements(lambda n: f'"10.0.{n >> 8 & 255}.{n & 255}:{1 + n // 65536}"') + "]}",
    "upstreams": lambda: '{"forward":[{"zone":".","to":[' + elements(lambda n: f'"10.0.{n >> 8 & 255}.{n & 255}"') + "]}]}",
    "wrong clients": lambda: '{"clients":[' + elements(lambda n: '"x"') + "]}",
    "brackets": lambda: "[" * 1_000_000,
}


@attack("workspace-files", "2", 240)
def workspace_files():
    """a workspace.json of 1 MB: how long another workspace's change waits behind it"""
    for what, make in FILES.items():
        with Server({"victim": GOOD, "hostile": BAD}) as server:
            server.write("hostile/workspace.json", make())
            time.sleep(0.2)
            yield at_most(what, server.seconds_until_changed(9, 40), 1, " s", "{:.2f}")


def checksums():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F6_3B78 if value & 1 else 0)
        table.append(value)
    return table


def lease_line(text, table):
    """A line of a lease journal with its checksum, CRC-32C."""
    total = 0xFFFF_FFFF
    for octet in text:
        total = total >> 8 ^ table[(total ^ octet) & 255]
    return b"%08x %b\n" % (total ^ 0xFFFF_FFFF, text)


@attack("many-leases", "2", 90)
def many_leases():
    """a million leases in the journal: until the first answer after a start"""
    table, until = checksums(), int(time.time() + 86_400) * 1000
    with Server({"victim": GOOD, "hostile": BAD}) as server:
        server.kill()
        lines = [b"backroad-leases 1\n"]
        for number in range(1_000_000):
            text = b"+ %d 10.%d.%d.%d hostile" % (until, number >> 16, number >> 8 & 255, number & 255)
            lines.append(lease_line(text, table))
        server.write(".backroad/leases", b"".join(lines))
        server.start(patience=60)
        yield at_most("until the first answer", server.started, 5, " s", "{:.1f}")
        yield at_most("memory at its peak, of 50 MB of journal", server.memory("VmHWM"), 1024, " MB", "{:.0f}")


def repeated(form, head="", octets=1_000_000):
    """Lines of a zone until they are so many octets."""
    lines, size, number = [head], 0, 0
    while size < octets:
        lines.append(form(number))
        size += len(lines[-1])
        number += 1
    return ZONE + "".join(lines)


DEEP = "$ORIGIN " + "a." * 110 + "corp.example.\n"
#: Zone text of 1 MB by what is odd in it; the first is what a zone usually has.
TEXTS = {
    "addresses": lambda: repeated(lambda n: f"h{n:x} A 10.0.0.1\n"),
    "delegations": lambda: repeated(lambda n: f"h{n:x} NS n{n:x}\n"),
    "delegations of 90 servers": lambda: repeated(lambda n: f"h{n // 90:x} NS n{n:x}\n"),
    "delegations in a deep $ORIGIN": lambda: repeated(lambda n: f"{n // 90:x} NS n{n:x}\n", DEEP),
    "pointers in a deep $ORIGIN": lambda: repeated(lambda n: f"{n // 90:x} PTR n{n:x}\n", DEEP),
    "addresses in a deep $ORIGIN": lambda: repeated(lambda n: f"{n:x} A 10.0.0.1\n", DEEP),
    "names of 110 labels": lambda: repeated(lambda n: f"{n:x}" + ".a" * 110 + " A 10.0.0.1\n"),
    "names of 110 labels that differ last": lambda: repeated(lambda n: "a." * 110 + f"{n:x} A 10.0.0.1\n"),
    "a chain of CNAMEs": lambda: repeated(lambda n: f"h{n:x} CNAME h{n + 1:x}\n"),
    "CNAMEs to one name": lambda: repeated(lambda n: f"h{n:x} CNAME www\n"),
    "DNAMEs": lambda: repeated(lambda n: f"h{n:x} DNAME g{n:x}\n"),
    "a chain of DNAMEs": lambda: repeated(lambda n: f"h{n:x} DNAME h{n + 1:x}\n"),
    "wildcards": lambda: repeated(lambda n: f"*.h{n:x} CNAME a.h{n + 1:x}\n"),
    "types of one name": lambda: repeated(lambda n: f"h{n // 60000} TYPE{1000 + n % 60000} \\# 1 00\n"),
    "one set": lambda: repeated(lambda n: f"h A 10.{n >> 16}.{n >> 8 & 255}.{n & 255}\n"),
    "one record": lambda: repeated(lambda n: "h A 10.0.0.1\n"),
    "texts of one octet": lambda: repeated(lambda n: f"h{n:x} TXT" + " a" * 200 + "\n"),
    "parentheses": lambda: repeated(lambda n: f"h{n:x} A (((((((((((((((((((( 10.0.0.1 ))))))))))))))))))))\n"),
    "open parentheses": lambda: ZONE + "(" * 1_000_000,
    "an open quote": lambda: ZONE + 'h TXT "' + "x\n" * 500_000,
    "wrong lines": lambda: repeated(lambda n: "x\n"),
    "wrong targets": lambda: repeated(lambda n: f"h{n:x} MX 1 m{n:x}\n"),
    "comments": lambda: repeated(lambda n: ";\n"),
    "empty lines": lambda: ZONE + "\n" * 1_000_000,
    "$TTL": lambda: repeated(lambda n: f"$TTL {n}\n"),
    "$ORIGIN": lambda: repeated(lambda n: f"$ORIGIN h{n:x}.corp.example.\n"),
    "one long word": lambda: ZONE + "h A " + "1" * 1_000_000,
}


@attack("zone-texts", "2", 240)
def zone_texts():
    """zone text of 1 MB: the time of reading it, against that of a plain file's octets"""
    plain = None
    for what, make in TEXTS.items():
        with Server({"victim": GOOD, "hostile": BAD}) as server:
            text = make()
            before = server.all_seconds()
            server.write("hostile/corp.example.zone", text)
            time.sleep(0.1)
            server.command_line("reload", patience=40)
            cost = (server.all_seconds() - before) / len(text) * 1e9
            plain = plain or cost
        yield at_most(f"{what} ({plain:.0f} ns an octet are plain), times", cost / plain, 2, "", "{:.2f}")


def types_zone(count):
    return ZONE + "www A 192.0.2.1\n" + "".join(
        f"many TYPE{number} \\# 1 00\n" for number in range(1000, 1000 + count) if not 65_280 <= number)


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
