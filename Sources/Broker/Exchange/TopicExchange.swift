/// Matches words between dots against patterns: `*` stands for one word, `#` for none or more (section 3.1.3.3).
final class TopicExchange: Exchange {
    private let trie = TopicTrie()

    override func validate(_ binding: BindingDefinition) throws(ProtocolFault) {
        let words = TopicTrie.words(binding.routingKey).count
        let limit = host.core.limits.topicPatternWords
        guard words <= limit else {
            throw ProtocolFault(
                .preconditionFailed, "binding key of \(words) words for \(resource): at most \(limit) are allowed")
        }
    }

    override func index(_ binding: Binding) { trie.insert(binding) }
    override func unindex(_ binding: Binding) { trie.remove(binding) }

    override func route(_ routing: Routing, key: String) {
        trie.match(key) { routing.add($0.destination) }
    }
}
