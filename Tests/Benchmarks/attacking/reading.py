"""What files cost to read that somebody else fills: how long everybody waits behind them."""

import random
import time

from . import at_most, attack
from .server import BAD, GOOD, ZONE, Server

MULTIPLIER, MASK = 0xD6E8_FEB8_6659_FD93, (1 << 64) - 1


def unshifted(hash):
    """Undoes hash ^= hash >> 29."""
    return hash ^ hash >> 29 ^ hash >> 58


def colliding_labels(apex, count):
    """Labels of 15 octets to which the unkeyed hash of names gave one slot below an apex: its steps undone."""
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


@attack("colliding-names", "2", 120)
def colliding_names():
    """names chosen to have one hash: what they cost beside as many by chance, and another's change behind them"""
    count, costs = 100_000, []
    for what, labels in (("by chance", plain_labels(count)), ("of one hash", colliding_labels("corp.example", count))):
        text = ZONE + "".join(f"{label} A 10.0.0.1\n" for label in labels)
        with Server({"victim": GOOD, "hostile": BAD}) as server:
            before = server.all_seconds()
            server.write("hostile/corp.example.zone", text)
            time.sleep(0.3)
            wait = server.seconds_until_changed(9, 40)
            server.command_line("reload", patience=40)
            costs.append(server.all_seconds() - before)
            yield at_most(f"another's change behind {count} names {what}", wait, 1, " s", "{:.2f}")
    yield at_most(f"processor time beside {costs[0]:.2f} s by chance, times", costs[1] / costs[0], 2, "", "{:.2f}")


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
    "4096 rules": lambda: '{"forward":['
    + ",".join(f'{{"zone":"{letters(n)}","to":["10.0.0.1"]}}' for n in range(4096))
    + "]}",
    "rules of 120 labels": lambda: '{"forward":['
    + ",".join(f'{{"zone":"{"a." * 118}{n >> 6 & 63:02}.{n & 63:02}","to":[]}}' for n in range(3700))
    + "]}",
    "clients": lambda: '{"clients":[' + elements(lambda n: f'"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"') + "]}",
    "65,536 clients": lambda: '{"clients":['
    + ",".join(f'"9.{n >> 16}.{n >> 8 & 255}.{n & 255}"' for n in range(65_536))
    + "]}",
    "zones": lambda: '{"zones":{' + elements(lambda n: f'"{letters(n)}":{{"miss":"forward"}}') + "}}",
    "unknown keys": lambda: "{" + elements(lambda n: f'"{letters(n)}":1') + "}",
    "one key": lambda: "{" + elements(lambda n: '"cache":"own"') + "}",
    "tokens": lambda: '{"tokens":[' + elements(lambda n: f'{{"id":"{letters(n)}","sha256":"{n:064x}"}}') + "]}",
    "listeners": lambda: '{"listen":[' + elements(lambda n: f'"10.0.{n >> 8 & 255}.{n & 255}:{1 + n // 65536}"') + "]}",
    "upstreams": lambda: '{"forward":[{"zone":".","to":['
    + elements(lambda n: f'"10.0.{n >> 8 & 255}.{n & 255}"')
    + "]}]}",
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
