// The API as a page, from /openapi.json.

const made = (name, text = "", parent = null) => {
  const element = Object.assign(document.createElement(name), { textContent: text });
  parent?.append(element);
  return element;
};

const dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
document.documentElement.dataset.theme = localStorage.getItem("theme") ?? dark;

const api = await (await fetch("/openapi.json")).json();
const named = (schema) => (schema?.$ref ? api.components.schemas[schema.$ref.split("/").at(-1)] : schema);

function typeOf(schema) {
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.enum) return schema.enum.map((value) => `"${value}"`).join(" | ");
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" | ");
  if (schema.type === "array") return `[${typeOf(schema.items)}]`;
  return schema.type ?? "any";
}

function fields(schema, parent) {
  const frame = made("div", "", parent);
  frame.className = "scroll";
  const table = made("table", "", frame), head = made("tr", "", made("thead", "", table));
  for (const title of ["field", "type", "meaning"]) made("th", title, head).scope = "col";
  const body = made("tbody", "", table);
  for (const [name, field] of Object.entries(schema.properties)) {
    const row = made("tr", "", body);
    made("td", name + (schema.required?.includes(name) ? " *" : ""), row);
    made("td", typeOf(field), row);
    const standard = field.default === undefined || field.default === null ? "" : ` Default: ${JSON.stringify(field.default)}.`;
    made("td", (field.description ?? "") + standard, row);
  }
}

const main = document.getElementById("operations");
document.getElementById("version").textContent = `version ${api.info.version}`;
main.replaceChildren();
for (const [path, methods] of Object.entries(api.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    const card = made("section", "", main);
    card.className = "card operation";
    const title = made("h2", "", card);
    made("b", method.toUpperCase(), title);
    title.append(` ${path}`);
    made("p", operation.description ?? "", card);
    const body = named(operation.requestBody?.content["application/json"].schema);
    if (!body) continue;
    fields(body, card);
    const example = body.properties.response_format ? { input: "Good morning.", response_format: "mp3" } : { input: "Good morning." };
    made("pre", `curl ${location.origin}${path} \\\n  -H 'Content-Type: application/json' \\\n  -d '${JSON.stringify(example)}'`, card);
  }
}
