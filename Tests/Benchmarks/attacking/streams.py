"""TCP clients that pipeline, and clients of nobody."""

import socket
import time

from . import Figure, at_least, at_most, attack, wire
from .server import GOOD, STRANGER, ZONE, Server


@attack("pipelined", "4")
def pipelined():
    """seven questions at once for a TXT of 50 KB, by a TCP client that reads at once"""
    text = ZONE + "www A 192.0.2.1\nbig TXT " + " ".join(['"' + "x" * 250 + '"'] * 200) + "\n"
    with Server({"victim": {**GOOD, "corp.example.zone": text}}) as server:
        stream = server.stream(patience=3)
        start = time.monotonic()
        stream.send(*[wire.query("big.corp.example", wire.TXT, number) for number in range(7)])
        count = 0
        while count < 7 and stream.receive():
            count += 1
        yield at_least(f"answers within {min(3, time.monotonic() - start):.2g} s", count, 7)
        many = server.stream(patience=3)
        many.send(*[wire.query("big.corp.example", wire.TXT, number) for number in range(60)])
        count = 0
        while count < 60 and many.receive():
            count += 1
        yield at_least("answers to 60 questions at once", count, 60)


@attack("strangers", "6")
def strangers():
    """1000 questions of the smallest size from an address that is nobody's client: octets out for those in"""
    with Server({"victim": GOOD}) as server:
        for what, edns, recursion in (
            ("with EDNS", True, True),
            ("without EDNS", False, True),
            ("without RD", True, False),
        ):
            message = wire.query(".", wire.A, edns=edns, recursion=recursion)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
                end.bind((STRANGER, 0))
                end.connect(("127.0.0.1", server.port))
                received, explained = 0, 0

                def take():
                    nonlocal received, explained
                    count = len(end.recv(4096))
                    received += count
                    explained += count > len(message)

                start = time.monotonic()
                for index in range(1000):
                    end.send(message)
                    end.settimeout(0.2 if index > 990 else 0.002)
                    try:
                        take()
                    except OSError:
                        pass
                end.settimeout(0.3)
                try:
                    while True:
                        take()
                except OSError:
                    pass
                seconds = time.monotonic() - start
            yield at_most(
                f"octets out for each in, {len(message)} octets {what}",
                received / (1000 * len(message)),
                1.1,
                form="{:.3g}",
            )
            # A few refusals explain themselves: 20 at once and 5 a second, to one prefix.
            yield at_most(f"answers longer than the question {what}", explained, 20 + 5 * int(seconds + 1))
        answer = server.ask("www.corp.example")
        yield Figure("the victim is answered meanwhile", str(bool(answer)), "True", bool(answer))
