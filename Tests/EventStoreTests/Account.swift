import Contracts
import EventStore
import Foundation

// A small domain for the tests: an account that money is put into and taken out of.

struct Opened: Event, Equatable {
    static let type = "account.opened"
    static let topic = "test.accounts"
    static let version = 3
    var accountID: UUID
    var owner: String
    var currency: String
    var partitionKey: String { accountID.lowercased }
}

struct Moved: Event, Equatable {
    static let type = "account.moved"
    static let topic = "test.accounts"
    var accountID: UUID
    var cents: Int
    var partitionKey: String { accountID.lowercased }
}

/// Left out of the cases by mistake.
struct Forgotten: Event {
    static let type = "account.forgotten"
    static let topic = "test.accounts"
    var partitionKey: String { "x" }
}

enum AccountEvent: AggregateEvent {
    case opened(Opened)
    case moved(Moved)
    case forgotten(Forgotten)

    static let cases: [EventCase<AccountEvent>] = [EventCase(opened), EventCase(moved)]

    var event: any Event {
        switch self {
        case .opened(let event): event
        case .moved(let event): event
        case .forgotten(let event): event
        }
    }
}

struct NotEnough: Error {}

protocol AccountState: Aggregate where Change == AccountEvent {
    var owner: String { get set }
    var cents: Int { get set }
}

extension AccountState {
    mutating func open(_ id: UUID, owner: String) {
        record(.opened(Opened(accountID: id, owner: owner, currency: "EUR")))
    }

    mutating func move(_ id: UUID, _ amount: Int) throws {
        guard cents + amount >= 0 else { throw NotEnough() }
        record(.moved(Moved(accountID: id, cents: amount)))
    }

    mutating func apply(_ event: AccountEvent) {
        switch event {
        case .opened(let event): owner = event.owner
        case .moved(let event): cents += event.cents
        case .forgotten: break
        }
    }
}

struct Account: AccountState {
    static let category = "account"
    var history = History<AccountEvent>()
    var owner = ""
    var cents = 0
}

/// The same with snapshots.
struct SnapshotAccount: AccountState {
    static let category = "account"
    static let snapshotInterval = 10
    var history = History<AccountEvent>()
    var owner = ""
    var cents = 0
}

/// The same after a change of its properties.
struct RenewedAccount: AccountState {
    static let category = "account"
    static let snapshotInterval = 10
    static let stateVersion = 2
    var history = History<AccountEvent>()
    var owner = ""
    var cents = 0
    var moves = 0

    mutating func apply(_ event: AccountEvent) {
        switch event {
        case .opened(let event): owner = event.owner
        case .moved(let event):
            cents += event.cents
            moves += 1
        case .forgotten: break
        }
    }
}
