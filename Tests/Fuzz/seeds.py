"""Writes what libFuzzer starts from into a folder: one whole thing of each kind that the decoders read, the same in every run.

    python3 Tests/Fuzz/seeds.py FOLDER
"""
import os, struct, sys


def short(value):
    return bytes([len(value)]) + value.encode()


def long(value):
    return struct.pack(">I", len(value)) + value


def table(*fields):
    return long(b"".join(short(name) + kind.encode() + value for name, kind, value in fields))


def frame(kind, payload, channel=1):
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + b"\xce"


def method(family, number, arguments=b""):
    return frame(1, struct.pack(">HH", family, number) + arguments)


# One field of every type, and tables and lists within each other.
FIELDS = [
    ("truth", "t", b"\1"), ("b", "b", b"\xff"), ("B", "B", b"\xff"), ("s", "s", b"\xff\xfe"), ("u", "u", b"\xff\xfe"),
    ("I", "I", b"\xff" * 4), ("i", "i", b"\xff" * 4), ("l", "l", b"\xff" * 8), ("f", "f", struct.pack(">f", 1.5)),
    ("d", "d", struct.pack(">d", -0.1)), ("decimal", "D", b"\2" + struct.pack(">i", -123)), ("text", "S", long(b"text")),
    ("bytes", "x", long(b"\0\xff")), ("time", "T", struct.pack(">Q", 1_700_000_000)), ("nothing", "V", b""),
    ("list", "A", long(b"t\0" + b"S" + long(b"in it") + b"A" + long(b""))), ("table", "F", table(("x-match", "S", long(b"all")))),
]
EVERYTHING = table(*FIELDS)
DEEP = table()
for _ in range(33):
    DEEP = table(("d", "F", DEEP))

TEXT = [short("text/plain"), short("utf-8"), EVERYTHING, b"\2", b"\5", short("c"), short("amq.rabbitmq.reply-to"), short("60000"),
        short("id"), struct.pack(">Q", 1_700_000_000), short("order.created"), short("guest"), short("app"), short("")]
PROPERTIES = struct.pack(">H", 0xFFFC) + b"".join(TEXT)
HEADERS = struct.pack(">H", 0x2000) + table(
    ("CC", "A", long(b"S" + long(b"copy"))), ("BCC", "A", long(b"S" + long(b"blind"))), ("x-death", "A", long(b"F" + table(
        ("count", "l", struct.pack(">q", 1)), ("reason", "S", long(b"expired")), ("queue", "S", long(b"q"))))))
LOGIN = table(("LOGIN", "S", long(b"guest")), ("PASSWORD", "S", long(b"guest")))

METHODS = {
    "start-ok": (10, 11, EVERYTHING + short("PLAIN") + long(b"\0guest\0guest") + short("en_US")),
    "tune-ok": (10, 31, struct.pack(">HIH", 100, 131072, 60)), "open": (10, 40, short("/") + b"\0\0"),
    "close": (10, 50, struct.pack(">H", 320) + short("closed") + b"\0\0\0\0"), "channel-open": (20, 10, b"\0"),
    "flow": (20, 20, b"\1"), "exchange-declare": (40, 10, b"\0\0" + short("e") + short("topic") + b"\2" + EVERYTHING),
    "exchange-bind": (40, 30, b"\0\0" + short("to") + short("from") + short("a.*") + b"\0" + EVERYTHING),
    "queue-declare": (50, 10, b"\0\0" + short("q") + b"\2" + table(("x-message-ttl", "I", struct.pack(">i", 1000)))),
    "queue-bind": (50, 20, b"\0\0" + short("q") + short("e") + short("#") + b"\0" + EVERYTHING),
    "qos": (60, 10, struct.pack(">IHB", 0, 10, 0)), "consume": (60, 20, b"\0\0" + short("q") + short("tag") + b"\0" + EVERYTHING),
    "publish": (60, 40, b"\0\0" + short("e") + short("key") + b"\1"), "get": (60, 70, b"\0\0" + short("q") + b"\0"),
    "ack": (60, 80, struct.pack(">QB", 1, 1)), "reject": (60, 90, struct.pack(">QB", 1, 1)), "nack": (60, 120, struct.pack(">QB", 1, 3)),
    "recover": (60, 110, b"\1"), "confirm": (85, 10, b"\0"), "tx": (90, 10, b""),
}


def content(properties, body):
    header = struct.pack(">HHQ", 60, 0, len(body)) + properties
    return method(*METHODS["publish"]) + frame(2, header) + frame(3, body)


def seeds():
    yield from ((name, method(*parts)) for name, parts in METHODS.items())
    yield "session", b"".join(method(*METHODS[name]) for name in ("start-ok", "tune-ok", "open", "channel-open", "confirm"))
    yield "content", content(PROPERTIES, b"body")
    yield "content-headers", content(HEADERS, b"")
    yield "heartbeat", frame(8, b"", 0)
    yield "table", EVERYTHING
    yield "table-deep", DEEP
    yield from (("field-" + kind, table((name, kind, value))) for name, kind, value in FIELDS)
    yield "properties", PROPERTIES
    yield "properties-headers", HEADERS
    yield "login", LOGIN[4:]
    yield "plain", b"\0guest\0guest"
    # The first byte chooses a method, and the rest are its fields: what fits one of them is found from here.
    yield from ((f"fields-{choice}", bytes([choice]) + b"\0\0" + short("q") + b"\0\0" + table()) for choice in range(0, 64, 3))


for name, data in seeds():
    with open(os.path.join(sys.argv[1], name), "wb") as file:
        file.write(data)
