/// Places where a test stops or kills the process. All nil outside of tests.
package struct FaultPoints: Sendable {
    /// Before the handlers of a batch run, within its transaction.
    package var beforeHandlers: (@Sendable () -> Void)?
    /// After a commit, before what it has left is published and what it has handled is acknowledged.
    package var afterCommit: (@Sendable () -> Void)?
    /// After the broker has confirmed, before the outbox rows are deleted.
    package var afterConfirm: (@Sendable () -> Void)?

    /// None.
    package init() {}
}
