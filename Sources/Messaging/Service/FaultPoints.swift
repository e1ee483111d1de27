/// Places where a test stops or kills the process. All nil outside of tests.
package struct FaultPoints: Sendable {
    /// Before the handlers of a batch run, within its transaction.
    package var beforeHandlers: (@Sendable () -> Void)?
    /// After the commit of a batch, before it is acknowledged.
    package var afterCommit: (@Sendable () -> Void)?
    /// After the broker has confirmed, before the outbox rows are deleted.
    package var afterConfirm: (@Sendable () -> Void)?

    /// None.
    package init() {}
}
