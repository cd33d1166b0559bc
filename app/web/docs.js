// The API reference: reads /openapi.json and lists routes with parameters, bodies and answers. Nothing is fetched from elsewhere.

const METHODS = ["get", "post", "put", "patch", "delete"];

function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** The words for a schema: its name, or its type with bounds. */
function describe(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return schema.anyOf.map(describe).join(" or ");
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.const !== undefined) return String(schema.const);
  if (schema.type === "array") return `list of ${describe(schema.items)}`;
  const bounds = [
    schema.minimum !== undefined && `≥ ${schema.minimum}`,
    schema.maximum !== undefined && `≤ ${schema.maximum}`,
    schema.maxLength !== undefined && `at most ${schema.maxLength} characters`,
  ].filter(Boolean);
  return [schema.type ?? "any", ...bounds].join(", ");
}

function row(name, required, schema, description) {
  const fallback = schema?.default !== undefined ? ` Default: ${JSON.stringify(schema.default)}.` : "";
  return element(
    "tr",
    "",
    element("td", "", element("code", "", name), required ? element("small", "", " required") : ""),
    element("td", "", describe(schema)),
    element("td", "", (description ?? schema?.description ?? "") + fallback),
  );
}

function table(rows) {
  return element("div", "scroll", element("table", "", element("tbody", "", ...rows)));
}

function properties(schema, schemas) {
  const resolved = schema?.$ref ? schemas[schema.$ref.split("/").pop()] : schema;
  const required = new Set(resolved?.required ?? []);
  return Object.entries(resolved?.properties ?? {}).map(([name, value]) => row(name, required.has(name), value));
}

function operation(method, path, details, schemas) {
  const body = Object.entries(details.requestBody?.content ?? {})[0];
  const answer = Object.entries(details.responses).find(([status]) => status.startsWith("2"));
  const parts = [element("p", "", details.description ?? details.summary ?? "")];
  if (details.parameters?.length) {
    parts.push(element("h3", "", "Parameters"));
    parts.push(table(details.parameters.map((item) => row(`${item.name} (${item.in})`, item.required, item.schema, item.description))));
  }
  if (body) parts.push(element("h3", "", `Body: ${body[0]}`), table(properties(body[1].schema, schemas)));
  const shape = answer?.[1].content?.["application/json"]?.schema;
  if (answer) parts.push(element("h3", "", `Answer ${answer[0]}${shape ? `: ${describe(shape)}` : ""}`));
  if (shape) parts.push(table(properties(shape, schemas)));
  return element(
    "details",
    "route",
    element("summary", "", element("span", `method ${method}`, method.toUpperCase()), " ", element("code", "", path), " ", element("span", "what", details.summary ?? "")),
    ...parts,
  );
}

const main = document.querySelector("#routes");
try {
  const description = await (await fetch("/openapi.json")).json();
  const routes = Object.entries(description.paths).flatMap(([path, methods]) =>
    METHODS.filter((method) => methods[method]).map((method) => operation(method, path, methods[method], description.components?.schemas ?? {})),
  );
  main.replaceChildren(...routes);
} catch {
  main.replaceChildren(element("p", "", "The description could not be loaded; reload the page."));
}
