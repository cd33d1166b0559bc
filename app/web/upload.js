/** Sends one file, with progress: fetch cannot tell how much of a request has gone out, XMLHttpRequest can. */

import { ServiceError, retryAfterSeconds } from "./api.js";

/**
 * Uploads a file into a collection and resolves to the document `{id, name, status, collection}`.
 * `sent(fraction)` is called with 0..1 as the bytes go out. Rejects with a ServiceError, or the signal's reason.
 */
export function uploadFile(file, collection, { sent, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/v1/documents");
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && sent(event.loaded / event.total);
    request.onload = () => {
      if (request.status < 300 && request.response) return resolve(request.response.documents[0]);
      const pause = retryAfterSeconds(request.getResponseHeader("Retry-After"));
      return reject(ServiceError.fromProblem(request.response, request.status, pause));
    };
    request.onerror = () => reject(ServiceError.unreachable());
    request.onabort = () => reject(signal.reason);
    signal.throwIfAborted();
    signal.addEventListener("abort", () => request.abort(), { once: true });

    const form = new FormData();
    form.append("collection", collection); // before the file, so that a streaming reader knows it first
    form.append("file", file, file.name);
    request.send(form);
  });
}
