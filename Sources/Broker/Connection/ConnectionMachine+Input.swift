import NIOCore

/// From received bytes to frames.
extension ConnectionMachine {
    /// Takes received bytes. They are used in place; what is not complete is copied and kept.
    package func receive(_ bytes: UnsafeRawBufferPointer) {
        hasReceived = true
        receivedBytes += UInt64(bytes.count)
        guard phase != .closed, bytes.count > 0 else { return }
        var offset = 0
        if held.readableBytes > 0 {
            guard suspension.isEmpty else {
                held.writeBytes(bytes)
                return
            }
            offset = completeHeldFrame(bytes)
        }
        if offset < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            let used = process(rest)
            if used < rest.count, phase != .closed { held.writeBytes(UnsafeRawBufferPointer(rebasing: rest[used...])) }
        }
        broker.scheduleTurn()
    }

    /// Goes on with what was kept while the connection was suspended.
    func resumeInput() {
        guard suspension.isEmpty, phase != .closed, !isProcessing else { return }
        var kept = ByteBuffer()
        swap(&kept, &held)
        let used = kept.withUnsafeReadableBytes { process($0) }
        kept.moveReaderIndex(forwardBy: used)
        if kept.readableBytes > 0, phase != .closed { held = kept }
        if suspension.isEmpty { transport.setReading(true) }
        broker.scheduleTurn()
    }

    func suspend(_ reason: Suspension) {
        guard !suspension.contains(reason) else { return }
        if suspension.isEmpty { transport.setReading(false) }
        suspension.insert(reason)
    }

    func resume(_ reason: Suspension) {
        guard suspension.contains(reason) else { return }
        suspension.remove(reason)
        guard suspension.isEmpty else { return }
        // The silence was the broker's doing, not the client's.
        hasReceived = true
        // What ended the wait may be in the middle of a purge or a commit: what the client has sent meanwhile comes after it.
        if isProcessing { transport.setReading(true) } else { broker.resumeInput(of: self) }
    }

    /// Copies just enough behind the kept part of a frame to make it whole, and processes it.
    ///
    /// There may be whole frames before it: those that came while the connection was suspended, if it was resumed a moment ago and
    /// ``resumeInput()`` has not had its turn yet. They come first.
    ///
    /// - Returns: how many of `bytes` are used up.
    private func completeHeldFrame(_ bytes: UnsafeRawBufferPointer) -> Int {
        var offset = 0
        while held.readableBytes > 0, offset < bytes.count, phase != .closed, suspension.isEmpty {
            let needed: Int
            do throws(ProtocolFault) {
                needed = try missingBytes()
            } catch {
                fail(error)
                return bytes.count
            }
            let count = min(max(needed, 0), bytes.count - offset)
            held.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
            offset += count
            if count >= needed { processHeld() }
        }
        return offset
    }

    /// How many bytes the kept part lacks until its header, or the whole frame, is there.
    private func missingBytes() throws(ProtocolFault) -> Int {
        if phase == .header { return ProtocolHeader.length - held.readableBytes }
        let limit = payloadLimit
        let result: Result<Int?, ProtocolFault> = held.withUnsafeReadableBytes { bytes in
            do throws(ProtocolFault) {
                return .success(try FrameScanner.frameLength(in: bytes, at: 0, limit: limit))
            } catch {
                return .failure(error)
            }
        }
        guard let length = try result.get() else { return FrameLayout.headerSize - held.readableBytes }
        return length - held.readableBytes
    }

    private func processHeld() {
        var kept = ByteBuffer()
        swap(&kept, &held)
        let used = kept.withUnsafeReadableBytes { process($0) }
        kept.moveReaderIndex(forwardBy: used)
        if kept.readableBytes > 0 {
            held = kept
        } else if kept.capacity <= 1 << 16 {
            kept.clear()
            held = kept  // its memory serves the next part
        }
    }

    /// Processes whole frames from the start of `bytes`.
    ///
    /// - Returns: the bytes that are done with; less than all where a frame is not complete or the connection got suspended.
    private func process(_ bytes: UnsafeRawBufferPointer) -> Int {
        isProcessing = true
        defer {
            isProcessing = false
            serveStarvedConsumers()
        }
        var offset = 0
        do throws(ProtocolFault) {
            if phase == .header {
                guard try readProtocolHeader(bytes) else { return phase == .closed ? bytes.count : 0 }
                offset = ProtocolHeader.length
            }
            while suspension.isEmpty, phase != .closed {
                guard let frame = try FrameScanner.frame(in: bytes, at: offset, limit: payloadLimit) else { break }
                receivedFrames += 1
                offset = frame.end
                handle(frame, UnsafeRawBufferPointer(rebasing: bytes[frame.payload]))
                // Until the turn's end, when it is sent: a few bytes may ask for much.
                if output.readableBytes > answerLimit { suspend(.unread) }
            }
        } catch {
            // The place of the next frame is lost: nothing after it can be understood.
            fail(error)
            return bytes.count
        }
        return phase == .closed ? bytes.count : offset
    }
}
