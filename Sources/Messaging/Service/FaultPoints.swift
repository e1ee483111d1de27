/// Places where a test stops or kills the process. All nil outside of tests.
package struct FaultPoints: Sendable {
    /// Before the handlers of a batch run, within its transaction.
    package var beforeHandlers: (@Sendable () -> Void)?
    /// After the commit of a batch, a timer, a parked message or somebody's own transaction, before what it has left is published and what
    /// it has handled is acknowledged. Mostly on the thread of the connections, which it must not block.
    package var afterCommit: (@Sendable () -> Void)?
    /// After the broker has confirmed, before the outbox rows are deleted.
    package var afterConfirm: (@Sendable () -> Void)?

    /// None.
    package init() {}
}
