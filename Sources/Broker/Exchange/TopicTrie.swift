/// Topic patterns as a tree of words.
///
/// A key is matched by following all possible nodes at once, word by word, each node at most once a word: patterns with
/// many `#` cost no more than the nodes that they have, where trying one way after another would take exponential time.
final class TopicTrie {
    private final class Node {
        var children: [Substring: Node] = [:]
        /// The child for `*`.
        var word: Node?
        /// The child for `#`.
        var words: Node?
        /// Whether it is itself a `#`, and so stays for further words.
        let isWords: Bool
        var bindings: [Binding] = []
        /// The step at which it was reached last.
        var step: UInt64 = 0

        init(isWords: Bool = false) { self.isWords = isWords }

        var isEmpty: Bool { bindings.isEmpty && children.isEmpty && word == nil && words == nil }
    }

    private let root = Node()
    private var step: UInt64 = 0

    /// The words of a key. An empty key has none; between two dots stands an empty one.
    static func words(_ key: String) -> [Substring] {
        key.isEmpty
            ? [] : key.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map(Substring.init)
    }

    func insert(_ binding: Binding) {
        var node = root
        for word in Self.words(binding.definition.routingKey) { node = child(of: node, word) }
        node.bindings.append(binding)
    }

    private func child(of node: Node, _ word: Substring) -> Node {
        switch word {
        case "*":
            if let child = node.word { return child }
            let child = Node()
            node.word = child
            return child
        case "#":
            // `#.#` is the same as `#`.
            if node.isWords { return node }
            if let child = node.words { return child }
            let child = Node(isWords: true)
            node.words = child
            return child
        default:
            if let child = node.children[word] { return child }
            let child = Node()
            // The key is copied, lest the whole pattern stays.
            node.children[Substring(String(word))] = child
            return child
        }
    }

    func remove(_ binding: Binding) {
        remove(binding, Self.words(binding.definition.routingKey)[...], from: root)
    }

    /// Patterns have 128 words at most, which bounds the depth.
    private func remove(_ binding: Binding, _ words: ArraySlice<Substring>, from node: Node) {
        guard let word = words.first else { return node.bindings.removeAll { $0 === binding } }
        let rest = words.dropFirst()
        switch word {
        case "*":
            guard let child = node.word else { return }
            remove(binding, rest, from: child)
            if child.isEmpty { node.word = nil }
        case "#":
            if node.isWords { return remove(binding, rest, from: node) }
            guard let child = node.words else { return }
            remove(binding, rest, from: child)
            if child.isEmpty { node.words = nil }
        default:
            guard let child = node.children[word] else { return }
            remove(binding, rest, from: child)
            if child.isEmpty { node.children[word] = nil }
        }
    }

    func match(_ key: String, _ body: (Binding) -> Void) {
        var nodes: [Node] = []
        step &+= 1
        reach(root, &nodes)
        for word in Self.words(key) {
            var next: [Node] = []
            step &+= 1
            for node in nodes {
                if node.isWords { reach(node, &next) }
                if let child = node.word { reach(child, &next) }
                if let child = node.children[word] { reach(child, &next) }
            }
            nodes = next
            if nodes.isEmpty { return }
        }
        for node in nodes { node.bindings.forEach(body) }
    }

    /// A node is reached together with its `#`, which may stand for no word.
    private func reach(_ node: Node, _ nodes: inout [Node]) {
        guard node.step != step else { return }
        node.step = step
        nodes.append(node)
        if let words = node.words { reach(words, &nodes) }
    }
}
