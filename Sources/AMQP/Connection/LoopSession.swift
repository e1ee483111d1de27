import Locking
import Loop

/// A connection on the event loop: looks after its socket and its time while it stands.
///
/// Sendable by proof: what is marked so is touched on the loop's thread alone. The driver and the handle come with ``start()`` and go
/// back with ``outcome``, which the driver's own thread waits for.
final class LoopSession: @unchecked Sendable {
    private let driver: ConnectionDriver
    private let handle: RabbitHandle
    private let pump: ConnectionPump
    private let loop = EventLoop.shared
    private let result = Locked<Result<Void, AMQPError>?>(nil)

    // Of the loop's thread.
    private var watch: SocketWatch?
    private var timer: (timer: LoopTimer, due: ContinuousClock.Instant)?
    private var isReadable = true
    private var isOver = false

    /// How it ended; nil while the loop runs it.
    var outcome: Result<Void, AMQPError>? { result.withLock { $0 } }

    init(_ driver: ConnectionDriver, _ handle: RabbitHandle) {
        self.driver = driver
        self.handle = handle
        pump = driver.pump
    }

    /// Gives the connection to the loop.
    func start() { loop.async { self.begin() } }

    private func begin() {
        let descriptor = handle.descriptor
        let watch = SocketWatch(
            descriptor: { descriptor },
            readable: { [unowned self] in
                isReadable = true
                turn()
            },
            writable: { [unowned self] in turn() })
        self.watch = watch
        loop.add(watch)
        // Commands of one turn of the loop are carried out together at its end.
        pump.serve { self.loop.atEndOfTurn { self.turn() } }
        turn()
    }

    private func turn() {
        if isOver { return }
        do throws(AMQPError) {
            switch try driver.turn(handle, readable: isReadable) {
            case .end: end(.success(()))
            case .again: loop.atEndOfTurn { self.turn() }
            case .sleep(let until, let wantsWrite):
                isReadable = false
                watch?.wantsWrite = wantsWrite
                wake(at: until)
            }
        } catch {
            end(.failure(error))
        }
    }

    /// A timer that comes too early does no harm, so it is set anew only for an earlier time.
    private func wake(at due: ContinuousClock.Instant) {
        if let timer, timer.due <= due { return }
        timer?.timer.cancel()
        let new = loop.async(after: max(.zero, due - .now)) { [weak self] in
            guard let self else { return }
            timer = nil
            turn()
        }
        timer = (new, due)
    }

    private func end(_ outcome: Result<Void, AMQPError>) {
        isOver = true
        watch?.cancel(on: loop)
        watch = nil
        timer?.timer.cancel()
        timer = nil
        pump.serve(nil)
        result.withLock { $0 = outcome }
        pump.wakeup?.signal()
    }
}
