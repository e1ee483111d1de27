/// libFuzzer's entry over the decoders that read what strangers send. `scripts/fuzz` builds and runs it; the seeded tests in
/// `DecoderFuzzTests` go over the same ground in every run.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let bytes = UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)
    if let fault = DecoderOracle.fault(in: bytes) { fatalError(fault) }
    return 0
}
