"""Validates the same document with the Python validators, and sets the numbers of schema-benchmark beside them.

usage: compare.py SCHEMA DOCUMENT SCHEMA-BENCHMARK
"""

import json
import subprocess
import sys
import time

import fastjsonschema
import jsonschema


def rate(body, seconds=2.0):
    """How many times body runs in a second of processor time; the best of five stretches."""
    best = 0.0
    for _ in range(5):
        count, start = 0, time.thread_time()
        while True:
            for _ in range(20):
                body()
            count += 20
            elapsed = time.thread_time() - start
            if elapsed >= seconds / 5:
                break
        best = max(best, count / elapsed)
    return best


def main():
    schema_path, document_path, program = sys.argv[1:4]
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    with open(document_path, "rb") as file:
        data = file.read()
    document = json.loads(data)

    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    validator = jsonschema.Draft202012Validator(schema, format_checker=checker)
    assert validator.is_valid(document)
    # fastjsonschema knows the drafts up to 7 only; this schema means the same there but for the name of the draft.
    compiled = fastjsonschema.compile({key: value for key, value in schema.items() if key != "$schema"})
    compiled(document)

    ours = json.loads(subprocess.run([program, schema_path, document_path], check=True, capture_output=True).stdout)
    rows = [
        ("of a parsed value", ours["validate"], rate(lambda: validator.is_valid(document)), rate(lambda: compiled(document))),
        ("from bytes", ours["validateBytes"], rate(lambda: validator.is_valid(json.loads(data))),
         rate(lambda: compiled(json.loads(data)))),
    ]
    print(f"one document of {len(data)} bytes, validations a second on one core")
    print(f"{'':20}{'Millrace':>12}{'jsonschema':>12}{'ratio':>8}{'fastjsonschema':>16}{'ratio':>8}")
    for name, own, slow, fast in rows:
        print(f"{name:20}{own:>12,}{slow:>12,.0f}{own / slow:>7.1f}x{fast:>16,.0f}{own / fast:>7.1f}x")
    print(f"yes or no only: {ours['isValid']:,}; parsing alone: {ours['parse']:,}; compiling the schema: {ours['compile']:,}")
    failed = []
    if ours["validate"] < 20 * rows[0][2]:
        failed.append("less than 20 times jsonschema")
    if ours["validate"] <= rows[0][3] or ours["validateBytes"] <= rows[1][3]:
        failed.append("slower than fastjsonschema")
    if failed:
        sys.exit("; ".join(failed))


if __name__ == "__main__":
    main()
