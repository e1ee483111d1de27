"""Just enough AMQP 0-9-1 for the tests that need a client in their own hands: its socket, its address, its silence."""
import socket, struct


def text(value):
    return bytes([len(value)]) + value.encode()


def method(number, arguments=b"", channel=1):
    payload = struct.pack(">HH", *number) + arguments
    return struct.pack(">BHI", 1, channel, len(payload)) + payload + b"\xce"


class Client:
    def __init__(self, port, source="127.0.0.1", heartbeat=0):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0))
        self.confirms, self.published = False, 0
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

    def declare(self, queue, kind=None):
        """How many messages the durable queue has ready; makes it, of that type, if it is not there."""
        table = b""
        if kind:
            table = text("x-queue-type") + b"S" + struct.pack(">I", len(kind)) + kind.encode()
        answer = self.call((50, 10), b"\0\0" + text(queue) + b"\x02" + struct.pack(">I", len(table)) + table, (50, 11))
        return struct.unpack(">I", answer[1 + len(queue) : 5 + len(queue)])[0]

    def publish(self, queue, bodies):
        """Persistent messages; returns when all of them are confirmed."""
        if not self.confirms:
            self.call((85, 10), b"\0", (85, 11))
            self.confirms = True
        for body in bodies:
            header = struct.pack(">HHQHB", 60, 0, len(body), 0x1000, 2)
            self.socket.sendall(
                method((60, 40), b"\0\0\0" + text(queue) + b"\0")
                + struct.pack(">BHI", 2, 1, len(header)) + header + b"\xce"
                + struct.pack(">BHI", 3, 1, len(body)) + body + b"\xce")
            self.published += 1
        waits = set(range(self.published - len(bodies) + 1, self.published + 1))
        while waits:
            tag, several = struct.unpack(">QB", self.take(60, 80)[:9])
            waits.difference_update([one for one in waits if one <= tag] if several else [tag])

    def consume(self, queue, prefetch):
        self.call((60, 10), struct.pack(">IHB", 0, prefetch, 0), (60, 11))
        self.call((60, 20), b"\0\0" + text(queue) + b"\0\0" + struct.pack(">I", 0), (60, 21))

    def deliveries(self, count):
        for _ in range(count):
            self.take(60, 60)

    def take_all(self, queue):
        """The bodies of all messages, in order; they are gone from the queue."""
        bodies = []
        while True:
            self.socket.sendall(method((60, 70), b"\0\0" + text(queue) + b"\1"))
            number = None
            while number not in ((60, 71), (60, 72)):
                kind, payload = self.frame()
                number = struct.unpack(">HH", payload[:4]) if kind == 1 else None
            if number == (60, 72):
                return bodies
            kind, header = self.frame()
            size, body = struct.unpack(">Q", header[4:12])[0], b""
            while len(body) < size:
                body += self.frame()[1]
            bodies.append(body)
