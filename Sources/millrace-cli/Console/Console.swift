import Foundation
import Locking

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The terminal: data to standard output, everything said to people to standard error.
package final class Console: Sendable {
    static let shared = Console()

    /// Colours of the 16-colour palette, which every terminal and every theme has.
    package enum Style: String, Sendable {
        case bold = "1", dim = "2", red = "31", green = "32", yellow = "33", blue = "34", magenta = "35", cyan = "36"
    }

    /// Whether standard error is a terminal that people look at.
    let isInteractive: Bool
    private let terminals: (output: Bool, error: Bool)
    private let colours: (output: Bool, error: Bool)
    /// The progress line that stands at the bottom now.
    private let progress = Locked<String?>(nil)
    private let errors = QueuedOutput(descriptor: 2)

    private init() {
        let environment = ProcessInfo.processInfo.environment
        let plain = environment["NO_COLOR"].map { !$0.isEmpty } ?? false || environment["TERM"] == "dumb"
        isInteractive = isatty(2) == 1 && environment["TERM"] != "dumb"
        terminals = (isatty(1) == 1, isatty(2) == 1)
        colours = (!plain && terminals.output, !plain && terminals.error)
        // What was said last is read first.
        atexit { Console.shared.errors.flush(atMost: .seconds(1)) }
    }

    /// Writes data, behind what was said before, and waits for who reads it.
    func output(_ text: String) {
        errors.flush(atMost: .seconds(1))
        Self.write((terminals.output ? TerminalText.harmless(text) : text) + "\n", to: 1)
    }

    /// Says something; the progress line stays below it.
    func say(_ text: String) {
        let text = terminals.error ? TerminalText.harmless(text) : text
        progress.withLock { line in
            guard let line else { return errors.write(text + "\n") }
            errors.write("\r\u{1B}[K" + text + "\n" + line)
        }
    }

    /// Says what went wrong.
    func complain(_ text: String) { say(error("error:", .red, .bold) + " " + text) }

    /// Says what may go wrong.
    func warn(_ text: String) { say(error("warning:", .yellow, .bold) + " " + text) }

    /// Replaces the progress line; does nothing where there is no terminal.
    func show(progress text: String) {
        guard isInteractive else { return }
        progress.withLock { line in
            let cut = TerminalText.harmless(String(text.prefix(max(20, width - 1))))
            line = cut
            errors.write("\r\u{1B}[K" + cut)
        }
    }

    /// Removes the progress line.
    func endProgress() {
        progress.withLock { line in
            if line != nil { errors.write("\r\u{1B}[K") }
            line = nil
        }
    }

    /// Text for standard error in this style.
    func error(_ text: String, _ styles: Style...) -> String { Self.styled(text, styles, colours.error) }

    /// Text for standard output in this style.
    func output(_ text: String, _ styles: Style...) -> String { Self.styled(text, styles, colours.output) }

    /// The width of the terminal in columns; 100 if it is not known.
    var width: Int {
        var size = winsize()
        guard ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
        return Int(size.ws_col)
    }

    private static func styled(_ text: String, _ styles: [Style], _ isOn: Bool) -> String {
        guard isOn, !styles.isEmpty else { return text }
        return "\u{1B}[" + styles.map(\.rawValue).joined(separator: ";") + "m" + text + "\u{1B}[0m"
    }

    /// Writes everything, and waits where the descriptor takes nothing now: whoever shares a pipe or a terminal may have made it
    /// non-blocking. Gives up when nobody reads any more.
    package static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { bytes in
                #if canImport(Glibc)
                    Glibc.write(descriptor, bytes.baseAddress, bytes.count)
                #elseif canImport(Musl)
                    Musl.write(descriptor, bytes.baseAddress, bytes.count)
                #else
                    Darwin.write(descriptor, bytes.baseAddress, bytes.count)
                #endif
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&wanted, 1, -1)
                continue
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
