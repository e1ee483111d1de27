import Millrace

/// One page of rows. One row more than the page holds is asked for, to know whether another page follows.
struct Page<Row> {
    let rows: ArraySlice<Row>
    let next: String?

    init(_ found: [Row], _ request: PageRequest, key: (Row) -> [String]) {
        rows = found.prefix(request.limit)
        next = found.count > request.limit ? rows.last.map { PageRequest.cursor(key($0)) } : nil
    }

    func response(_ write: (Row, inout JSONObjectWriter) -> Void) -> Response {
        Response.json { json in
            json.array("items", rows, write)
            json.string("next", next)
        }
    }
}
