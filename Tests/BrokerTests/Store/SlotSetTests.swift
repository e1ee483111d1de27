import Broker
import Testing

@Suite struct SlotSetTests {
    /// Against a plain set, with all operations in random order.
    @Test func isASet() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<50 {
            var set = SlotSet()
            var model: Set<[UInt64]> = []
            for _ in 0..<2000 {
                let queue = UInt32.random(in: 0..<3, using: &random)
                let position = UInt64.random(in: 0..<600, using: &random) * (queue == 2 ? 1 << 40 : 1)
                switch Int.random(in: 0..<10, using: &random) {
                case 0..<5:
                    let isNew = set.insert(queue, position)
                    let isNewToModel = model.insert([UInt64(queue), position]).inserted
                    #expect(isNew == isNewToModel)
                case 5..<9:
                    let wasThere = set.remove(queue, position)
                    let wasInModel = model.remove([UInt64(queue), position]) != nil
                    #expect(wasThere == wasInModel)
                default:
                    let length = UInt32.random(in: 1...200, using: &random)
                    set.insert(queue, position, length: length)
                    for next in 0..<UInt64(length) { model.insert([UInt64(queue), position + next]) }
                }
            }
            #expect(set.count == model.count)
            for item in model { #expect(set.contains(UInt32(item[0]), item[1])) }
            let last = UInt64.random(in: 0..<600, using: &random)
            let below = model.filter { $0[0] == 0 && $0[1] <= last }
            #expect(set.count(of: 0, through: last) == below.count)
            set.removeAll(of: 0, through: last)
            #expect(set.count == model.count - below.count)
            set.removeAll(of: 0, through: .max)
            set.removeAll(of: 1, through: .max)
            set.removeAll(of: 2, through: .max)
            #expect(set.isEmpty)
        }
    }

    @Test func takesTheHighestPositions() {
        var set = SlotSet()
        set.insert(1, .max)
        set.insert(1, .max - 64)
        #expect(set.contains(1, .max) && !set.contains(1, .max - 1))
        #expect(set.count(of: 1, through: .max) == 2)
        let wasThere = set.remove(1, .max)
        #expect(wasThere)
        #expect(set.count == 1)
    }
}
