import Foundation
import Locking
import Testing
import millrace_cli

@Suite("The console", .timeLimit(.minutes(3))) struct ConsoleTests {
    /// What this thread has computed so far, in milliseconds.
    private static func computed() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
    }

    private func pipe() -> (reading: FileHandle, writing: Int32) {
        var ends: [Int32] = [0, 0]
        #expect(Foundation.pipe(&ends) == 0)
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        return (FileHandle(fileDescriptor: ends[0], closeOnDealloc: true), ends[1])
    }

    /// Fails when the text is written by whoever says it (QueuedOutput.write), which hangs, or when there is no bound for what waits.
    @Test("what nobody reads holds up nobody, and is bounded")
    func holdsUpNobody() throws {
        let (reading, writing) = pipe()
        _ = fcntl(writing, F_SETFL, 0)
        let output = QueuedOutput(descriptor: writing, limit: 1 << 18)
        let line = String(repeating: "x", count: 999) + "\n"
        for _ in 0..<1_000 { output.write(line) }
        #expect(!output.flush(atMost: .milliseconds(50)))
        let received = Locked(0)
        let reader = Thread {
            while let bytes = try? reading.read(upToCount: 1 << 16), !bytes.isEmpty { received.withLock { $0 += bytes.count } }
        }
        reader.start()
        while !output.flush(atMost: .seconds(1)) { usleep(1_000) }
        output.write("the last\n")
        #expect(output.flush(atMost: .seconds(60)))
        close(writing)
        while !reader.isFinished { usleep(1_000) }
        let bytes = received.withLock { $0 }
        #expect(bytes < 1 << 19 && bytes > 1 << 17, "\(bytes)")
    }

    /// Fails when it is tried again without waiting: the thread then computes for the whole pause.
    @Test("a pipe that takes nothing now is waited for without computing, and gets everything")
    func waits() async throws {
        let (reading, writing) = pipe()
        let text = String(repeating: "x", count: 1 << 20)
        let spent = Locked<Int?>(nil)
        Thread.detachNewThread {
            let before = Self.computed()
            Console.write(text, to: writing)
            spent.withLock { $0 = Self.computed() - before }
            close(writing)
        }
        // Nobody reads for so long: it is what the writer computes meanwhile that is looked at.
        try await Task.sleep(for: .milliseconds(1_500))
        let received = try reading.readToEnd()
        #expect(received?.count == text.utf8.count)
        let milliseconds = try #require(spent.withLock { $0 })
        #expect(milliseconds < 250)
    }
}
