"""What one workspace, or nobody's clients, may use of what all share: questions in flight, streams, connections."""

import multiprocessing
import os
import random
import resource
import socket
import time

from . import Figure, at_least, at_most, attack, wire
from .server import GOOD, HOSTILE, ZONE, Server, fresh
from .upstream import SILENCE, Upstream, good


def silent(query, over_tcp):
    """Nothing to names that start with `silent`, an address to others."""
    return SILENCE if wire.question(query)[0].startswith("silent") else good(query, over_tcp)


def stalling(query, over_tcp):
    """The advice to use TCP, where names that start with `stall` get nothing."""
    if not over_tcp:
        return wire.response(query, truncated=True)
    return SILENCE if wire.question(query)[0].startswith("stall") else good(query, over_tcp)


def pour(port, sources, zone, prefix, rate, until):
    """Asks for fresh names from these addresses in turn, so many times a second in all."""
    ends = []
    for source in sources:
        end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        end.bind((source, 0))
        end.connect(("127.0.0.1", port))
        end.setblocking(False)
        ends.append(end)
    tail, sent, start = wire.query(zone)[12:], 0, time.monotonic()
    while (now := time.monotonic()) < until:
        while sent < (now - start) * rate:
            label = b"%s%x" % (prefix, random.randrange(1 << 48))
            head = random.randbytes(2) + b"\x01\0\0\x01\0\0\0\0\0\x01"
            try:
                ends[sent % len(ends)].send(head + bytes([len(label)]) + label + tail)
            except OSError:
                pass
            sent += 1
        for end in ends:
            try:
                while True:
                    end.recv(4096)
            except OSError:
                pass
        time.sleep(0.001)


class Pouring:
    def __init__(self, server, sources, zone, prefix, rate, seconds):
        self.process = multiprocessing.Process(
            target=pour, args=(server.port, sources, zone, prefix, rate, time.monotonic() + seconds), daemon=True
        )
        self.process.start()

    def end(self):
        self.process.kill()
        self.process.join()


def asked_in_time(server, count, zone, each, limit, source="127.0.0.2"):
    """Asks for fresh names at a steady pace; how many were answered within the limit, in seconds."""
    good_ones, start = 0, time.monotonic()
    for number in range(count):
        time.sleep(max(0, start + number * each - time.monotonic()))
        answer = server.ask(fresh(zone), source=source, patience=limit)
        good_ones += answer is not None and bool(answer.addresses)
    return good_ones


def asked_at_once(server, count, zone):
    """Asks for fresh names all at once; how many were answered with what they ask for."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.bind(("127.0.0.2", 0))
        end.connect(("127.0.0.1", server.port))
        end.settimeout(1.5)
        for number in range(count):
            end.send(wire.query(fresh(zone), number=number))
        answers = []
        try:
            while len(answers) < count:
                answers.append(wire.read(end.recv(4096)))
        except OSError:
            pass
        return sum(answer.code == wire.NOERROR for answer in answers)


TWELVE = [f"127.30.0.{number}" for number in range(1, 13)]


def two(own_rule=None):
    hostile = {"clients": ["127.30.0.0/24", HOSTILE]}
    if own_rule:
        hostile["forward"] = [{"zone": "silent.test", "to": [f"127.0.0.1:{own_rule.port}"]}]
    return {"victim": GOOD, "hostile": {"workspace.json": hostile, "corp.example.zone": ZONE}}


def silent_case(own, workers, rate):
    with Upstream(silent) as upstream, Upstream(silent) as other:
        with Server(two(other if own else None), upstream, workers=workers) as server:
            alone = asked_in_time(server, 20, "example", 0.02, 0.1)
            pouring = Pouring(server, TWELVE, "silent.test", b"silent", rate, 20)
            time.sleep(3)
            count = asked_in_time(server, 100, "example", 0.03, 0.1)
            pouring.end()
    return count, alone


@attack("silent-questions", "11", 90)
def silent_questions():
    """twelve addresses of a workspace ask what is never answered: another's fresh questions within 0.1 s, of 100"""
    for own, workers, rate in ((False, 1, 5000), (True, 1, 5000), (False, 2, 5000), (False, 1, 1000), (False, 1, 3000)):
        count, alone = silent_case(own, workers, rate)
        whose = "of its own" if own else "that all use"
        yield at_least(f"{rate} a second at an upstream {whose}, {workers} workers ({alone} of 20 before)", count, 99)


@attack("moving-to-tcp", "11", 60)
def moving_to_tcp():
    """130 questions a second move to TCP and are never answered: another's that need TCP, of 50 within 1 s"""
    with Upstream(stalling) as upstream, Server(two(), upstream) as server:
        alone = asked_in_time(server, 15, "example", 0.02, 1)
        pouring = Pouring(server, TWELVE, "stall.test", b"stall", 130, 30)
        time.sleep(5)
        count = asked_in_time(server, 50, "example", 0.1, 1)
        pouring.end()
    yield at_least(f"answered ({alone} of 15 before)", count, 49)


def connect_idle(port, count, spread, first=0):
    """Connections of strangers that ask nothing, from so many addresses."""
    made = []
    for number in range(first, first + count):
        end = socket.socket()
        end.settimeout(1)
        try:
            end.bind((f"127.40.{number % spread >> 8}.{1 + number % spread & 255}", 0))
            end.connect(("127.0.0.1", port))
        except OSError:
            end.close()
            continue
        made.append(end)
    return made


@attack("idle-connections", "11", 90)
def idle_connections():
    """1,100 idle connections of nobody's clients, with 1024 descriptors: what is left for the workspaces"""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 8192), limit))
    with Upstream(good) as upstream, Server(two(), upstream, workers=4, descriptors=1024) as server:
        made = connect_idle(server.port, 1100, 60)
        time.sleep(0.5)
        failed = 50 - asked_at_once(server, 50, "example")
        yield at_most(f"of 50 forwarded questions, failed, with {len(made)} connections", failed, 0)
        outcome = server.command_line("status")
        yield Figure("status", f"exit status {outcome.returncode}", "exit status 0", outcome.returncode == 0)
        for end in made:
            end.close()
    for what, workers, spread in (
        ("of 1,100 addresses", 1, 1100),
        ("of one address", 1, 1),
        ("of 60 addresses and 4 workers", 4, 60),
    ):
        lost = 0
        for _ in range(5):
            with Server(two(), workers=workers, descriptors=1024) as server:
                lost += loses_its_connection(server, spread)
        yield at_most(f"of 5 runs, an active client's connection closed by connections {what}", lost, 0)


def loses_its_connection(server, spread):
    """True when a client that asks in between loses its connection to 1,100 of strangers."""
    stream, made = server.stream(patience=1), []
    for part in range(12):
        try:
            stream.send(wire.query("www.corp.example"))
        except OSError:
            return True
        if not stream.receive():
            return True
        made += connect_idle(server.port, 100, spread, part * 100)
    return False


@attack("many-streams", "11", 60)
def many_streams():
    """600 busy connections of one workspace's twelve addresses: another's new connections that are served, of 20"""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 8192), limit))
    with Server(two(), workers=1) as server:
        active = server.stream(patience=1)
        made = []
        for number in range(600):
            end = server.stream(TWELVE[number % 12], patience=1)
            end.send(wire.query("www.corp.example"))
            made.append(end)
            if number % 50 == 0:
                active.send(wire.query("www.corp.example"))
                if not active.receive():
                    yield Figure("the connection that was open before", f"closed at {number}", "open", False)
                    break
        else:
            yield Figure("the connection that was open before", "open", "open", True)
        served = 0
        for _ in range(20):
            stream = server.stream(patience=1)
            stream.send(wire.query("www.corp.example"))
            served += stream.receive() is not None
            stream.close()
        yield at_least("new connections that are served, of 20", served, 20)


@attack("admin-connections", "11", 60)
def admin_connections():
    """64 idle connections to the admin socket: whether status is answered"""
    with Server(two()) as server:
        made = []
        for _ in range(64):
            end = socket.socket(socket.AF_UNIX)
            end.settimeout(1)
            try:
                end.connect(os.path.join(server.zones, ".backroad/admin.sock"))
                end.send(b"GET /v1/status HTTP/1.1\r\n")
                made.append(end)
            except OSError:
                end.close()
        start = time.monotonic()
        outcome = server.command_line("status")
        yield Figure(
            "status",
            f"exit status {outcome.returncode} after {time.monotonic() - start:.1f} s",
            "exit status 0",
            outcome.returncode == 0,
        )
