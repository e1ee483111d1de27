/// One thing that `millrace doctor` has looked at.
package struct DoctorCheck: Encodable, Sendable, Equatable {
    package var name: String
    package var isFine: Bool
    /// What was found.
    package var found: String
    /// The command that mends it.
    package var remedy: String?
}
