"""Many workspaces for the benchmarks beside this file, each of one client address and one zone of the same names."""

import os
import re
import struct

import peers

ZONE = "corp.example"


def source(tenant):
    """The loopback address that is a tenant's only client."""
    number = (1 << 16) + 1 + tenant
    return f"127.{number >> 16}.{number >> 8 & 255}.{number & 255}"


def address(number):
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def folder(zones, tenant):
    return os.path.join(zones, f"t{tenant:06d}")


def zone_text(names, first):
    """A zone in which host K has the address FIRST + K."""
    head = f"$ORIGIN {ZONE}.\n$TTL 300\n@ IN SOA ns.{ZONE}. root.{ZONE}. 1 3600 600 86400 300\n@ IN NS ns.{ZONE}.\n"
    hosts = "".join(f"h{k} IN A {address(first + k)}\n" for k in range(names))
    return head + "ns IN A 127.0.0.1\n" + hosts


def make(zones, tenants, names):
    for tenant in range(tenants):
        place = folder(zones, tenant)
        os.makedirs(place)
        with open(os.path.join(place, "workspace.json"), "w") as file:
            file.write(f'{{ "clients": ["{source(tenant)}"] }}\n')
        with open(os.path.join(place, ZONE + ".zone"), "w") as file:
            file.write(zone_text(names, tenant * 64))


def serve(scratch, zones, workers=1, prefix=()):
    """Backroad on these workspaces, which forwards nowhere; it may not answer yet."""
    port = peers.free_port()
    with open(os.path.join(scratch, "backroad.json"), "w") as file:
        file.write('{ "forward": [] }')
    command = [
        *prefix, peers.BACKROAD, "serve", "--config", os.path.join(scratch, "backroad.json"), "--zones", zones,
        "--listen", f"127.0.0.1:{port}", "--workers", str(workers)]
    return peers.Daemon(scratch, "backroad", port, command)


def answer(message):
    """The address that a message without an OPT record ends with; None when it has no answer."""
    if struct.unpack(">H", message[6:8])[0] == 0:
        return None
    return re.search(rb"\xc0\x0c\x00\x01\x00\x01.{4}\x00\x04(.{4})", message, re.S).group(1)
