extension DemoReport {
    /// The report for people.
    func text(_ console: Console) -> String {
        var lines: [String] = [""]
        lines.append(console.output("Invariants", .bold))
        let width = invariants.map(\.name.count).max() ?? 0
        for invariant in invariants {
            let mark = invariant.holds ? console.output("✓", .green) : console.output("✗", .red, .bold)
            lines.append("  \(mark) \(invariant.name.padding(width))  \(invariant.detail)")
        }
        lines.append("")
        lines.append(console.output("Orders", .bold))
        let declined = load.rejected["payment-declined"] ?? 0
        let noStock = load.rejected["insufficient-stock"] ?? 0
        let accepted = audit.count("edge", "orders.accepted") ?? 0
        let confirmed = audit.count("edge", "orders.confirmed") ?? 0
        let rejected = audit.count("edge", "orders.rejected") ?? 0
        lines.append(
            "  \(accepted) accepted, \(confirmed) confirmed, \(rejected) rejected (\(noStock) for stock, \(declined) for payment, as answered at once)"
        )
        lines.append(
            "  \(decimal(ordersPerSecond, 0)) orders/s; from POST to final state p50 \(decimal(p50Milliseconds, 1)) ms, p99 \(decimal(p99Milliseconds, 1)) ms"
        )
        if load.unknown + load.retried > 0 {
            lines.append("  \(load.unknown) answers were lost, \(load.retried) requests were sent again after an error of the server")
        }
        for (status, count) in load.refused.sorted(by: { $0.key < $1.key }) {
            lines.append("  " + console.output("\(count) refused: \(status)", .red))
        }
        lines.append("")
        var table = Table(["worker", "handled", "handled/s", "memory at rest", "most", "CPU s", "restarts"], right: [1, 2, 3, 4, 5, 6])
        for worker in workers {
            table.add([
                worker.name, "\(worker.handled)", decimal(worker.handledPerSecond, 0), Self.megabytes(worker.residentBytesAtRest),
                Self.megabytes(worker.residentBytesMost), worker.processorSeconds.map { decimal($0, 1) } ?? "",
                "\(worker.restarts)",
            ])
        }
        for part in parts { table.add([part.name, "", "", "", "", decimal(part.processorSeconds, 1)]) }
        lines += table.text.split(separator: "\n").map { "  " + $0 }
        if !kills.isEmpty {
            lines.append("")
            lines.append(console.output("Killed with SIGKILL", .bold) + " (seed \(seed ?? 0))")
            for (index, kill) in kills.enumerated() {
                lines.append("  \(index + 1). \(kill.victim) after \(decimal(kill.second, 1)) s, \(kill.settled) orders")
            }
        }
        lines.append("")
        lines.append(
            holds ? console.output("All invariants hold.", .green, .bold) : console.output("NOT all invariants hold.", .red, .bold))
        return lines.joined(separator: "\n")
    }

    private static func megabytes(_ bytes: Int) -> String { "\(decimal(Double(bytes) / 1_048_576, 1)) MB" }
}

extension String {
    /// The text with spaces up to the width.
    func padding(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
