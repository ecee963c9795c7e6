// One way to the server. Every error is an ApiError, made of the problem details (RFC 9457) that the API answers with.

export type FieldError = { field: string; message: string };

/** `status` is 0 when the server could not be reached; `body` is the whole problem (a 409 carries `conflict`). */
export class ApiError extends Error {
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly errors: FieldError[];
  readonly body: Record<string, unknown>;

  constructor(status: number, detail: string, code = "", errors: FieldError[] = [], body = {}) {
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.detail = detail;
    this.code = code;
    this.errors = errors;
    this.body = body;
  }

  /** What is wrong with one field, or undefined. */
  of(field: string): string | undefined {
    return this.errors.find((error) => error.field === field)?.message;
  }
}

export type QueryValue = string | number | boolean | null | undefined | readonly (string | number)[];
export type Query = Record<string, QueryValue>;
export type Options = { query?: Query; signal?: AbortSignal; headers?: Record<string, string> };

const root = "/api/v1";
const signedOut = new Set<() => void>();

/** Tells `listener` when the server says that nobody is signed in. Returns how to stop. */
export const onSignedOut = (listener: () => void): (() => void) => {
  signedOut.add(listener);
  return () => signedOut.delete(listener);
};

/** Saves a file that the server makes for this one request (a link would do for what it makes for a GET). */
export const download = async (path: string, name: string): Promise<void> => {
  const response = await fetch(apiUrl(path), {
    method: "POST",
    headers: { "X-Spanjudge-CSRF": "1" },
    credentials: "same-origin",
  }).catch(() => {
    throw new ApiError(0, "The server cannot be reached", "unreachable");
  });
  if (!response.ok) throw problemOf(response.status, await response.text());
  saveFile(await response.blob(), name);
};

/** Hands a file to the browser's downloads. */
export const saveFile = (content: Blob, name: string): void => {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser reads it a moment later.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
};

/** The address of an API path, for a link or a download: lists are repeated, empty values left out. */
export const apiUrl = (path: string, query: Query = {}): string => {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") parameters.append(name, String(one));
    }
  }
  const text = parameters.toString();
  return `${root}${path}${text ? `?${text}` : ""}`;
};

const words = (value: unknown): string => (typeof value === "string" ? value : "");

/** The error an answer stands for. Answers that are no problem document (a proxy's page) keep their status. */
export const problemOf = (status: number, text: string): ApiError => {
  let body: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (parsed && typeof parsed === "object" && !Array.isArray(parsed))
      body = parsed as Record<string, unknown>;
  } catch {
    // Not JSON: the status has to do.
  }
  const errors = (Array.isArray(body.errors) ? body.errors : []).map((error) => ({
    field: words(error?.field),
    message: words(error?.message),
  }));
  const detail = words(body.detail) || words(body.title) || `The server answered with status ${status}`;
  return new ApiError(status, detail, words(body.code), errors, body);
};

const send = async <T>(method: string, path: string, body: unknown, options: Options = {}): Promise<T> => {
  const headers: Record<string, string> = { accept: "application/json", ...options.headers };
  if (method !== "GET") headers["X-Spanjudge-CSRF"] = "1";
  if (body !== undefined) headers["content-type"] = "application/json";
  let response: Response;
  let text: string;
  try {
    response = await fetch(apiUrl(path, options.query), {
      method,
      headers,
      credentials: "same-origin",
      signal: options.signal,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    text = await response.text();
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, "The server cannot be reached", "unreachable");
  }
  if (!response.ok) {
    const problem = problemOf(response.status, text);
    if (problem.status === 401 && path !== "/session") for (const listener of signedOut) listener();
    throw problem;
  }
  return (text ? JSON.parse(text) : undefined) as T;
};

export const api = {
  get: <T>(path: string, options?: Options): Promise<T> => send<T>("GET", path, undefined, options),
  post: <T>(path: string, body?: unknown, options?: Options): Promise<T> =>
    send<T>("POST", path, body, options),
  put: <T>(path: string, body: unknown, options?: Options): Promise<T> => send<T>("PUT", path, body, options),
  delete: <T>(path: string, options?: Options): Promise<T> => send<T>("DELETE", path, undefined, options),
};
