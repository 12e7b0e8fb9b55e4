"""DNS messages, written and read by hand: attacks need those that a library would not write."""

import dataclasses
import random
import struct

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, OPT, RRSIG, NSEC = 1, 2, 5, 6, 12, 15, 16, 28, 41, 46, 47
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, YXDOMAIN = range(7)
TOKEN_OPTION = 65314


def name(text):
    """A name's octets; labels are parted by dots, "." is the root."""
    return b"".join(bytes([len(part)]) + part.encode("latin-1") for part in text.split(".") if part) + b"\0"


def labels(parts):
    """A name's octets from labels that are octets."""
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def query(question, kind=A, number=None, recursion=True, edns=True, secure=False, token=None, authentic=False):
    """A query. `question` is text or a name's octets; `secure` sets DO, `authentic` AD."""
    octets = name(question) if isinstance(question, str) else question
    number = random.randrange(65536) if number is None else number
    flags = (0x0100 if recursion else 0) | (0x0020 if authentic else 0)
    message = struct.pack(">HHHHHH", number, flags, 1, 0, 0, 1 if edns else 0) + octets + struct.pack(">HH", kind, 1)
    if edns:
        option = struct.pack(">HH", TOKEN_OPTION, len(token)) + token if token else b""
        message += struct.pack(">BHHIH", 0, OPT, 1232, 0x8000 if secure else 0, len(option)) + option
    return message


def record(owner, kind, data, ttl=300):
    """A record; `owner` is a name's octets, or None for the question's name."""
    return (b"\xc0\x0c" if owner is None else owner) + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data


def address(text):
    return bytes(int(part) for part in text.split("."))


def soa(owner=b"\0", ttl=300, zone=b"\0"):
    data = zone + zone + struct.pack(">IIIII", 1, 3600, 600, 86400, ttl)
    return record(owner, SOA, data, ttl)


def response(asked, answers=(), authorities=(), code=NOERROR, truncated=False, authentic=False):
    """The answer of an upstream to a query's octets, with an OPT record where the query has one."""
    end = skip(asked, 12) + 4
    flags = 0x8180 | code | (0x0200 if truncated else 0) | (0x0020 if authentic else 0)
    has_edns = asked[10:12] != b"\0\0"
    secure = has_edns and asked[end + 7 : end + 8] == b"\x80"
    tail = struct.pack(">BHHIH", 0, OPT, 1232, 0x8000 if secure else 0, 0) if has_edns else b""
    counts = struct.pack(">HHHH", 1, len(answers), len(authorities), 1 if has_edns else 0)
    return (
        asked[:2] + struct.pack(">H", flags) + counts + asked[12:end] + b"".join(answers) + b"".join(authorities) + tail
    )


def skip(message, at):
    """Where a name ends."""
    while message[at]:
        if message[at] >= 0xC0:
            return at + 2
        at += message[at] + 1
    return at + 1


def question(message):
    """The question's name as text in lower case, and its type."""
    at, parts = 12, []
    while message[at]:
        parts.append(message[at + 1 : at + 1 + message[at]].decode("latin-1").lower())
        at += message[at] + 1
    return ".".join(parts), struct.unpack(">H", message[at + 1 : at + 3])[0]


@dataclasses.dataclass
class Answer:
    """What of an answer the attacks look at."""

    code: int
    truncated: bool
    authentic: bool
    records: list
    errors: list
    octets: int

    @property
    def addresses(self):
        return [".".join(map(str, data)) for kind, data in self.records if kind == A]


def read(message):
    code, flags = message[3] & 15, struct.unpack(">H", message[2:4])[0]
    questions, answers, others, more = struct.unpack(">HHHH", message[4:12])
    at, records, errors = 12, [], []
    for _ in range(questions):
        at = skip(message, at) + 4
    for index in range(answers + others + more):
        at = skip(message, at)
        kind, _, _, length = struct.unpack(">HHIH", message[at : at + 10])
        data = message[at + 10 : at + 10 + length]
        at += 10 + length
        if index < answers:
            records.append((kind, data))
        while kind == OPT and len(data) >= 4:
            option, size = struct.unpack(">HH", data[:4])
            if option == 15:
                errors.append((struct.unpack(">H", data[4:6])[0], data[6 : 4 + size].decode("utf-8", "replace")))
            data = data[4 + size :]
    return Answer(code, bool(flags & 0x0200), bool(flags & 0x0020), records, errors, len(message))
