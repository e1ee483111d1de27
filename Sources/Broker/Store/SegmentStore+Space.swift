/// A disk without room. Publishers are told while there is still a whole segment to write acknowledgements to.
extension SegmentStore {
    func becomeFull(_ error: StoreError) {
        mayRetry = false
        reviewIsDue = true
        retryTimer?.cancel()
        retryTimer = time.schedule(after: configuration.retryInterval) { [weak self] in
            guard let self else { return }
            retryTimer = nil
            mayRetry = true
            guard failure == nil else { return }
            if isUrgent { commitWhatWaits() } else { maintain() }
        }
        guard !isFull else { return }
        isFull = true
        lastSpaceError = error
        onFull?(true)
    }

    func becomeRoomy() {
        guard isFull else { return }
        isFull = false
        lastSpaceError = nil
        onFull?(false)
    }
}
