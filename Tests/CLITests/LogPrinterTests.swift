import Testing
import millrace_cli

/// The logs of several workers side by side, as `millrace up` shows them.
@Suite("The workers' logs on a terminal") struct LogPrinterTests {
    private func line(_ level: String, _ more: String = "") -> String {
        #"{"time":"2026-01-02T03:04:05.678Z","level":"\#(level)","worker":"orders","message":"slow"\#(more)}"#
    }

    /// A style as text: its number and brackets.
    private func printed(_ text: String, column: Int = 0, leastGravity: Int = 1) -> String? {
        LogPrinter(name: "orders", column: column, width: 8, leastGravity: leastGravity).line(text) { "\($1.rawValue)[\($0)]" }
    }

    @Test("the name in its column, the time, the level unless it is usual, the message, and what else there is")
    func parts() {
        #expect(printed(line("info", #","ms":"12","key":"k""#)) == "36[orders   │ ]2[03:04:05.678] slow2[  key=k ms=12]")
        #expect(printed(line("notice")) == "36[orders   │ ]2[03:04:05.678] NOTICE slow")
    }

    @Test("warnings are yellow, and what is graver is red", arguments: [("warning", "33"), ("error", "31"), ("critical", "31")])
    func colours(level: String, colour: String) {
        #expect(printed(line(level)) == "36[orders   │ ]2[03:04:05.678] \(colour)[\(level.uppercased()) slow]")
    }

    @Test("workers take turns with the colours", arguments: [(1, "32"), (4, "34"), (5, "36"), (6, "32")])
    func palette(column: Int, colour: String) {
        #expect(printed(line("info"), column: column)?.hasPrefix("\(colour)[orders   │ ]") == true)
    }

    @Test("what is not grave enough is not printed, but what is no log line always is")
    func gravity() {
        #expect(printed(line("debug")) == nil)
        #expect(printed(line("debug"), leastGravity: 0) != nil)
        #expect(printed(line("info"), leastGravity: 2) == nil)
        #expect(printed(line("error"), leastGravity: 3) != nil)
        #expect(printed("Fatal error: x", leastGravity: 4) == "36[orders   │ ]Fatal error: x")
    }
}
