"""seed.py PORT COUNT: puts products SKU-0 … into the edge, with stock that does not run out."""
import http.client
import json
import sys
import threading

port, count, threads = int(sys.argv[1]), int(sys.argv[2]), 8
HEADERS = {"content-type": "application/json", "prefer": "wait=20"}


def call(connection, method, path, body, accepted):
    connection.request(method, path, json.dumps(body), HEADERS)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status not in accepted:
        sys.exit(f"{method} {path}: {answer.status} {text.decode()}")


def seed(first):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for number in range(first, count, threads):
        product = f"SKU-{number}"
        price = 1999 if number % 2 else 499
        call(connection, "POST", "/products", {"productId": product, "name": product, "priceCents": price}, (201, 409))
        call(connection, "PUT", f"/products/{product}/inventory", {"quantity": 1_000_000}, (200, 201))


workers = [threading.Thread(target=seed, args=(first,)) for first in range(threads)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
