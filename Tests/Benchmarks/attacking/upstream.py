"""Upstreams that do as a script says."""

import multiprocessing
import os
import select
import signal
import socket
import struct

from . import wire

SILENCE = None


def good(query, over_tcp):
    """An address for whatever is asked, and no data of other types."""
    if wire.question(query)[1] == wire.A:
        return wire.response(query, [wire.record(None, wire.A, b"\xc0\x00\x02\x09")])
    return wire.response(query, authorities=[wire.soa()])


class Upstream:
    """A process that answers as `reply(query, over_tcp)` says: octets, or SILENCE.

    It counts the questions whose names start with `counted`.
    """

    def __init__(self, reply=good, counted="counted"):
        self.reply, self.prefix = reply, counted
        self.count = multiprocessing.Value("l", 0)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.tcp = socket.socket()
        while True:
            self.udp.bind(("127.0.0.1", 0))
            self.port = self.udp.getsockname()[1]
            try:
                self.tcp.bind(("127.0.0.1", self.port))
                break
            except OSError:
                self.udp.close()
                self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.tcp.listen(256)
        self.process = multiprocessing.Process(target=self.serve, daemon=True)
        self.process.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.die()

    def die(self):
        """Nothing listens at the port from now on."""
        if self.process.is_alive():
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.join()
        self.udp.close()
        self.tcp.close()

    def fall_silent(self):
        """Nothing answers at the port from now on, and nothing says that nobody is there."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def serve(self):
        poller = select.epoll()
        poller.register(self.udp, select.EPOLLIN)
        poller.register(self.tcp, select.EPOLLIN)
        streams = {}
        while True:
            for number, _ in poller.poll():
                if number == self.udp.fileno():
                    query, peer = self.udp.recvfrom(65535)
                    if (answer := self.answer(query, False)) is not SILENCE:
                        self.udp.sendto(answer, peer)
                elif number == self.tcp.fileno():
                    stream, _ = self.tcp.accept()
                    streams[stream.fileno()] = [stream, b""]
                    poller.register(stream, select.EPOLLIN)
                else:
                    self.serve_stream(streams, number)

    def serve_stream(self, streams, number):
        stream, received = streams[number]
        try:
            more = stream.recv(65535)
        except OSError:
            more = b""
        if not more:
            stream.close()
            del streams[number]
            return
        received += more
        while len(received) >= 2 and len(received) >= 2 + (length := struct.unpack(">H", received[:2])[0]):
            if (answer := self.answer(received[2 : 2 + length], True)) is not SILENCE:
                try:
                    stream.sendall(struct.pack(">H", len(answer)) + answer)
                except OSError:
                    pass
            received = received[2 + length :]
        streams[number][1] = received

    def answer(self, query, over_tcp):
        if len(query) < 17:
            return SILENCE
        if wire.question(query)[0].startswith(self.prefix):
            self.count.value += 1
        return self.reply(query, over_tcp)
