/** Reads server-sent events from a fetched body; EventSource cannot send a POST. */

/**
 * Yields `{event, data}` for every complete event, however the bytes were cut into pieces.
 * Format: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export async function* serverSentEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = "message";
  let data = [];
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return; // an event without its blank line is incomplete and dropped
      // A carriage return at the very end may be half of a line end: it waits for the next piece.
      const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      for (const line of lines) {
        if (line === "") {
          if (data.length > 0) yield { event, data: data.join("\n") };
          event = "message";
          data = [];
          continue;
        }
        const [name, content] = field(line);
        if (name === "event") event = content;
        if (name === "data") data.push(content);
      }
    }
  } finally {
    await reader.cancel().catch(() => {}); // the stream may already be aborted
  }
}

/** A line as name and value; one space after the colon belongs to neither. A comment has an empty name. */
function field(line) {
  const colon = line.indexOf(":");
  if (colon < 0) return [line, ""];
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
}
