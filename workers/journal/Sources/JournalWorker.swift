import Millrace
import Topics

@main
struct JournalWorker: WorkerProgram {
    static let name = "journal"

    static func configure(_ worker: inout Worker) {
        worker.journal(MessageCatalog.topics)
    }
}
