// Requests to the server, and its errors as one sentence.

export class ApiError extends Error {
  constructor(message, status = 0, retryAfter = null) {
    super(message);
    this.status = status; // of HTTP; 0 where the server did not answer
    this.retryAfter = retryAfter; // seconds
  }
}

export const token = {
  get: () => sessionStorage.getItem("token"),
  set: (value) => sessionStorage.setItem("token", value),
};

/** Return the response of a request; throws ApiError where it is none of success. */
export async function request(path, body, signal) {
  const headers = body ? { "Content-Type": "application/json" } : {};
  if (token.get()) headers.Authorization = `Bearer ${token.get()}`;
  let response;
  try {
    response = await fetch(path, {
      method: body ? "POST" : "GET", headers, signal, body: body && JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The server does not answer. Check that it runs, and try again.");
  }
  if (!response.ok) throw await describe(response);
  return response;
}

export const getJson = async (path) => (await request(path)).json();

/** Yield the objects of a response of JSON lines, each as soon as it has arrived. */
export async function* jsonLines(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) yield JSON.parse(line);
    }
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The connection broke off. Try again.");
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function describe(response) {
  const content = await response.json().catch(() => ({}));
  const message = content.error?.message ?? `The server answers with status ${response.status}.`;
  const retryAfter = Number(response.headers.get("Retry-After")) || null;
  return new ApiError(sentence(message), response.status, retryAfter);
}

function sentence(message) {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
