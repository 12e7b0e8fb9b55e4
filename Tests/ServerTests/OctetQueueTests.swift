import Testing
import Wire

@testable import Server

@Suite struct OctetQueueTests {
  @Test func whatGoesInComesOutInItsOrder() {
    var random = SystemRandomNumberGenerator()
    var queue = OctetQueue()
    var model: [UInt8] = []
    for _ in 0..<2000 {
      let more = (0..<Int.random(in: 0...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      queue.append(more)
      model += more
      let gone = Int.random(in: 0...320, using: &random)
      queue.removeFirst(gone)
      model.removeFirst(min(gone, model.count))
      #expect(queue.waiting.elementsEqual(model) && queue.count == model.count && queue.isEmpty == model.isEmpty)
    }
  }

  @Test func messagesAreFoundBehindTheirLengths() {
    let messages: [[UInt8]] = [[1, 2, 3], []]
    var queue = OctetQueue()
    queue.append([9])
    for message in messages { queue.append(message: message.span) }
    queue.append([0, 4, 7, 7, 7])
    queue.removeFirst(1)
    #expect(queue.nextMessage(after: 0) == 2..<5)
    #expect(queue.nextMessage(after: 5) == 7..<7)
    #expect(queue.nextMessage(after: 7) == nil)
    queue.append([7])
    #expect(queue.nextMessage(after: 7) == 9..<13)
    #expect(queue.nextMessage(after: 13) == nil)
    queue.removeFirst(.max)
    #expect(queue.isEmpty && queue.nextMessage(after: 0) == nil)
  }
}
