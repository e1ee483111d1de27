/// What befalls the simulated disk of a random history.
protocol DiskTrouble: AnyObject {
    var disk: SimulatedStorage { get }
    var random: SeededGenerator { get set }
}

extension DiskTrouble {
    func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    func runOut() {
        let capacity = disk.used + Int.random(in: 0...20_000, using: &random)
        disk.setFaults { $0.capacity = capacity }
    }

    func giveRoom() { disk.setFaults { $0.capacity = .max } }

    func losePowerSoon() {
        let operations = Int.random(in: 0...12, using: &random)
        disk.setFaults { $0.operationsLeft = operations }
    }

    func failSyncSoon() {
        let syncs = Int.random(in: 0...3, using: &random)
        disk.setFaults { $0.syncsUntilError = syncs }
    }
}
