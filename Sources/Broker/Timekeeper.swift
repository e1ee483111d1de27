/// Time as the broker's core sees it; tests put their own in its place.
package protocol Timekeeper: AnyObject {
    /// Milliseconds since 1970, by the wall clock; used for what is stored (expiry of messages).
    var now: Int64 { get }
    /// Milliseconds of a clock that never jumps.
    var uptime: Int64 { get }
    /// Runs an action once on the broker's loop.
    func schedule(after milliseconds: Int64, _ action: @escaping () -> Void) -> any ScheduledAction
}

package protocol ScheduledAction {
    func cancel()
}
