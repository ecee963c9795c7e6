import { expect, test } from "vitest";
import {
  collector,
  environment,
  javascript,
  masked,
  oneSpan,
  openobserve,
  placeholder,
  python,
} from "./snippets";

const place = { http: "https://judge.example.com", grpc: null };
const token = "sj_0123456789abcdefghij";

test("every snippet has this server's address and the token", () => {
  for (const text of [
    collector(place, token),
    environment(place, token),
    python(place, token),
    javascript(place, token),
    oneSpan(place, token, 0),
  ]) {
    expect(text).toContain(place.http);
    expect(text).toContain(token);
  }
  expect(openobserve(place)).toContain("https://judge.example.com/evaluate");
});

test("the header of the environment has no bare space", () => {
  expect(environment(place, token)).toContain(`authorization=Bearer%20${token}"`);
});

test("the span by hand is OTLP JSON with ids of its own", () => {
  const body = (text: string) => JSON.parse(text.slice(text.indexOf("-d '") + 4, -1));
  const one = body(oneSpan(place, token, 1_700_000_000_000)).resourceSpans[0].scopeSpans[0].spans[0];
  const other = body(oneSpan(place, token, 1_700_000_000_000)).resourceSpans[0].scopeSpans[0].spans[0];
  expect(one.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(one.spanId).toMatch(/^[0-9a-f]{16}$/);
  expect(one.traceId).not.toBe(other.traceId);
  expect(one.startTimeUnixNano).toBe("1699999998800000000");
  expect(one.endTimeUnixNano).toBe("1700000000000000000");
});

test("a token is shown by its ends", () => {
  expect(masked(token)).toBe("sj_01234…hij");
  expect(masked(placeholder)).toBe(placeholder);
});
