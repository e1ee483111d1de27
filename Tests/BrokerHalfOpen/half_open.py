"""What the broker does with a client that has gone without a word. Speaks just enough AMQP 0-9-1 to see it."""
import os, socket, struct, subprocess, sys, time


def text(value):
    return bytes([len(value)]) + value.encode()


def method(number, arguments=b"", channel=1):
    payload = struct.pack(">HH", *number) + arguments
    return struct.pack(">BHI", 1, channel, len(payload)) + payload + b"\xce"


class Client:
    def __init__(self, port, source, heartbeat):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0))
        self.buffer = b""
        self.socket.sendall(b"AMQP\0\0\x09\x01")
        self.take(10, 10)
        plain = b"\0guest\0guest"
        self.call((10, 11), struct.pack(">I", 0) + text("PLAIN") + struct.pack(">I", len(plain)) + plain + text("en_US"), (10, 30), 0)
        self.socket.sendall(method((10, 31), struct.pack(">HIH", 100, 131072, heartbeat), 0))
        self.call((10, 40), text("/") + b"\0\0", (10, 41), 0)
        self.call((20, 10), b"\0", (20, 11))

    def frame(self):
        while True:
            if len(self.buffer) >= 7:
                kind, channel, length = struct.unpack(">BHI", self.buffer[:7])
                if len(self.buffer) >= length + 8:
                    payload, self.buffer = self.buffer[7 : 7 + length], self.buffer[8 + length :]
                    return kind, payload
            data = self.socket.recv(1 << 16)
            if not data:
                raise EOFError
            self.buffer += data

    def take(self, *number):
        while True:
            kind, payload = self.frame()
            if kind == 1 and struct.unpack(">HH", payload[:4]) == number:
                return payload[4:]

    def call(self, number, arguments, answer, channel=1):
        self.socket.sendall(method(number, arguments, channel))
        return self.take(*answer)

    def declare(self, queue):
        answer = self.call((50, 10), b"\0\0" + text(queue) + b"\x02" + struct.pack(">I", 0), (50, 11))
        return struct.unpack(">I", answer[1 + len(queue) : 5 + len(queue)])[0]

    def publish(self, queue, count, size):
        self.call((85, 10), b"\0", (85, 11))
        one = method((60, 40), b"\0\0\0" + text(queue) + b"\0")
        header = struct.pack(">HHQHB", 60, 0, size, 0x1000, 2)
        one += struct.pack(">BHI", 2, 1, len(header)) + header + b"\xce" + struct.pack(">BHI", 3, 1, size) + bytes(size) + b"\xce"
        for _ in range(count):
            self.socket.sendall(one)
        confirmed = 0
        while confirmed < count:
            confirmed = struct.unpack(">Q", self.take(60, 80)[:8])[0]

    def consume(self, queue, prefetch):
        self.call((60, 10), struct.pack(">IHB", 0, prefetch, 0), (60, 11))
        self.call((60, 20), b"\0\0" + text(queue) + b"\0\0" + struct.pack(">I", 0), (60, 21))

    def deliveries(self, count):
        for _ in range(count):
            self.take(60, 60)


def rule(*arguments):
    subprocess.run(["ip", *arguments], check=True)


def drop(isOn):
    for way in ("from", "to"):
        rule("rule", "add" if isOn else "del", "pref", "10", way, "127.0.0.2", "blackhole")


def resident(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * 4096


def sockets(pid):
    return sum(1 for name in os.listdir(f"/proc/{pid}/fd") if "socket" in os.readlink(f"/proc/{pid}/fd/{name}"))


def check(what, holds):
    print(("ok   " if holds else "FAIL ") + what, flush=True)
    if not holds:
        sys.exit(1)


def with_heartbeat(port, pid):
    """Silence of two heartbeats ends the connection, and others get what it had not acknowledged."""
    before = sockets(pid)
    gone, other = Client(port, "127.0.0.2", 1), Client(port, "127.0.0.1", 0)
    other.declare("beat")
    gone.consume("beat", 10)
    other.publish("beat", 5, 100)
    gone.deliveries(5)
    drop(True)
    start = time.monotonic()
    other.consume("beat", 10)
    other.deliveries(5)
    took = time.monotonic() - start
    check(f"its 5 messages came to another consumer after {took:.1f} s (heartbeat 1 s)", 1 < took < 6)
    check("its socket is closed", sockets(pid) == before + 1)
    drop(False)
    other.socket.close()


def without_heartbeat(port, pid):
    """Nothing is heard of the client either way: what it cannot take is not kept for it, and after 30 s it is gone."""
    before = sockets(pid)
    gone, other = Client(port, "127.0.0.2", 0), Client(port, "127.0.0.1", 0)
    other.declare("quiet")
    gone.consume("quiet", 0)
    drop(True)
    start = time.monotonic()
    memory = resident(pid)
    other.publish("quiet", 2_000, 100_000)
    grown = (resident(pid) - memory) >> 20
    check(f"200 MB for a consumer that takes nothing: {grown} MB more memory", grown < 150)
    while sockets(pid) > before + 1 and time.monotonic() - start < 60:
        time.sleep(0.2)
    took = time.monotonic() - start
    check(f"it was given up after {took:.0f} s", 25 < took < 45)
    ready = other.declare("quiet")
    check(f"all 2000 messages wait again: {ready}", ready == 2_000)
    drop(False)


def main():
    rule("link", "set", "lo", "up")
    # The table of local addresses is asked first of all; the rules above have to come before it.
    rule("rule", "add", "pref", "100", "lookup", "local")
    rule("rule", "del", "pref", "0")
    process = subprocess.Popen([sys.argv[1], sys.argv[2] + "/data"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        port = int(process.stdout.readline().split()[1])
        with_heartbeat(port, process.pid)
        without_heartbeat(port, process.pid)
    finally:
        process.kill()
        process.wait()


main()
