#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Reads a variable that a measurement cannot do without.
func environment(_ name: String) -> String {
    guard let value = getenv(name) else {
        print("\(name) is not set; run this through `benchmarks servers …`")
        exit(64)
    }
    return String(cString: value)
}

/// Runs `body` and returns how long it took, in seconds.
func seconds(_ body: () async throws -> Void) async rethrows -> Double {
    let clock = ContinuousClock()
    let duration = try await clock.measure(body)
    return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}

/// Prints one line that `run` reads: `name value unit`.
func report(_ name: String, _ value: Double, _ unit: String) {
    print("\(name) \(Int(value.rounded())) \(unit)")
}
