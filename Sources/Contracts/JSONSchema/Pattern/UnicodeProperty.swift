import Locking

/// What `\p{…}` names: general categories and the binary properties that the standard library knows. Scripts are not
/// among them.
enum UnicodeProperty {
    /// The code points of a property, nil for a name that is not known.
    /// - Parameter text: `Letter`, `Lu`, `General_Category=Lu`, `Alphabetic`.
    static func ranges(_ text: String) -> CharacterRanges? {
        var name = text
        for prefix in ["General_Category=", "gc="] where name.hasPrefix(prefix) { name.removeFirst(prefix.count) }
        let isCategoryOnly = name.utf8.count != text.utf8.count
        if let known = cache.withLock({ $0[text] }) { return known }
        guard let ranges = category(name) ?? (isCategoryOnly ? nil : binary(name)) else { return nil }
        cache.withLock { $0[text] = ranges }
        return ranges
    }

    /// Each is looked up once in a process; there are fewer than 200 names.
    private static let cache = Locked<[String: CharacterRanges]>([:])

    private static func category(_ name: String) -> CharacterRanges? {
        guard let wanted = categories.first(where: { $0.names.contains(name) })?.categories else { return nil }
        return collect { wanted.contains($0.properties.generalCategory) }
    }

    private static func binary(_ name: String) -> CharacterRanges? {
        if name == "Any" { return CharacterRanges([0...CharacterRanges.last]) }
        if name == "ASCII" { return CharacterRanges([0...0x7F]) }
        if name == "Assigned" { return category("Cn")?.inverted }
        guard let property = properties.first(where: { $0.names.contains(name) })?.property else { return nil }
        return collect { $0.properties[keyPath: property] }
    }

    /// The code points for which a test is true. Where whole planes are alike one code point stands for them.
    private static func collect(_ test: (Unicode.Scalar) -> Bool) -> CharacterRanges {
        var ranges: [ClosedRange<UInt32>] = []
        func add(_ range: ClosedRange<UInt32>) {
            if let top = ranges.last, top.upperBound + 1 == range.lowerBound {
                ranges[ranges.count - 1] = top.lowerBound...range.upperBound
            } else {
                ranges.append(range)
            }
        }
        for block in blocks {
            if block.isUniform {
                if Unicode.Scalar(block.range.lowerBound).map(test) == true { add(block.range) }
            } else {
                for value in block.range where Unicode.Scalar(value).map(test) == true { add(value...value) }
            }
        }
        return CharacterRanges(ranges)
    }

    /// Planes 4 to 13 are unassigned, 15 and 16 are for private use, but for their last two code points.
    private static let blocks: [(range: ClosedRange<UInt32>, isUniform: Bool)] = {
        var blocks: [(ClosedRange<UInt32>, Bool)] = [(0...0x3FFFF, false)]
        for plane in UInt32(4)...13 {
            blocks += [(plane << 16...plane << 16 + 0xFFFD, true), (plane << 16 + 0xFFFE...plane << 16 + 0xFFFF, true)]
        }
        blocks += [(0xE0000...0xE0FFF, false), (0xE1000...0xEFFFD, true), (0xEFFFE...0xEFFFF, true)]
        for plane in UInt32(15)...16 {
            blocks += [(plane << 16...plane << 16 + 0xFFFD, true), (plane << 16 + 0xFFFE...plane << 16 + 0xFFFF, true)]
        }
        return blocks
    }()

    // Unicode Standard Annex #44, table 12, with the aliases of PropertyValueAliases.txt.
    private static let categories: [(names: [String], categories: Set<Unicode.GeneralCategory>)] = [
        (["L", "Letter"], [.uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter]),
        (["LC", "Cased_Letter"], [.uppercaseLetter, .lowercaseLetter, .titlecaseLetter]),
        (["Lu", "Uppercase_Letter"], [.uppercaseLetter]), (["Ll", "Lowercase_Letter"], [.lowercaseLetter]),
        (["Lt", "Titlecase_Letter"], [.titlecaseLetter]), (["Lm", "Modifier_Letter"], [.modifierLetter]),
        (["Lo", "Other_Letter"], [.otherLetter]),
        (["M", "Mark", "Combining_Mark"], [.nonspacingMark, .spacingMark, .enclosingMark]),
        (["Mn", "Nonspacing_Mark"], [.nonspacingMark]), (["Mc", "Spacing_Mark"], [.spacingMark]),
        (["Me", "Enclosing_Mark"], [.enclosingMark]),
        (["N", "Number"], [.decimalNumber, .letterNumber, .otherNumber]),
        (["Nd", "Decimal_Number", "digit"], [.decimalNumber]), (["Nl", "Letter_Number"], [.letterNumber]),
        (["No", "Other_Number"], [.otherNumber]),
        (
            ["P", "Punctuation", "punct"],
            [
                .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
                .finalPunctuation, .otherPunctuation,
            ]
        ),
        (["Pc", "Connector_Punctuation"], [.connectorPunctuation]), (["Pd", "Dash_Punctuation"], [.dashPunctuation]),
        (["Ps", "Open_Punctuation"], [.openPunctuation]), (["Pe", "Close_Punctuation"], [.closePunctuation]),
        (["Pi", "Initial_Punctuation"], [.initialPunctuation]), (["Pf", "Final_Punctuation"], [.finalPunctuation]),
        (["Po", "Other_Punctuation"], [.otherPunctuation]),
        (["S", "Symbol"], [.mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol]),
        (["Sm", "Math_Symbol"], [.mathSymbol]), (["Sc", "Currency_Symbol"], [.currencySymbol]),
        (["Sk", "Modifier_Symbol"], [.modifierSymbol]), (["So", "Other_Symbol"], [.otherSymbol]),
        (["Z", "Separator"], [.spaceSeparator, .lineSeparator, .paragraphSeparator]),
        (["Zs", "Space_Separator"], [.spaceSeparator]), (["Zl", "Line_Separator"], [.lineSeparator]),
        (["Zp", "Paragraph_Separator"], [.paragraphSeparator]),
        (["C", "Other"], [.control, .format, .surrogate, .privateUse, .unassigned]),
        (["Cc", "Control", "cntrl"], [.control]), (["Cf", "Format"], [.format]), (["Cs", "Surrogate"], [.surrogate]),
        (["Co", "Private_Use"], [.privateUse]), (["Cn", "Unassigned"], [.unassigned]),
    ]

    private static let properties: [(names: [String], property: any KeyPath<Unicode.Scalar.Properties, Bool> & Sendable)] = [
        (["Alphabetic", "Alpha"], \.isAlphabetic), (["Uppercase", "Upper"], \.isUppercase),
        (["Lowercase", "Lower"], \.isLowercase), (["White_Space", "space"], \.isWhitespace), (["Cased"], \.isCased),
        (["Dash"], \.isDash), (["Diacritic", "Dia"], \.isDiacritic), (["Emoji"], \.isEmoji),
        (["Emoji_Presentation", "EPres"], \.isEmojiPresentation), (["Hex_Digit", "Hex"], \.isHexDigit),
        (["ASCII_Hex_Digit", "AHex"], \.isASCIIHexDigit), (["ID_Start", "IDS"], \.isIDStart),
        (["ID_Continue", "IDC"], \.isIDContinue), (["XID_Start", "XIDS"], \.isXIDStart),
        (["XID_Continue", "XIDC"], \.isXIDContinue), (["Ideographic", "Ideo"], \.isIdeographic),
        (["Math"], \.isMath),
        (["Quotation_Mark", "QMark"], \.isQuotationMark),
    ]
}
