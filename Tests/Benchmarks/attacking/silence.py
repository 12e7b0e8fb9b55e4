"""What the server waits for that never comes: a reader of its log, a reload's end, an upstream that is gone."""

import fcntl
import hashlib
import http.client
import json
import os
import signal
import socket
import threading
import time

from . import at_least, at_most, attack, wire
from .server import BAD, GOOD, HOSTILE, ZONE, Server, fresh
from .upstream import Upstream, good

TOKEN = bytes(range(16))
PIPE_OCTETS = 4096


@attack("unread-log", "12", 60)
def unread_log():
    """standard error is a pipe that nobody reads: questions, changes and SIGTERM while much is written to it"""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_OCTETS)
    token = {"id": "one", "sha256": hashlib.sha256(TOKEN).hexdigest()}
    workspaces = {"victim": GOOD, "hostile": BAD, "third": {"workspace.json": {"clients": [], "tokens": [token]}}}
    for number in range(30):
        workspaces[f"broken{number}"] = {"workspace.json": {"clients": ["nonsense"] * 3}}
    with Server(workspaces, workers=2, errors=writing, ready=None) as server:
        # What the start writes is read, as far as it fits; from then on nothing is.
        os.set_blocking(reading, False)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and not server.ask("www.corp.example", patience=0.2):
            try:
                os.read(reading, 1 << 16)
            except OSError:
                pass
        for number in range(20):
            server.write(f"broken{number}/workspace.json", {"clients": ["other nonsense"] * 20})
        for _ in range(5):
            server.process.send_signal(signal.SIGHUP)
            time.sleep(0.2)
        answered = 0
        for number in range(100):
            # Another's token: each of the workers has a line to write.
            server.ask("www.corp.example", source=HOSTILE, patience=0.01, token=TOKEN)
            answered += server.ask("www.corp.example", patience=0.2) is not None
        yield at_least("answered within 0.2 s, of 100", answered, 99)
        yield at_most("change of a zone served after", server.seconds_until_changed(8, 5), 1, " s", "{:.2f}")
        yield at_most("until SIGTERM ended it", server.seconds_until_ended(), 6, " s", "{:.1f}")
    os.close(reading)
    os.close(writing)


class Admin(http.client.HTTPConnection):
    """The admin socket of a server."""

    def __init__(self, server):
        super().__init__("localhost", timeout=30)
        self.path = os.path.join(server.zones, ".backroad/admin.sock")

    def connect(self):
        deadline = time.monotonic() + 5
        while True:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(30)
            try:
                return self.sock.connect(self.path)
            except OSError:
                # A server that has just started may not listen here yet.
                self.sock.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def ask(self, target, body):
        self.request("POST", target, json.dumps(body), {"Content-Type": "application/json"})
        answer = self.getresponse()
        return answer.status, answer.read()


def reading_peak(changes):
    """The peak of memory, in MB, while a large workspace is read and leases change; how many did in that time."""
    text = ZONE + "".join(f"h{number:x} A 10.0.0.1\n" for number in range(950_000))
    with Server({"victim": GOOD, "hostile": BAD}) as server:
        server.command_line("lease", "add", "--workspace", "victim", "--ttl", "1h", "10.7.0.1")
        server.write("hostile/corp.example.zone", text)
        reading = threading.Thread(target=lambda: Admin(server).ask("/v1/reload", {"workspace": "hostile"}))
        reading.start()
        admin, done = Admin(server), 0
        while reading.is_alive() and done < changes:
            address = f"10.7.{done >> 8 & 255}.{done & 255}"
            admin.ask("/v1/leases", {"workspace": "victim", "ttl": 3600, "addresses": [address]})
            done += 1
        peak = server.memory("VmHWM")
        reading.join()
        return max(peak, server.memory("VmHWM")), done


@attack("leases-while-reading", "12", 120)
def leases_while_reading():
    """leases change while a large workspace is read: memory at its peak beside that of the same without leases"""
    alone, _ = reading_peak(0)
    peak, done = reading_peak(65_000)
    yield at_most(f"{done} changes, {alone:.0f} MB without; more", peak - alone, 100, " MB", "{:.0f}")


SEARCH = ["default.svc.cluster.local", "svc.cluster.local", "cluster.local", "ec2.internal"]


def stub_seconds(server, name, domains, patience):
    """How long a stub with ndots:5 takes to a private name's address: the search domains first, each twice at most."""
    start = time.monotonic()
    for candidate in [f"{name}.{domain}" for domain in domains] + [name]:
        for _ in range(2):
            answer = server.ask(candidate, patience=patience)
            if answer and answer.code == wire.SERVFAIL:
                # musl fails here; glibc, Go, Java and Node go on to the next.
                break
            if answer and answer.addresses:
                return time.monotonic() - start
            if answer:
                break
    return time.monotonic() - start


@attack("dead-upstream", "13", 120)
def dead_upstream():
    """ten seconds after the upstream died: until a stub with search domains has a private name"""
    names = "".join(f"private{number} A 192.0.2.{number}\n" for number in range(10))
    for how in ("died", "fell silent"):
        with Upstream(good) as upstream:
            with Server(
                {"victim": {**GOOD, "corp.example.zone": ZONE + "www A 192.0.2.1\n" + names}}, upstream
            ) as server:
                for _ in range(10):
                    server.ask(fresh("example"))
                upstream.die() if how == "died" else upstream.fall_silent()
                end = time.monotonic() + 10
                while time.monotonic() < end:
                    server.ask(fresh("example"), patience=0.25)
                    time.sleep(0.25)
                times = [stub_seconds(server, f"private{n}.corp.example", SEARCH, 5) for n in range(2)]
                yield at_most(f"the upstream {how}, all domains", max(times), 0.5, " s", "{:.2f}")
                times = [stub_seconds(server, f"private{n}.corp.example", ["nowhere.example"], 5) for n in range(2, 4)]
                yield at_most(f"the upstream {how}, one domain", max(times), 0.5, " s", "{:.2f}")
                answer = server.ask(fresh("ec2.internal"), patience=0.5)
                yield at_least(
                    f"the upstream {how}, of 1 question with an answer within 0.5 s", int(answer is not None), 1
                )


@attack("dying-upstream", "13", 60)
def dying_upstream():
    """right after the upstream fell silent: until a stub with search domains has a private name"""
    with Upstream(good) as upstream:
        with Server({"victim": GOOD}, upstream) as server:
            for _ in range(10):
                server.ask(fresh("example"))
            upstream.fall_silent()
            yield at_most("all domains", stub_seconds(server, "www.corp.example", SEARCH, 5), 5, " s", "{:.2f}")
