/** The service's HTTP API as functions; every failure becomes a ServiceError that a person can read. */

import { serverSentEvents } from "./event_stream.js";

const UNREACHABLE = "The service cannot be reached. Check that it is running, then try again.";

/** What went wrong, in words for the person; `status` is 0 when no response came at all. */
export class ServiceError extends Error {
  constructor(detail, { status = 0, retryAfter = null } = {}) {
    super(detail);
    this.status = status;
    this.retryAfter = retryAfter; // seconds, when the service asks to come back later
  }

  /** The service could not be reached. */
  static unreachable() {
    return new ServiceError(UNREACHABLE);
  }

  /** From a problem+json object (RFC 9457), or whatever else came with the status. */
  static fromProblem(problem, status = 0, retryAfter = null) {
    const said = [problem?.detail, problem?.title].find((text) => typeof text === "string" && text);
    const detail = said ?? `The service answered with status ${status}. Try again in a moment.`;
    return new ServiceError(detail, { status: problem?.status ?? status, retryAfter });
  }
}

/** Seconds from a Retry-After header (a number or a date), or null. */
export function retryAfterSeconds(header) {
  if (!header) return null;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, Math.ceil((date - Date.now()) / 1000));
}

async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw ServiceError.unreachable();
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => null);
  throw ServiceError.fromProblem(problem, response.status, retryAfterSeconds(response.headers.get("Retry-After")));
}

const json = async (path, options) => (await request(path, options)).json();
const documentPath = (id) => `/v1/documents/${encodeURIComponent(id)}`;

/** All collections, every page of the list. */
export async function listCollections() {
  const collections = [];
  let cursor = null;
  do {
    const query = cursor ? `?${new URLSearchParams({ cursor })}` : "";
    const page = await json(`/v1/collections${query}`);
    collections.push(...page.collections);
    cursor = page.next_cursor;
  } while (cursor);
  return collections;
}

/** The metadata fields that documents of a collection have: `{name, type, examples}`. One not yet used has none. */
export async function metadataFields(collection) {
  try {
    return (await json(`/v1/collections/${encodeURIComponent(collection)}`)).fields;
  } catch (error) {
    if (error.status === 404) return [];
    throw error;
  }
}

/** One page of a collection's documents: `{documents, next_cursor}`. A collection not yet used has none. */
export async function listDocuments(collection, cursor, signal) {
  const query = new URLSearchParams({ collection, limit: 30, ...(cursor ? { cursor } : {}) });
  try {
    return await json(`/v1/documents?${query}`, { signal });
  } catch (error) {
    if (error.status === 404) return { documents: [], next_cursor: null };
    throw error;
  }
}

/** One document's state. */
export const readDocument = (id) => json(documentPath(id));

/** Deletes a document; one that is already gone counts as deleted. */
export async function deleteDocument(id) {
  try {
    await request(documentPath(id), { method: "DELETE" });
  } catch (error) {
    if (error.status !== 404) throw error;
  }
}

/** The extracted text of a document. */
export const documentText = async (id, signal) => (await json(`${documentPath(id)}/text`, { signal })).text;

/** Where the original bytes of a document are. */
export const contentUrl = (id) => `${documentPath(id)}/content`;

/** Where the progress events of a document are. */
export const eventsUrl = (id) => `${documentPath(id)}/events`;

/** Asks a question; yields the answer's events `{event, data}` until the service has said all. */
export async function* ask(body, signal) {
  const response = await request("/v1/ask", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify({ ...body, stream: true }),
    signal,
  });
  for await (const { event, data } of serverSentEvents(response.body)) {
    if (event === "error") throw ServiceError.fromProblem(JSON.parse(data));
    yield { event, data: JSON.parse(data) };
  }
}

/** One page of the conversations about a collection, newest first: `{conversations, next_cursor}`. */
export function listConversations(collection, cursor) {
  const query = new URLSearchParams({ collection, limit: 30, ...(cursor ? { cursor } : {}) });
  return json(`/v1/conversations?${query}`);
}

/** The turns of a conversation, oldest first; null where there is no such conversation. */
export async function conversationTurns(id, signal) {
  try {
    return (await json(`/v1/conversations/${encodeURIComponent(id)}`, { signal })).turns;
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

/** Deletes a conversation; one that is already gone counts as deleted. */
export async function deleteConversation(id) {
  try {
    await request(`/v1/conversations/${encodeURIComponent(id)}`, { method: "DELETE" });
  } catch (error) {
    if (error.status !== 404) throw error;
  }
}

/** How the service describes the options of a question: a JSON schema by name. */
export async function optionSchemas() {
  return (await json("/openapi.json")).components.schemas.AskOptions.properties;
}

/** Why a search did not come up with a document: what became of it, in sentences. */
export const whyNot = (body) =>
  json("/v1/search/why", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

/** Tells the service what the person made of an answer or a citation; a failure is nobody's concern here. */
export function feedback(body) {
  request("/v1/feedback", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    keepalive: true,
  }).catch(() => {});
}

/** What keeps the service from answering, in sentences; empty when it is ready. */
export async function missing() {
  const response = await fetch("/readyz", { cache: "no-store" }).catch(() => null);
  if (response === null) return [UNREACHABLE];
  if (response.ok) return [];
  const { reasons } = await response.json().catch(() => ({}));
  return reasons?.length > 0 ? reasons : ["The service is not ready yet."];
}
