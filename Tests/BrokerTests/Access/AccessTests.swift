import Broker
import NIOCore
import NIOPosix
import Testing

/// Keeps what `Access` writes down, and fails when it is told to.
final class ChangeList: DefinitionLog {
    var changes: [DefinitionChange] = []
    var failure: StoreError?

    func record(_ change: DefinitionChange) throws(StoreError) {
        if let failure { throw failure }
        changes.append(change)
    }
}

@Suite struct AccessTests {
    private let loop = MultiThreadedEventLoopGroup.singleton.next()

    /// Runs a body on a loop with an `Access` of its own that has the users `anna` (password `right`) and `guest`.
    private func withAccess<Value: Sendable>(_ body: @escaping @Sendable (Access, ChangeList) throws -> Value) async throws -> Value {
        let loop = loop
        return try await loop.submit {
            let log = ChangeList()
            let access = Access(definitions: log, eventLoop: loop)
            try access.put(
                UserDefinition(name: "anna", passwordHash: #require(PasswordHash.make(Array("right".utf8))).text, tags: ["monitoring"]))
            try access.put(UserDefinition(name: "guest", passwordHash: PasswordHash.rabbit(Array("guest".utf8)).text, tags: []))
            return try body(access, log)
        }.get()
    }

    /// The same for a body that goes on later: it fulfils the promise.
    private func withAccess<Value: Sendable>(
        promising body: @escaping @Sendable (Access, EventLoopPromise<Value>) throws -> Void
    ) async throws -> Value {
        let loop = loop
        let promise = loop.makePromise(of: Value.self)
        try await withAccess { access, _ in
            try body(access, promise)
            // Kept alive until the answer is there.
            let bound = NIOLoopBound(access, eventLoop: loop)
            promise.futureResult.whenComplete { _ in _ = bound.value }
        }
        return try await promise.futureResult.get()
    }

    private func login(_ user: String, _ password: String, fromLoopback: Bool = true) async throws -> AuthenticationResult {
        try await withAccess { access, promise in
            access.authenticate(user: user, password: Array(password.utf8), fromLoopback: fromLoopback) { promise.succeed($0) }
        }
    }

    @Test func theRightPasswordIsAccepted() async throws {
        #expect(try await login("anna", "right") == .accepted(AuthenticatedUser(name: "anna", tags: ["monitoring"])))
        #expect(try await login("anna", "right", fromLoopback: false) == .accepted(AuthenticatedUser(name: "anna", tags: ["monitoring"])))
    }

    @Test(arguments: [("anna", "wrong"), ("anna", ""), ("nobody", "right"), ("", "")])
    func anythingElseIsRefused(user: String, password: String) async throws {
        #expect(try await login(user, password) == .refused(.wrongCredentials))
    }

    /// Fails when the check of the peer's address is taken out.
    @Test func guestOnlyFromThisMachine() async throws {
        #expect(try await login("guest", "guest") == .accepted(AuthenticatedUser(name: "guest", tags: [])))
        #expect(try await login("guest", "guest", fromLoopback: false) == .refused(.notFromLoopback))
    }

    /// Fails when the last right password is not remembered: then nothing is answered before `authenticate` returns.
    @Test func theSecondLoginIsAnsweredAtOnce() async throws {
        let wasAtOnce = try await withAccess { (access, promise: EventLoopPromise<[Bool]>) in
            access.authenticate(user: "anna", password: Array("right".utf8), fromLoopback: true) { _ in
                var answers: [Bool] = []
                access.authenticate(user: "anna", password: Array("right".utf8), fromLoopback: true) {
                    answers.append($0 != .refused(.wrongCredentials))
                }
                promise.succeed(answers)
            }
        }
        #expect(wasAtOnce == [true])
    }

    /// Fails when `apply` keeps the remembered password of a user whose hash has changed.
    @Test func aChangedPasswordForgetsTheOldOne() async throws {
        let result = try await withAccess { (access, promise: EventLoopPromise<AuthenticationResult>) in
            access.authenticate(user: "anna", password: Array("right".utf8), fromLoopback: true) { _ in
                try? access.put(UserDefinition(name: "anna", passwordHash: PasswordHash.rabbit(Array("new".utf8)).text, tags: []))
                access.authenticate(user: "anna", password: Array("right".utf8), fromLoopback: true) { promise.succeed($0) }
            }
        }
        #expect(result == .refused(.wrongCredentials))
    }

    /// Fails when the hash is not compared again after the check, which takes place on another thread.
    @Test func aUserThatIsRemovedDuringTheCheckIsRefused() async throws {
        let result = try await withAccess { (access, promise: EventLoopPromise<AuthenticationResult>) in
            access.authenticate(user: "anna", password: Array("right".utf8), fromLoopback: true) { promise.succeed($0) }
            try access.removeUser("anna")
        }
        #expect(result == .refused(.wrongCredentials))
    }

    /// Fails when logins are queued without bound.
    @Test func tooManyLoginsAtOnceAreRefused() async throws {
        let loop = loop
        let refused = try await loop.submit { () -> EventLoopFuture<Int> in
            var limits = BrokerLimits()
            limits.pendingLogins = 2
            let access = Access(definitions: nil, eventLoop: loop, limits: limits)
            var promises: [EventLoopPromise<Int>] = []
            for _ in 0..<5 {
                let promise = loop.makePromise(of: Int.self)
                promises.append(promise)
                access.authenticate(user: "x", password: [1], fromLoopback: true) {
                    promise.succeed($0 == .refused(.tooManyPending) ? 1 : 0)
                }
            }
            return EventLoopFuture.reduce(0, promises.map(\.futureResult), on: loop, +)
        }.get().get()
        #expect(refused == 3)
    }

    @Test func permissionsAreRegularExpressions() async throws {
        try await withAccess { access, _ in
            let before = access.version
            #expect(!access.canOpen(host: "/", user: "anna"))
            try access.put(PermissionDefinition(user: "anna", host: "/", configure: "^mine$", write: "", read: ".*"))
            #expect(access.version > before)
            #expect(access.canOpen(host: "/", user: "anna"))
            #expect(!access.canOpen(host: "other", user: "anna"))
            for _ in 0..<2 {
                #expect(access.allowed("anna", .configure, "mine", host: "/"))
                #expect(!access.allowed("anna", .configure, "mine2", host: "/"))
                #expect(!access.allowed("anna", .write, "mine", host: "/"))
                #expect(access.allowed("anna", .read, "anything", host: "/"))
            }
            #expect(throws: ProtocolFault(.accessRefused, "access to queue 'q' in vhost '/' refused for user 'anna'")) {
                try access.check("anna", .write, .queue, "q", host: "/")
            }
            #expect(throws: ProtocolFault(.accessRefused, "access to exchange 'amq.default' in vhost '/' refused for user 'anna'")) {
                try access.check("anna", .write, .exchange, "", host: "/")
            }
            try access.removePermission(user: "anna", host: "/")
            #expect(!access.allowed("anna", .read, "anything", host: "/"))
        }
    }

    @Test func badPatternsAreRefusedAndChangeNothing() async throws {
        try await withAccess { access, log in
            try access.put(PermissionDefinition(user: "anna", host: "/", configure: "a", write: "a", read: "a"))
            let count = log.changes.count
            #expect { try access.put(PermissionDefinition(user: "anna", host: "/", configure: "(", write: "", read: "")) } throws: {
                ($0 as? AccessError)?.code == .invalidPattern
            }
            #expect(log.changes.count == count)
            #expect(access.allowed("anna", .read, "a", host: "/"))
        }
    }

    /// Fails when the change is applied before it is durable.
    @Test func aChangeThatCannotBeWrittenDownIsNotMade() async throws {
        try await withAccess { access, log in
            log.failure = StoreError(.inputOutput, "the disk is gone")
            #expect(throws: AccessError.self) { try access.removeUser("anna") }
            #expect(throws: AccessError.self) { try access.put(UserDefinition(name: "new", passwordHash: "", tags: [])) }
            #expect(throws: AccessError.self) {
                try access.put(PermissionDefinition(user: "anna", host: "/", configure: "", write: "", read: ""))
            }
            #expect(access.user("anna") != nil)
            #expect(access.user("new") == nil)
            #expect(!access.canOpen(host: "/", user: "anna"))
        }
    }

    @Test func whatWasWrittenDownRestores() async throws {
        let loop = loop
        try await withAccess { access, log in
            try access.put(PermissionDefinition(user: "anna", host: "/", configure: "a", write: "b", read: "c"))
            try access.put(PermissionDefinition(user: "guest", host: "/", configure: "a", write: "b", read: "c"))
            try access.removePermission(user: "guest", host: "/")
            let restored = Access(definitions: nil, eventLoop: loop)
            for change in log.changes { restored.restore(change) }
            #expect(restored.allUsers == access.allUsers)
            #expect(restored.allPermissions == access.allPermissions)
            #expect(!restored.makeDefaultUser(name: "guest", password: [], failed: { _ in }))
        }
    }

    /// Fails when the user is written down before its rights: a broker that is killed in between never makes it again, and locks it out.
    @Test func theDefaultUserIsNeverHalfThere() async throws {
        let written = try await whatADefaultUserWritesDown()
        #expect(written.count == 2)
        let loop = loop
        for count in 0...written.count {
            let disk = SimulatedStorage()
            let journal = try DefinitionJournal(disk)
            for change in written.prefix(count) { try journal.record(change) }
            disk.crash()
            let found = try DefinitionJournal(disk).changes
            try await loop.submit {
                let restored = Access(definitions: nil, eventLoop: loop)
                for change in found { restored.restore(change) }
                #expect(restored.makeDefaultUser(name: "guest", password: Array("guest".utf8), failed: { _ in }) == (count < written.count))
                #expect(restored.allowed("guest", .configure, "anything", host: "/"), "\(count) of \(written.count) written")
            }.get()
        }
    }

    /// The changes that a new broker's first user leaves in its log.
    private func whatADefaultUserWritesDown() async throws -> [DefinitionChange] {
        let loop = loop
        return try await loop.submit {
            let log = ChangeList()
            let access = Access(definitions: log, eventLoop: loop)
            access.makeDefaultUser(name: "guest", password: Array("guest".utf8), failed: { _ in })
            let done = loop.makePromise(of: [DefinitionChange].self)
            access.whenIdle { done.succeed(log.changes) }
            return done.futureResult
        }.get().get()
    }

    @Test func theDefaultUserCanLogInAtOnceAndIsWrittenDownLater() async throws {
        let loop = loop
        try await loop.submit {
            let log = ChangeList()
            let access = Access(definitions: log, eventLoop: loop)
            #expect(access.makeDefaultUser(name: "guest", password: Array("guest".utf8), failed: { _ in }))
            var answer: AuthenticationResult?
            access.authenticate(user: "guest", password: Array("guest".utf8), fromLoopback: true) { answer = $0 }
            #expect(answer == .accepted(AuthenticatedUser(name: "guest", tags: ["administrator"])))
            #expect(access.allowed("guest", .configure, "anything", host: "/"))
            #expect(log.changes.allSatisfy { if case .putPermission = $0 { true } else { false } })
        }.get()
        let written = try await whatADefaultUserWritesDown()
        #expect(written.contains { if case .putUser(let user) = $0 { user.name == "guest" && !user.passwordHash.isEmpty } else { false } })
    }
}
