extension String {
    /// A type's name as commands and tables have it: `OrderHistory` becomes `order-history`.
    package var kebabCased: String {
        var result = ""
        for character in self {
            if character.isUppercase, !result.isEmpty { result += "-" }
            result += character.lowercased()
        }
        return result
    }
}
