/// A regular expression as a tree.
indirect enum PatternSyntax {
    case characters(CharacterRanges)
    case sequence([PatternSyntax])
    case alternatives([PatternSyntax])
    /// nil stands for no upper limit. Lazy and greedy are alike when the question is only whether there is a match.
    case repetition(PatternSyntax, minimum: Int, maximum: Int?)
    case start
    case end
    case wordBoundary(Bool)
    /// Correct, but not for this machine: `a look-ahead`.
    case unsupported(String)
}
