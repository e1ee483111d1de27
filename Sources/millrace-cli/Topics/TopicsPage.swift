import ContractFiles
import Contracts
import TopicsGenerator

/// The contracts as one HTML page that needs nothing else: no network, no script to read it.
struct TopicsPage {
    let catalog: TopicCatalog
    let consumers: MessageConsumers
    let title: String

    var html: String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>\(Self.escaped(title))</title>
        <style>\(Self.style)</style>
        </head>
        <body>
        <nav aria-label="Topics">
        <h1>\(Self.escaped(title))</h1>
        <input id="find" type="search" placeholder="Find a message…" aria-label="Find a message" hidden>
        \(catalog.topics.map(menu).joined(separator: "\n"))
        </nav>
        <main>
        \(catalog.topics.map(section).joined(separator: "\n"))
        <p id="none" hidden>No message matches.</p>
        <footer>\(catalog.topics.count) topics, \(catalog.messages.count) messages. A property with <b>?</b> is optional.</footer>
        </main>
        <script>\(Self.script)</script>
        </body>
        </html>
        """
    }

    // MARK: Menu

    private func menu(_ topic: TopicFile) -> String {
        let items = topic.messages.map { message in
            let mark = message.deprecation == nil ? "" : " class=\"old\""
            return
                "<li><a href=\"#\(message.type)\"\(mark)><i class=\"\(message.kind.rawValue)\" title=\"\(message.kind.rawValue)\"></i>\(message.type)</a></li>"
        }
        return "<section><h2><a href=\"#topic-\(topic.topic)\">\(topic.topic)</a></h2><ul>\(items.joined())</ul></section>"
    }

    // MARK: Topics and messages

    private func section(_ topic: TopicFile) -> String {
        let readers = Set(topic.events.flatMap(consumers.of)).sorted()
        return """
            <section class="topic" id="topic-\(topic.topic)">
            <h2>\(topic.topic)</h2>
            <p class="lead">\(Self.paragraphs(topic.description))</p>
            <p class="facts"><span>owner <b>\(Self.escaped(topic.owner))</b></span>\(readers.isEmpty ? "" : "<span>consumed by <b>\(readers.joined(separator: ", "))</b></span>")<span>\(topic.events.count) events, \(topic.commands.count) commands</span></p>
            \(topic.messages.map { article($0) }.joined(separator: "\n"))
            </section>
            """
    }

    private func article(_ message: MessageContract) -> String {
        let readers = consumers.of(message)
        let facts = [
            "<span>Swift <code>\(TopicsGenerator.typeName(of: message))</code></span>",
            "<span>key <code>\(Self.escaped(message.partitionKey))</code></span>",
            "<span>exchange <code>\(message.exchange)</code></span>",
            message.versions.count == 1 ? "<span>version \(message.versions[0].number)</span>" : "",
            readers.isEmpty
                ? "" : "<span>\(message.kind == .event ? "consumed" : "handled") by <b>\(readers.joined(separator: ", "))</b></span>",
        ]
        let versions = message.versions.reversed().enumerated().map { index, version in
            self.version(version, isOpen: index == 0, of: message.versions.count)
        }
        return """
            <article id="\(message.type)">
            <h3><i class="\(message.kind.rawValue)">\(message.kind.rawValue)</i> \(message.type) <a class="anchor" href="#\(message.type)" aria-label="Link">#</a></h3>
            \(deprecation(message.deprecation))<p>\(Self.paragraphs(message.description))</p>
            <p class="facts">\(facts.joined())</p>
            \(versions.joined(separator: "\n"))
            </article>
            """
    }

    private func deprecation(_ text: String?) -> String {
        text.map { "<p class=\"warning\">Deprecated: \(Self.escaped($0))</p>" } ?? ""
    }

    private func version(_ version: ContractVersion, isOpen: Bool, of count: Int) -> String {
        let rows = FieldRow.rows(of: version).map { row in
            let name = row.property + (row.required ? "" : "<span class=\"optional\" title=\"optional\">?</span>")
            let mark = row.personal ? " <span class=\"personal\">personal</span>" : ""
            let limits = row.limits.isEmpty ? "" : "<br><small>\(Self.escaped(row.limits))</small>"
            return
                "<tr><td><code>\(name)</code>\(mark)</td><td>\(Self.escaped(row.type))\(limits)</td><td>\(Self.escaped(row.description))</td></tr>"
        }
        let body = """
            \(deprecation(version.deprecation))\(version.description.map { "<p>\(Self.paragraphs($0))</p>" } ?? "")
            <div class="scroll"><table><thead><tr><th>Property</th><th>Type</th><th>Meaning</th></tr></thead><tbody>\(rows.joined())</tbody></table></div>
            <details><summary>Example</summary><pre>\(Self.escaped(version.example.prettyPrinted()))</pre></details>
            <details><summary>JSON Schema</summary><pre>\(Self.escaped(version.schema.prettyPrinted()))</pre></details>
            """
        guard count > 1 else { return body }
        return "<details class=\"version\"\(isOpen ? " open" : "")><summary>Version \(version.number)</summary>\(body)</details>"
    }

    // MARK: Text

    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func paragraphs(_ text: String) -> String {
        escaped(text).split(separator: "\n").joined(separator: "<br>")
    }

    private static let script = """
        const find = document.getElementById('find'), none = document.getElementById('none');
        const all = selector => Array.from(document.querySelectorAll(selector));
        const show = (items, wanted) => items.filter(item => !(item.hidden = !wanted(item))).length;
        find.hidden = false;
        find.addEventListener('input', () => {
          const text = find.value.toLowerCase().trim();
          const found = show(all('article'), article => article.textContent.toLowerCase().includes(text));
          show(all('nav li'), item => !document.getElementById(item.textContent).hidden);
          show(all('nav section, section.topic'), section => section.querySelector('li:not([hidden]), article:not([hidden])'));
          none.hidden = found > 0;
        });
        """

    private static let style = """
        :root{--bg:#fbfbfa;--panel:#f1f1ee;--ink:#1d1f21;--soft:#5d6166;--line:#deded9;--event:#0b6e4f;--command:#8a4b08;--link:#0b57a4;--warn:#a61c1c;--code:#f1f1ee}
        @media(prefers-color-scheme:dark){:root{--bg:#15171a;--panel:#1c1f23;--ink:#e6e6e3;--soft:#a0a4a8;--line:#2e3238;--event:#5fd1a5;--command:#f0b26b;--link:#7db7f5;--warn:#ff8f8f;--code:#1f2328}}
        *{box-sizing:border-box}html{scroll-behavior:smooth;scroll-padding-top:1rem}
        body{margin:0;display:grid;grid-template-columns:17rem minmax(0,1fr);background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
        nav{position:sticky;top:0;height:100vh;overflow:auto;padding:1.25rem;background:var(--panel);border-right:1px solid var(--line);font-size:.9rem}
        nav h1{font-size:1.1rem;margin:0 0 .75rem}nav h2{font-size:.85rem;margin:1.1rem 0 .3rem}nav ul{list-style:none;margin:0;padding:0}
        nav a{display:block;padding:.15rem .4rem;border-radius:.3rem;color:inherit;text-decoration:none;overflow-wrap:anywhere}nav a:hover{background:var(--line)}nav a.old{text-decoration:line-through;color:var(--soft)}
        nav i{display:inline-block;width:.55rem;height:.55rem;margin-right:.5rem;border-radius:50%}nav i.event{background:var(--event)}nav i.command{background:var(--command);border-radius:.1rem}
        #find{width:100%;padding:.4rem .6rem;font:inherit;color:inherit;background:var(--bg);border:1px solid var(--line);border-radius:.4rem}
        main{max-width:60rem;padding:1.5rem 2.5rem 4rem;width:100%}a{color:var(--link)}
        .topic>h2{font-size:1.7rem;margin:2rem 0 .25rem;padding-top:1rem;border-top:2px solid var(--ink)}.topic:first-child>h2{border:0;margin-top:0}
        .lead{font-size:1.1rem;margin:.2rem 0 .6rem}.facts{display:flex;flex-wrap:wrap;gap:.3rem 1.5rem;color:var(--soft);font-size:.9rem;margin:.4rem 0 1rem}.facts b{color:var(--ink);font-weight:600}
        article{margin:1.5rem 0;padding:1.2rem 1.4rem;border:1px solid var(--line);border-radius:.6rem;background:var(--bg)}article:target{border-color:var(--link)}
        article h3{margin:0 0 .4rem;font-size:1.15rem;font-family:ui-monospace,monospace}article h3 i{font:600 .72rem/1 system-ui;padding:.25rem .5rem;border-radius:.3rem;color:var(--bg);vertical-align:.12rem}
        article h3 i.event{background:var(--event)}article h3 i.command{background:var(--command)}.anchor{opacity:.35;text-decoration:none}.anchor:hover{opacity:1}
        .scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.92rem}th{text-align:left;color:var(--soft);font-weight:600}td,th{padding:.4rem .8rem .4rem 0;border-bottom:1px solid var(--line);vertical-align:top}
        code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre{overflow:auto;padding:.8rem 1rem;border-radius:.4rem;background:var(--code)}
        .optional{color:var(--soft)}small{color:var(--soft)}.personal{font-size:.72rem;padding:.1rem .4rem;border:1px solid var(--warn);color:var(--warn);border-radius:.3rem}
        .warning{color:var(--warn);border-left:3px solid var(--warn);padding-left:.7rem}details{margin-top:.6rem}summary{cursor:pointer;color:var(--soft)}.version>summary{color:var(--ink);font-weight:600}
        footer{margin-top:3rem;color:var(--soft);font-size:.85rem}
        @media(max-width:50rem){body{display:block}nav{position:static;height:auto;max-height:45vh;border:0;border-bottom:1px solid var(--line)}main{padding:1rem}}
        @media(max-width:36rem){thead{display:none}tr{display:block;padding:.5rem 0;border-bottom:1px solid var(--line)}td{display:block;padding:.1rem 0;border:0}td:empty{display:none}}
        @media print{nav,#find{display:none}body{display:block}article{break-inside:avoid}}
        """
}
